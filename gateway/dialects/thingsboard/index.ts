import type { FastifyError, FastifyInstance } from 'fastify'
import { StoreDown } from '../../../shared/errors.ts'
import { TooBusy } from '../../../shared/guard/passwords.ts'
import type { GatewayContext, HttpDialect } from '../../context.ts'
import { activationRoutes } from './activation.ts'
import { attributeRoutes } from './attributes.ts'
import { readBodies } from './body.ts'
import { claimRoutes } from './claims.ts'
import { customerRoutes } from './customers.ts'
import { deviceListRoutes } from './device-list.ts'
import { deviceRoutes } from './devices.ts'
import { createRefuse, type Fault } from './faults.ts'
import { createGuards } from './guards.ts'
import type { Room } from './room.ts'
import { sessionRoutes } from './sessions.ts'
import { transportRoutes } from './transport.ts'
import { userRoutes } from './users.ts'

const RETRY_MS = 1000

/** What an exception means to a caller: an outage, or what Fastify itself refuses. */
const faultOf = (error: FastifyError): Fault => {
  if (error instanceof StoreDown || error instanceof TooBusy) return 'unavailable'
  if (error.statusCode === 413) return 'too-large'
  const { statusCode = 500 } = error
  return statusCode >= 400 && statusCode < 500 ? 'bad-request' : 'internal'
}

/** Every failure under `/api` has the platform's envelope, also where there is no route. */
const answerFailures = (app: FastifyInstance, { log, guards, refuse }: Room) => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const fault = faultOf(error)
    if (fault === 'internal')
      log.error(
        { err: error, method: request.method, route: request.routeOptions.url },
        'request failed',
      )
    return refuse(reply, fault, fault === 'unavailable' ? { retryAfterMs: RETRY_MS } : {})
  })
  app.setNotFoundHandler({ preValidation: guards.user }, (_request, reply) =>
    refuse(reply, 'not-found'),
  )
}

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
  routes: (context: GatewayContext) => async (app) => {
    const refuse = createRefuse(context.now)
    const room: Room = { ...context, refuse, guards: createGuards(context.registry, refuse) }
    await app.register(
      async (api) => {
        readBodies(api)
        answerFailures(api, room)
        for (const routes of ROUTES) routes(api, room)
        await api.register(async (telemetry) => attributeRoutes(telemetry, room), {
          prefix: '/plugins/telemetry',
        })
      },
      { prefix: '/api' },
    )
  },
}
