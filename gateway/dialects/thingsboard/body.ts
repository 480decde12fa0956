import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Checked, parseJson } from '../../../shared/check.ts'

/** A body as it was sent. */
export type Sent =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'json'; readonly value: unknown }

const sent = (bytes: Buffer): Sent => {
  if (bytes.length === 0) return { kind: 'nothing' }
  const value = parseJson(bytes)
  return value === undefined ? { kind: 'malformed' } : { kind: 'json', value }
}

/**
 * Reads every body as JSON, whatever its Content-Type says: sign-in, attributes and the device transport take any there
 * (research/thingsboard.md 1.2, 1.5, 1.6), and no browser form can carry the token that the others need.
 */
export const readBodies = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => {
    done(null, sent(bytes as Buffer))
  })
}

/** The body of a request. */
export const bodyOf = ({ body }: FastifyRequest): Sent =>
  (body as Sent | undefined) ?? { kind: 'nothing' }

/** The body as a typed value. `undefined`: it is not of that form. */
export const readBody = <T>(
  request: FastifyRequest,
  check: (value: unknown) => Checked<T>,
): T | undefined => {
  const body = bodyOf(request)
  if (body.kind !== 'json') return undefined
  const checked = check(body.value)
  return checked.ok ? checked.value : undefined
}
