import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import { isWellFormed, parseJson } from '../shared/check.ts'

/**
 * Reads JSON and web forms, for platforms whose clients send both. Without a type it is JSON. What cannot be read is
 * `undefined`, and so refused by every check.
 */
export const readForms = async (app: FastifyInstance): Promise<void> => {
  app.removeAllContentTypeParsers()
  await app.register(formbody)
  app.addContentTypeParser(
    /^application\/(.+\+)?json/i,
    { parseAs: 'buffer' },
    (_request, bytes, done) => done(null, parseJson(bytes as Buffer)),
  )
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes, done) =>
    done(
      null,
      request.headers['content-type'] === undefined ? parseJson(bytes as Buffer) : undefined,
    ),
  )
  app.addHook('preHandler', async (request) => {
    if (!isWellFormed(request.body)) request.body = undefined
  })
}
