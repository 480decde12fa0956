import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { HomeId } from '../../../shared/model/ids.ts'
import { callerOf, type Guards } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { Name, offerProblem, time } from './shapes.ts'

const NewToken = Type.Object(
  { home: Type.Optional(Name), deviceClass: Name, tag: Type.Optional(Name) },
  { additionalProperties: false },
)

/** Tokens by which devices come into being for a home, where the project provisions on demand (CONTRACT 2). */
export const provisioningTokenRoutes = (
  app: FastifyInstance,
  { engine }: GatewayContext,
  guards: Guards,
) => {
  app.post<{ Body: Static<typeof NewToken> }>(
    '/provisioning-tokens',
    { schema: { body: NewToken }, onRequest: guards.user },
    async (request, reply) => {
      const { id, project, home: own } = callerOf(request).user
      const { home, deviceClass, tag } = request.body
      const made = await engine.makeProvisioningToken({
        ...{ project, user: id, home: (home ?? own) as HomeId, deviceClass, tag },
      })
      if (made.state === 'refused') return sendProblem(reply, offerProblem(made))
      const { token, expiresAt } = made
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ token, expiresAt: time(expiresAt) })
    },
  )
}
