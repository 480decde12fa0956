import type { FastifyInstance } from 'fastify'

const PREFIX = '/latchkey/v1/'
const METHODS = 'GET, POST, PUT, PATCH, DELETE'
const HEADERS = 'authorization, content-type, idempotency-key, last-event-id'
/** What a script may read besides the body. `date`: to count down by the server's clock. */
const EXPOSED = 'date, location, retry-after'
const PREFLIGHT_AGE_S = 600

/**
 * Lets web pages of these origins call the native API (WHATWG Fetch, 3.2). Tokens come in `Authorization` alone, so no credentials
 * are allowed along. Any other origin is answered as if nothing were: its browser keeps the answer from it (research/security.md S113).
 */
export const allowOrigins = (app: FastifyInstance, origins: readonly string[]): void => {
  const allowed = new Set(origins)
  if (allowed.size === 0) return
  app.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith(PREFIX)) return
    // On the raw reply, so that streams which write their own head have them too.
    reply.raw.setHeader('vary', 'origin')
    const { origin } = request.headers
    if (origin === undefined || !allowed.has(origin)) return
    reply.raw.setHeader('access-control-allow-origin', origin)
    reply.raw.setHeader('access-control-expose-headers', EXPOSED)
    if (request.method !== 'OPTIONS') return
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': HEADERS,
        'access-control-max-age': PREFLIGHT_AGE_S,
      })
      .send()
  })
}
