import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify'
import { COMMANDS_CHANNEL } from '../../../shared/delivery/commands.ts'
import { StoreDown } from '../../../shared/errors.ts'
import { TooBusy } from '../../../shared/guard/passwords.ts'
import type { GatewayContext, HttpDialect } from '../../context.ts'
import { createWaits } from '../../waits.ts'
import { claimRoutes } from './claims.ts'
import { clientRoutes } from './clients.ts'
import { codeRoutes } from './codes.ts'
import { customerRoutes } from './customers.ts'
import { deviceRoutes } from './devices.ts'
import { eventRoutes } from './events.ts'
import { type Fault, refuse } from './faults.ts'
import { MALFORMED, readBodies } from './fields.ts'
import { functionRoutes } from './functions.ts'
import { createGuards } from './guards.ts'
import { productDeviceRoutes } from './product-devices.ts'
import type { Room } from './room.ts'
import { serialNumberRoutes } from './serial-numbers.ts'
import { oauthRoutes, tokenRoutes } from './tokens.ts'
import { userRoutes } from './users.ts'

const RETRY_MS = 1000

/** What an exception means to a caller: an outage, or what Fastify itself refuses. */
const faultOf = (error: FastifyError): Fault => {
  if (error instanceof StoreDown || error instanceof TooBusy) return 'unavailable'
  const { statusCode = 500 } = error
  if (statusCode === 413) return 'too-large'
  return statusCode >= 400 && statusCode < 500 ? 'bad-request' : 'internal'
}

/** Every failure has the body that all the platform's clients can read, also where there is no route. */
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
  app.setNotFoundHandler((_request, reply) => refuse(reply, 'not-found'))
}

const ROUTES = [
  tokenRoutes,
  userRoutes,
  customerRoutes,
  clientRoutes,
  codeRoutes,
  deviceRoutes,
  claimRoutes,
  productDeviceRoutes,
  serialNumberRoutes,
  eventRoutes,
  functionRoutes,
]

type Routes = (app: FastifyInstance, room: Room) => void

const under =
  (room: Room, routes: readonly Routes[]): FastifyPluginAsync =>
  async (app) => {
    await readBodies(app)
    answerFailures(app, room)
    app.addHook('preHandler', async (request, reply) => {
      if (request.body === MALFORMED) return refuse(reply, 'bad-request')
    })
    for (const add of routes) add(app, room)
  }

/** Particle's API for apps, as far as accounts, claiming, devices and events go: CONTRACT 4, 6. */
export const particle: HttpDialect = {
  name: 'particle',
  routes: (context: GatewayContext) => async (app) => {
    const answers = createWaits(context.store, COMMANDS_CHANNEL)
    app.addHook('preClose', answers.close)
    app.decorateRequest('product', null)
    const room: Room = { ...context, guards: createGuards(context.registry), answers }
    await app.register(under(room, [oauthRoutes]), { prefix: '/oauth' })
    await app.register(under(room, ROUTES), { prefix: '/v1' })
  },
}
