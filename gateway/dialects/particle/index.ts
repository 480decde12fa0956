import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { COMMANDS_CHANNEL } from '../../../shared/delivery/commands.ts'
import type { GatewayContext, HttpDialect } from '../../context.ts'
import { answerFailures } from '../../failures.ts'
import { createWaits } from '../../waits.ts'
import { claimRoutes } from './claims.ts'
import { clientRoutes } from './clients.ts'
import { codeRoutes } from './codes.ts'
import { customerRoutes } from './customers.ts'
import { deviceRoutes } from './devices.ts'
import { eventRoutes } from './events.ts'
import { refuse } from './faults.ts'
import { MALFORMED, readBodies } from './fields.ts'
import { functionRoutes } from './functions.ts'
import { createGuards } from './guards.ts'
import { productDeviceRoutes } from './product-devices.ts'
import type { Room } from './room.ts'
import { serialNumberRoutes } from './serial-numbers.ts'
import { oauthRoutes, tokenRoutes } from './tokens.ts'
import { userRoutes } from './users.ts'

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
    answerFailures(app, room.log, (reply, failure, retryAfterMs) =>
      refuse(reply, failure === 'wrong-type' ? 'bad-request' : failure, { retryAfterMs }),
    )
    app.setNotFoundHandler((_request, reply) => refuse(reply, 'not-found'))
    app.addHook('preHandler', async (request, reply) => {
      if (request.body === MALFORMED) return refuse(reply, 'bad-request')
    })
    for (const add of routes) add(app, room)
  }

/** Particle's API for apps, as far as accounts, claiming, devices and events go: CONTRACT 4, 6. */
export const particle: HttpDialect = {
  name: 'particle',
  strays: {
    under: ['/v1', '/oauth'],
    refuse: (reply, why) => refuse(reply, why === 'absent' ? 'not-found' : 'bad-request'),
  },
  routes: (context: GatewayContext) => async (app) => {
    const answers = createWaits(context.store, COMMANDS_CHANNEL)
    app.addHook('preClose', answers.close)
    app.decorateRequest('product', null)
    const room: Room = { ...context, guards: createGuards(context.registry), answers }
    await app.register(under(room, [oauthRoutes]), { prefix: '/oauth' })
    await app.register(under(room, ROUTES), { prefix: '/v1' })
  },
}
