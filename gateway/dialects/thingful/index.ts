import type { FastifyError, FastifyInstance } from 'fastify'
import { StoreDown } from '../../../shared/errors.ts'
import type { GatewayContext, HttpDialect } from '../../context.ts'
import { readBodies } from './body.ts'
import { type Fault, refuse } from './faults.ts'
import { sessionRoutes } from './sessions.ts'

const RETRY_MS = 1000

/** The one good method of each path. */
const PATHS = [
  ['/login', 'POST'],
  ['/logout', 'GET'],
] as const

const FAULT_OF_STATUS = new Map<number, Fault>([
  [413, 'too-large'],
  [415, 'wrong-type'],
])

/** What an exception means to a caller: an outage, or what Fastify itself refuses. */
const faultOf = (error: FastifyError): Fault => {
  if (error instanceof StoreDown) return 'unavailable'
  const { statusCode = 500 } = error
  if (statusCode < 400 || statusCode >= 500) return 'internal'
  return FAULT_OF_STATUS.get(statusCode) ?? 'bad-request'
}

const answerFailures = (app: FastifyInstance, { log }: GatewayContext) => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const fault = faultOf(error)
    if (fault === 'internal')
      log.error(
        { err: error, method: request.method, route: request.routeOptions.url },
        'request failed',
      )
    return refuse(reply, fault, fault === 'unavailable' ? { retryAfterMs: RETRY_MS } : {})
  })
}

/** Before a body is read, so that it does not matter what is in it. */
const refuseOtherMethods = (app: FastifyInstance) => {
  for (const [url, allow] of PATHS)
    app.route({
      method: app.supportedMethods.filter((method) => method !== allow),
      url,
      onRequest: async (_request, reply) => refuse(reply, 'wrong-method', { allow }),
      handler: (_request, reply) => refuse(reply, 'wrong-method', { allow }),
    })
}

/** Thingful's sign-in and sign-out: CONTRACT 4. It has no claiming of its own. */
export const thingful: HttpDialect = {
  name: 'thingful',
  // Its paths lie at the root; what it adds holds for them alone, because a plugin is encapsulated.
  routes: (context: GatewayContext) => async (app) => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store').header('access-control-allow-origin', '*')
    })
    readBodies(app)
    answerFailures(app, context)
    sessionRoutes(app, context)
    refuseOtherMethods(app)
  },
}
