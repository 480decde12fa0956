import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { CLIENT_GRANTS } from '../../../shared/registry/oauth-clients.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { Name, ProjectRef } from './shapes.ts'

const NewClient = Type.Object(
  {
    project: Type.Optional(ProjectRef),
    name: Type.Optional(Name),
    grants: Type.Array(Type.Union(CLIENT_GRANTS.map((grant) => Type.Literal(grant))), {
      uniqueItems: true,
    }),
  },
  { additionalProperties: false },
)

/** OAuth clients of a product, for its maker (CONTRACT 6, Particle). */
export const oauthClientRoutes = (
  app: FastifyInstance,
  { registry }: GatewayContext,
  guards: Guards,
) => {
  app.post<{ Body: Static<typeof NewClient> }>(
    '/oauth-clients',
    { schema: { body: NewClient }, onRequest: guards.maker },
    async (request, reply) => {
      const { project: ref, grants, name = 'client' } = request.body
      const project = await projectFor(registry, callerOf(request).user, ref)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such project.',
        })
      if (project.name === DEFAULT_PROJECT)
        return sendProblem(reply, {
          status: 400,
          reason: 'bad-request',
          detail: 'An OAuth client belongs to a product: name a project other than default.',
        })
      const made = await registry.oauthClients.create(project.id, { name, type: 'web', grants })
      if (made === 'too-many')
        return sendProblem(reply, {
          status: 409,
          reason: 'bad-request',
          detail: 'The project has a hundred OAuth clients.',
        })
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ id: made.client.id, secret: made.secret })
    },
  )
}
