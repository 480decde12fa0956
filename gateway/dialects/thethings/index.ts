import type { GatewayContext, HttpDialect } from '../../context.ts'
import { answerFailures } from '../../failures.ts'
import { readForms } from '../../forms.ts'
import { accountRoutes } from './accounts.ts'
import { refuse } from './faults.ts'
import { createGuard } from './guards.ts'
import { linkRoutes } from './links.ts'
import { resourceRoutes } from './resources.ts'
import type { Room } from './room.ts'
import { createStreams } from './streams.ts'
import { thingRoutes } from './things.ts'

/** thethings.io's API for apps and things, as far as linking needs it: CONTRACT 4. */
export const thethings: HttpDialect = {
  name: 'thethings',
  strays: {
    under: ['/v2'],
    refuse: (reply, why) => refuse(reply, why === 'absent' ? 'not-found' : 'bad-request'),
  },
  routes: (context: GatewayContext) => async (app) => {
    await app.register(
      async (v2) => {
        const streams = createStreams(context)
        v2.addHook('preClose', streams.close)
        const room: Room = { ...context, signedIn: createGuard(context.registry), streams }
        // The platform's jQuery clients send forms (research/mode_thethings_thingful.md 2.2).
        await readForms(v2)
        answerFailures(v2, context.log, (reply, failure, retryAfterMs) =>
          refuse(reply, failure === 'wrong-type' ? 'bad-request' : failure, retryAfterMs),
        )
        v2.setNotFoundHandler((_request, reply) => refuse(reply, 'not-found'))
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
