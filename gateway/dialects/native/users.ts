import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import type { UserId } from '../../../shared/model/ids.ts'
import { policyInForce } from '../../../shared/model/policy.ts'
import type { Project, Role } from '../../../shared/model/records.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { Email, IdParams, Password, ProjectRef } from './shapes.ts'

const strict = { additionalProperties: false } as const

const NewUser = Type.Object(
  {
    email: Email,
    password: Password,
    role: Type.Optional(Type.Union([Type.Literal('maker'), Type.Literal('customer')])),
    project: Type.Optional(ProjectRef),
  },
  strict,
)

const Grants = Type.Object({ claimDevices: Type.Boolean() }, strict)

/** Accounts: made by a maker, or by anyone as a customer where the project allows sign-up. */
export const userRoutes = (app: FastifyInstance, { registry }: GatewayContext, guards: Guards) => {
  const { projects, users } = registry

  const openTo = async (ref: string | undefined): Promise<Project | undefined> => {
    const project = await projects.find(ref ?? DEFAULT_PROJECT)
    if (project === undefined || project.accounts !== 'email') return undefined
    return policyInForce(project.policy).signUp ? project : undefined
  }

  const make = async (
    reply: FastifyReply,
    project: Project,
    role: Role,
    body: Static<typeof NewUser>,
  ) => {
    const made = await users.create({
      project: project.id,
      email: body.email,
      password: body.password,
      role,
    })
    if (made === 'name-taken') return sendProblem(reply, { status: 409, reason: 'name-taken' })
    const { id, email, home } = made
    return reply.code(201).send({ id, email, role, home })
  }

  app.post<{ Body: Static<typeof NewUser> }>(
    '/users',
    { schema: { body: NewUser }, onRequest: guards.anyone },
    async (request, reply) => {
      const caller = request.signedIn?.user
      const role = request.body.role ?? 'customer'
      const byMaker = caller?.role === 'maker'
      const project = byMaker
        ? await projectFor(registry, caller, request.body.project)
        : await openTo(request.body.project)
      if (project === undefined || (!byMaker && role !== 'customer'))
        return sendProblem(reply, {
          status: 403,
          reason: 'not-permitted',
          detail: 'This account cannot be made here.',
        })
      return make(reply, project, role, request.body)
    },
  )

  app.put<{
    Params: Static<typeof IdParams>
    Body: Static<typeof Grants>
    Querystring: { project?: string }
  }>(
    '/users/:id/grants',
    { schema: { params: IdParams, body: Grants }, onRequest: guards.maker },
    async (request, reply) => {
      const project = await projectFor(registry, callerOf(request).user, request.query.project)
      const ref = project && { project: project.id, user: request.params.id as UserId }
      const { claimDevices } = request.body
      const changed = ref && (await users.setGrant(ref, 'claim-devices', claimDevices))
      if (changed === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such account.',
        })
      return { id: changed.id, claimDevices: !changed.withheld.includes('claim-devices') }
    },
  )
}
