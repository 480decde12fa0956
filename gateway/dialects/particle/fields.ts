import formbody from '@fastify/formbody'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isWellFormed, parseJson } from '../../../shared/check.ts'

/**
 * The members of a body that are one value each, as text: clients send JSON or forms, so a truth or a number may be a text
 * (research/particle.md 0.7). What is given twice is not there.
 */
export type Fields = ReadonlyMap<string, string>

/** A file of a thousand device ids, and more. */
const LONGEST_FILE = 64 * 1024
const LIMITS = { files: 1, fileSize: LONGEST_FILE, fields: 20, fieldSize: 4096, parts: 21 }

/** The fields of a form with a file, and the file's text as one more. `MALFORMED`: it cannot be read, or is too long. */
const partsOf = async (request: FastifyRequest): Promise<unknown> => {
  const fields: [string, unknown][] = []
  try {
    for await (const part of request.parts()) {
      if (part.type === 'file') fields.push([part.fieldname, (await part.toBuffer()).toString()])
      else if (part.valueTruncated) return MALFORMED
      else fields.push([part.fieldname, part.value])
    }
  } catch {
    // All that can be thrown in here is about what was sent.
    return MALFORMED
  }
  return Object.fromEntries(fields)
}

/**
 * Reads JSON and forms, with a file or without, whatever else is sent counts as no body: old clients send none, or `blank=okhttp_appeasement`
 * (research/particle.md 3.5).
 */
export const readBodies = async (app: FastifyInstance): Promise<void> => {
  app.removeAllContentTypeParsers()
  await app.register(formbody)
  await app.register(multipart, { limits: LIMITS })
  app.addContentTypeParser(
    /^application\/(.+\+)?json/i,
    { parseAs: 'buffer' },
    (_request, bytes, done) => done(null, objectIn(bytes as Buffer)),
  )
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _bytes, done) =>
    done(null, undefined),
  )
  app.addHook('preHandler', async (request) => {
    if (request.isMultipart()) request.body = await partsOf(request)
  })
}

/** A body that said it was JSON and was no object. */
export const MALFORMED = Symbol('malformed')

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const objectIn = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined
  const value = parseJson(bytes)
  return isObject(value) ? value : MALFORMED
}

const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** The fields of an object that was sent. */
export const fieldsIn = (value: unknown): Fields => {
  if (!isObject(value) || !isWellFormed(value)) return new Map()
  return new Map(
    Object.entries(value).flatMap(([name, member]): [string, string][] => {
      const text = textOf(member)
      return text === undefined ? [] : [[name, text]]
    }),
  )
}

/** The fields of a request's body. */
export const fieldsOf = ({ body }: FastifyRequest): Fields => fieldsIn(body)

/** The fields of its query. */
export const queryOf = ({ query }: FastifyRequest): Fields => fieldsIn(query)

/** A member of the body that is an object itself. */
export const memberOf = ({ body }: FastifyRequest, name: string): Fields => {
  if (!isObject(body) || !isWellFormed(body)) return new Map()
  return fieldsIn(new Map(Object.entries(body)).get(name))
}

/** Truth, as forms and JSON say it. */
export const isTrue = (text: string | undefined): boolean => text === 'true' || text === '1'
