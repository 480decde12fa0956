import type { GatewayContext, HttpDialect } from '../../context.ts'
import { answerFailures } from '../../failures.ts'
import { activationRoutes } from './activation.ts'
import { attributeRoutes } from './attributes.ts'
import { readBodies } from './body.ts'
import { claimRoutes } from './claims.ts'
import { customerRoutes } from './customers.ts'
import { deviceListRoutes } from './device-list.ts'
import { deviceRoutes } from './devices.ts'
import { createRefuse } from './faults.ts'
import { createGuards } from './guards.ts'
import type { Room } from './room.ts'
import { sessionRoutes } from './sessions.ts'
import { transportRoutes } from './transport.ts'
import { userRoutes } from './users.ts'

const ROUTES = [
  sessionRoutes,
  activationRoutes,
  userRoutes,
  customerRoutes,
  deviceRoutes,
  deviceListRoutes,
  claimRoutes,
  transportRoutes,
]

/** ThingsBoard's REST API and HTTP device transport, as far as claiming needs them: CONTRACT 4. */
export const thingsboard: HttpDialect = {
  name: 'thingsboard',
  strays: {
    under: ['/api'],
    refuse: (reply, why, now) =>
      createRefuse(now)(reply, why === 'absent' ? 'not-found' : 'bad-request'),
  },
  routes: (context: GatewayContext) => async (app) => {
    const refuse = createRefuse(context.now)
    const room: Room = { ...context, refuse, guards: createGuards(context.registry, refuse) }
    await app.register(
      async (api) => {
        readBodies(api)
        answerFailures(api, context.log, (reply, failure, retryAfterMs) =>
          refuse(reply, failure === 'wrong-type' ? 'bad-request' : failure, { retryAfterMs }),
        )
        api.setNotFoundHandler({ preValidation: room.guards.user }, (_request, reply) =>
          refuse(reply, 'not-found'),
        )
        for (const routes of ROUTES) routes(api, room)
        await api.register(async (telemetry) => attributeRoutes(telemetry, room), {
          prefix: '/plugins/telemetry',
        })
      },
      { prefix: '/api' },
    )
  },
}
