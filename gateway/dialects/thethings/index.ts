import type { FastifyError, FastifyInstance } from 'fastify'
import { StoreDown } from '../../../shared/errors.ts'
import { TooBusy } from '../../../shared/guard/passwords.ts'
import type { GatewayContext, HttpDialect } from '../../context.ts'
import { accountRoutes } from './accounts.ts'
import { readBodies } from './body.ts'
import { type Fault, refuse } from './faults.ts'
import { createGuard } from './guards.ts'
import { linkRoutes } from './links.ts'
import { resourceRoutes } from './resources.ts'
import type { Room } from './room.ts'
import { createStreams } from './streams.ts'
import { thingRoutes } from './things.ts'

const RETRY_MS = 1000

/** What an exception means to a caller: an outage, or what Fastify itself refuses. */
const faultOf = (error: FastifyError): Fault => {
  if (error instanceof StoreDown || error instanceof TooBusy) return 'unavailable'
  const { statusCode = 500 } = error
  if (statusCode === 413) return 'too-large'
  return statusCode >= 400 && statusCode < 500 ? 'bad-request' : 'internal'
}

/** Every failure under `/v2` has the platform's envelope, also where there is no route. */
const answerFailures = (app: FastifyInstance, { log }: GatewayContext) => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const fault = faultOf(error)
    if (fault === 'internal')
      log.error(
        { err: error, method: request.method, route: request.routeOptions.url },
        'request failed',
      )
    return refuse(reply, fault, fault === 'unavailable' ? RETRY_MS : undefined)
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, 'not-found'))
}

/** thethings.io's API for apps and things, as far as linking needs it: CONTRACT 4. */
export const thethings: HttpDialect = {
  name: 'thethings',
  routes: (context: GatewayContext) => async (app) => {
    await app.register(
      async (v2) => {
        const streams = createStreams(context)
        v2.addHook('preClose', streams.close)
        const room: Room = { ...context, signedIn: createGuard(context.registry), streams }
        await readBodies(v2)
        answerFailures(v2, context)
        for (const routes of [accountRoutes, thingRoutes, linkRoutes, resourceRoutes])
          routes(v2, room)
        v2.get('/', { onRequest: room.signedIn }, async () => ({
          status: 'success',
          message: 'v2',
        }))
      },
      { prefix: '/v2' },
    )
  },
}
