import type { FastifyError, FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { checker, parseJson } from '../../../shared/check.ts'

/** Whoever sends another gets 415: a web page's form can send none of these (research/security.md S99). */
const TYPES = ['application/json', 'application/vnd.api+json']

const wrongType = (): FastifyError =>
  Object.assign(new Error('not JSON'), {
    name: 'WrongType',
    code: 'WRONG_TYPE',
    statusCode: 415,
  })

/** Reads bodies of the two JSON types and without any: the seed's example has none. What is not JSON is `undefined`. */
export const readBodies = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(TYPES, { parseAs: 'buffer' }, (_request, bytes, done) =>
    done(null, parseJson(bytes as Buffer)),
  )
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes, done) =>
    request.headers['content-type'] === undefined
      ? done(null, parseJson(bytes as Buffer))
      : done(wrongType()),
  )
}

// Members that are not known are ignored, as JSON:API has it.
const Credentials = Type.Object({ username: Type.String(), password: Type.String() })
const credentialsOf = checker(Credentials)

/** Who wants to sign in, or pointers to what keeps us from reading it. */
export type ReadCredentials =
  | { readonly ok: true; readonly value: Static<typeof Credentials> }
  | { readonly ok: false; readonly pointers: readonly string[] }

/** Reads the sign-in form of the seed. */
export const readCredentials = (body: unknown): ReadCredentials => {
  const checked = credentialsOf(body)
  if (checked.ok) return { ok: true, value: checked.value }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { ok: false, pointers: [''] }
  const given = new Map<string, unknown>(Object.entries(body))
  const wrong = ['username', 'password'].filter((name) => typeof given.get(name) !== 'string')
  return { ok: false, pointers: wrong.map((name) => `/${name}`) }
}
