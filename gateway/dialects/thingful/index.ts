import type { FastifyInstance } from 'fastify'
import type { GatewayContext, HttpDialect } from '../../context.ts'
import { answerFailures } from '../../failures.ts'
import { readBodies } from './body.ts'
import { refuse } from './faults.ts'
import { sessionRoutes } from './sessions.ts'

/** The one good method of each path. */
const PATHS = [
  ['/login', 'POST'],
  ['/logout', 'GET'],
] as const

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
    answerFailures(app, context.log, (reply, failure, retryAfterMs) =>
      refuse(reply, failure, { retryAfterMs }),
    )
    sessionRoutes(app, context)
    refuseOtherMethods(app)
  },
}
