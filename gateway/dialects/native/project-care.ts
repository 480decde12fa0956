import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { PolicyPatch } from '../../../shared/model/policy.ts'
import type { OAuthClient, Project, ProjectKey } from '../../../shared/model/records.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { projectBody } from './projects.ts'
import { IdParams, ProjectRef, time } from './shapes.ts'

const ProjectQuery = Type.Object(
  { project: Type.Optional(ProjectRef) },
  { additionalProperties: false },
)
type Query = Static<typeof ProjectQuery>
type Params = Static<typeof IdParams>

const keyBody = ({ id, name, grants, createdAt }: ProjectKey) => ({
  id,
  name,
  grants,
  createdAt: time(createdAt),
})
const clientBody = ({ id, name, type, grants, createdAt }: OAuthClient) => ({
  id,
  name,
  type,
  grants,
  createdAt: time(createdAt),
})

const nothing = (reply: FastifyReply) =>
  sendProblem(reply, {
    status: 404,
    reason: 'not-permitted',
    detail: 'There is nothing of that id in this project.',
  })

/** What a maker has made in a project, seen again and taken back: never with a secret. */
export const projectCareRoutes = (
  app: FastifyInstance,
  { registry }: GatewayContext,
  guards: Guards,
) => {
  const { projects, projectKeys, oauthClients, clearing } = registry

  const within = async (
    request: FastifyRequest,
    reply: FastifyReply,
    ref: string | undefined,
    work: (project: Project) => Promise<unknown>,
  ) => {
    const project = await projectFor(registry, callerOf(request).user, ref)
    return project === undefined ? nothing(reply) : work(project)
  }

  app.get('/projects', { onRequest: guards.maker }, async (request) => {
    const own = await projects.get(callerOf(request).user.project)
    if (own === undefined) return { items: [] }
    const all = own.name === DEFAULT_PROJECT ? await projects.list() : [own]
    return { items: [own, ...all.filter(({ id }) => id !== own.id)].map(projectBody) }
  })

  app.put<{ Params: Params; Body: PolicyPatch }>(
    '/projects/:id/policy',
    { schema: { params: IdParams, body: PolicyPatch }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.params.id, async ({ id }) => {
        const after = await projects.setPolicy(id, request.body)
        return after === undefined ? nothing(reply) : projectBody(after)
      }),
  )

  app.get<{ Querystring: Query }>(
    '/project-keys',
    { schema: { querystring: ProjectQuery }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.query.project, async ({ id }) => ({
        items: (await projectKeys.list(id)).map(keyBody),
      })),
  )

  app.delete<{ Params: Params; Querystring: Query }>(
    '/project-keys/:id',
    { schema: { params: IdParams, querystring: ProjectQuery }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.query.project, async ({ id }) => {
        const isGone = await projectKeys.remove(id, request.params.id)
        return isGone ? reply.code(204).send() : nothing(reply)
      }),
  )

  app.get<{ Querystring: Query }>(
    '/oauth-clients',
    { schema: { querystring: ProjectQuery }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.query.project, async ({ id }) => ({
        items: (await oauthClients.list(id)).map(clientBody),
      })),
  )

  app.delete<{ Params: Params; Querystring: Query }>(
    '/oauth-clients/:id',
    { schema: { params: IdParams, querystring: ProjectQuery }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.query.project, async ({ id: project }) => {
        const gone = await oauthClients.remove(project, request.params.id)
        if (gone === undefined) return nothing(reply)
        if (gone.account !== undefined) await clearing.endUser({ project, user: gone.account })
        return reply.code(204).send()
      }),
  )
}
