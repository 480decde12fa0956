import { COMMANDS_CHANNEL } from '../../../shared/delivery/commands.ts'
import type { GatewayContext, HttpDialect } from '../../context.ts'
import { answerFailures, type Failure } from '../../failures.ts'
import { createWaits } from '../../waits.ts'
import { authRoutes } from './auth.ts'
import { readBodies } from './body.ts'
import { createCallers } from './callers.ts'
import { commandRoutes } from './commands.ts'
import { allowPages, openToPages, ROOTS } from './cross-origin.ts'
import { deviceRoutes } from './devices.ts'
import { eventRoutes } from './events.ts'
import { type Fault, refuse } from './faults.ts'
import { homeRoutes } from './homes.ts'
import { keyValueRoutes } from './key-values.ts'
import { memberRoutes } from './members.ts'
import { proofRoutes } from './proofs.ts'
import { provisioningRoutes } from './provisioning.ts'
import { registrationRoutes } from './registration.ts'
import type { Room } from './room.ts'
import { createRouter } from './router.ts'
import { sessionRoutes } from './sessions.ts'
import { smartModuleRoutes } from './smart-modules.ts'
import { openSockets } from './sockets.ts'
import { userRoutes } from './users.ts'

const FAULT_OF: Readonly<Record<Failure, Fault>> = {
  unavailable: 'SERVICE_UNAVAILABLE',
  internal: 'INTERNAL_ERROR',
  'too-large': 'INVALID_PARAMETER',
  'wrong-type': 'INVALID_PARAMETER',
  'bad-request': 'INVALID_PARAMETER',
}

/** MODE's API, at the root as there: CONTRACT 4. Its not-found handler would be everybody's, so the gateway asks `strays`. */
export const mode: HttpDialect = {
  name: 'mode',
  strays: {
    under: ROOTS,
    refuse: (reply, why) =>
      refuse(openToPages(reply), why === 'absent' ? 'NOT_FOUND' : 'INVALID_PARAMETER'),
  },
  routes: (context: GatewayContext) => async (app) => {
    await app.register(async (root) => {
      await readBodies(root)
      answerFailures(root, context.log, (reply, failure, retryAfterMs) =>
        refuse(reply, FAULT_OF[failure], retryAfterMs),
      )
      allowPages(root)
      const whoCalls = createCallers(context.registry)
      const answers = createWaits(context.store, COMMANDS_CHANNEL)
      root.addHook('preClose', answers.close)
      const room: Room = { ...context, whoCalls, answers, on: createRouter(root, whoCalls) }
      for (const routes of [
        userRoutes,
        homeRoutes,
        memberRoutes,
        smartModuleRoutes,
        keyValueRoutes,
        authRoutes,
        proofRoutes,
        sessionRoutes,
        deviceRoutes,
        registrationRoutes,
        provisioningRoutes,
        commandRoutes,
        eventRoutes,
        openSockets,
      ])
        routes(room)
    })
  },
}
