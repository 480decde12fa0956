import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { MOST_CODES } from '../../../shared/registry/activation-codes.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { ProjectRef } from './shapes.ts'

const NewCodes = Type.Object(
  {
    count: Type.Integer({ minimum: 1, maximum: MOST_CODES }),
    project: Type.Optional(ProjectRef),
  },
  { additionalProperties: false },
)

/** Codes by which a maker's devices come into being by themselves (CONTRACT 6, thethings.io). Shown once. */
export const activationCodeRoutes = (
  app: FastifyInstance,
  { registry }: GatewayContext,
  guards: Guards,
) => {
  app.post<{ Body: Static<typeof NewCodes> }>(
    '/activation-codes',
    { schema: { body: NewCodes }, onRequest: guards.maker },
    async (request, reply) => {
      const { count, project: ref } = request.body
      const project = await projectFor(registry, callerOf(request).user, ref)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such project.',
        })
      const codes = await registry.activationCodes.create(project.id, count)
      return reply.code(201).header('cache-control', 'no-store').send({ codes })
    },
  )
}
