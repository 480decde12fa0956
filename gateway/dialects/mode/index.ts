import type { FastifyError, FastifyInstance } from 'fastify'
import { COMMANDS_CHANNEL } from '../../../shared/delivery/commands.ts'
import { StoreDown } from '../../../shared/errors.ts'
import { TooBusy } from '../../../shared/guard/passwords.ts'
import type { GatewayContext, HttpDialect } from '../../context.ts'
import { createWaits } from '../../waits.ts'
import { authRoutes } from './auth.ts'
import { readBodies } from './body.ts'
import { createCallers } from './callers.ts'
import { commandRoutes } from './commands.ts'
import { allowPages } from './cross-origin.ts'
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

const RETRY_MS = 1000

/** What an exception means to a caller: an outage, or what Fastify itself refuses. */
const faultOf = (error: FastifyError): Fault => {
  if (error instanceof StoreDown || error instanceof TooBusy) return 'SERVICE_UNAVAILABLE'
  const { statusCode = 500 } = error
  return statusCode >= 400 && statusCode < 500 ? 'INVALID_PARAMETER' : 'INTERNAL_ERROR'
}

const answerFailures = (app: FastifyInstance, { log }: GatewayContext) => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const fault = faultOf(error)
    if (fault === 'INTERNAL_ERROR')
      log.error(
        { err: error, method: request.method, route: request.routeOptions.url },
        'request failed',
      )
    return refuse(reply, fault, fault === 'SERVICE_UNAVAILABLE' ? RETRY_MS : undefined)
  })
}

/** MODE's API, at the root as there: CONTRACT 4. What it does not know is left to the gateway. */
export const mode: HttpDialect = {
  name: 'mode',
  routes: (context: GatewayContext) => async (app) => {
    await app.register(async (root) => {
      await readBodies(root)
      answerFailures(root, context)
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
