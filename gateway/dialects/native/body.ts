import type { FastifyInstance } from 'fastify'
import { parseJson } from '../../../shared/check.ts'

const unreadable = () => Object.assign(new Error('no JSON'), { statusCode: 400 })

/**
 * JSON and nothing else: what a form or an <img> can send gets 415 (research/security.md S99). As strict as over MQTT: UTF-8,
 * no `__proto__`, no lone surrogate or NUL, 32 levels (S102, S103). Of a member that stands there twice the last counts (RFC 8259 4).
 */
export const readBodies = (app: FastifyInstance): void => {
  app.removeContentTypeParser(['text/plain', 'application/json'])
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    const value = parseJson(bytes as Buffer)
    if (value === undefined) done(unreadable())
    else done(null, value)
  })
}
