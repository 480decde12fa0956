import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readForms } from '../../forms.ts'

const LONGEST_FIELD = 64 * 1024
const MOST_FIELDS = 50

/** The fields of a multipart form. `undefined`: it cannot be read, is too long or holds a file. */
const fieldsOf = async (request: FastifyRequest): Promise<unknown> => {
  const fields: [string, unknown][] = []
  try {
    for await (const part of request.parts())
      if (part.type === 'field' && !part.valueTruncated) fields.push([part.fieldname, part.value])
      else return undefined
  } catch {
    // All that can be thrown in here is about what was sent.
    return undefined
  }
  return Object.fromEntries(fields)
}

/**
 * Reads JSON, urlencoded and multipart forms on every endpoint: the platform's own libraries send all three
 * (research/mode_thethings_thingful.md 1.9).
 */
export const readBodies = async (app: FastifyInstance): Promise<void> => {
  app.addHook('preHandler', async (request) => {
    if (request.isMultipart()) request.body = await fieldsOf(request)
  })
  await readForms(app)
  await app.register(multipart, {
    limits: { files: 0, fields: MOST_FIELDS, fieldSize: LONGEST_FIELD, parts: MOST_FIELDS },
  })
}
