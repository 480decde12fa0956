import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { PolicyPatch, policyInForce } from '../../../shared/model/policy.ts'
import type { Project } from '../../../shared/model/records.ts'
import { KEY_GRANTS } from '../../../shared/registry/project-keys.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { IdParams, Name, ProjectRef, time } from './shapes.ts'

const strict = { additionalProperties: false } as const
const oneOf = <const T extends string>(words: readonly T[]) =>
  Type.Union(words.map((word) => Type.Literal(word)))

const NewProject = Type.Object(
  {
    name: Name,
    accounts: oneOf(['email', 'phone', 'byou']),
    provisioning: oneOf(['pre', 'on-demand']),
    policy: Type.Optional(PolicyPatch),
  },
  strict,
)

const NewKey = Type.Object(
  {
    name: Name,
    grants: Type.Optional(Type.Array(oneOf(KEY_GRANTS), { uniqueItems: true })),
    project: Type.Optional(ProjectRef),
  },
  strict,
)

/** A project as its makers see it, with the policy in force. */
export const projectBody = (project: Project) => ({
  id: project.id,
  number: project.number,
  name: project.name,
  accounts: project.accounts,
  provisioning: project.provisioning,
  policy: policyInForce(project.policy),
  createdAt: time(project.createdAt),
})

/** Projects and their keys. Only a maker of `default` founds projects. */
export const projectRoutes = (
  app: FastifyInstance,
  { registry }: GatewayContext,
  guards: Guards,
) => {
  const { projects, projectKeys } = registry

  app.post<{ Body: Static<typeof NewProject> }>(
    '/projects',
    { schema: { body: NewProject }, onRequest: guards.maker },
    async (request, reply) => {
      const own = await projects.get(callerOf(request).user.project)
      if (own?.name !== DEFAULT_PROJECT)
        return sendProblem(reply, {
          status: 403,
          reason: 'not-permitted',
          detail: 'Projects are made by makers of the default project.',
        })
      const made = await projects.create(request.body)
      if (made === 'name-taken') return sendProblem(reply, { status: 409, reason: 'name-taken' })
      return reply.code(201).send(projectBody(made))
    },
  )

  app.delete<{ Params: Static<typeof IdParams> }>(
    '/projects/:id',
    { schema: { params: IdParams }, onRequest: guards.maker },
    async (request, reply) => {
      const project = await projectFor(registry, callerOf(request).user, request.params.id)
      // Who makes one project founds and ends none.
      const ended =
        project === undefined || project.id === callerOf(request).user.project
          ? 'unknown'
          : await registry.clearing.endProject(project.id)
      if (ended === 'ended') return reply.code(204).send()
      return sendProblem(reply, {
        status: 404,
        reason: 'not-permitted',
        detail: 'There is no such project.',
      })
    },
  )

  app.post<{ Body: Static<typeof NewKey> }>(
    '/project-keys',
    { schema: { body: NewKey }, onRequest: guards.maker },
    async (request, reply) => {
      const { name, grants, project: ref } = request.body
      const project = await projectFor(registry, callerOf(request).user, ref)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such project.',
        })
      const made = await projectKeys.create(project.id, name, grants)
      return reply.code(201).header('cache-control', 'no-store').send(made)
    },
  )
}
