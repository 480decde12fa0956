import type { FastifyInstance, FastifyReply } from 'fastify'
import { ENDPOINTS, type Endpoint } from './endpoints.ts'

const DAY_S = 86_400

/** Every path with its methods. */
const METHODS = new Map<string, string[]>()
for (const { url, method } of Object.values<Endpoint>(ENDPOINTS))
  METHODS.set(url, [...(METHODS.get(url) ?? []), method])

/** The first part of every path. */
export const ROOTS = [...new Set([...METHODS.keys()].map((url) => `/${url.split('/')[1]}`))]

/** Any page may read this answer. */
export const openToPages = (reply: FastifyReply): FastifyReply =>
  reply.header('access-control-allow-origin', '*')

/**
 * Web pages of anybody may call, as on the platform (research/mode_thethings_thingful.md 1.1): a key comes in a header that
 * a page has to know, never by itself in a cookie.
 */
export const allowPages = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (_request, reply) => {
    openToPages(reply)
  })
  for (const [url, methods] of METHODS)
    app.options(url, async (_request, reply) =>
      reply
        .code(204)
        .header('access-control-allow-methods', methods.join(', '))
        .header('access-control-allow-headers', 'Authorization, Content-Type')
        .header('access-control-max-age', DAY_S)
        .send(),
    )
}
