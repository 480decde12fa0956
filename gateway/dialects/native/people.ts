import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { HomeId, UserId } from '../../../shared/model/ids.ts'
import type { Home, Project, User } from '../../../shared/model/records.ts'
import { callerOf, type Guards, mayClaim, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { memberBody } from './homes.ts'
import { IdParams, PageQuery, ProjectRef, time, wellFormed } from './shapes.ts'

const strict = { additionalProperties: false } as const

const PeopleQuery = Type.Object(
  { ...PageQuery.properties, email: Type.Optional(Type.String({ maxLength: 254 })) },
  strict,
)
const ProjectQuery = Type.Object({ project: Type.Optional(ProjectRef) }, strict)
type Ref = {
  readonly Params: Static<typeof IdParams>
  readonly Querystring: Static<typeof ProjectQuery>
}

const DEFAULT_PAGE = 50
const MAX_PAGE = 500
const limitOf = (wanted: string | undefined) =>
  Math.min(MAX_PAGE, wanted === undefined ? DEFAULT_PAGE : Number(wanted))

const personBody = (user: User) => ({
  id: user.id,
  ...(user.email === undefined ? {} : { email: user.email }),
  ...(user.phone === undefined ? {} : { phone: user.phone }),
  ...(user.name === undefined ? {} : { name: user.name }),
  role: user.role,
  home: user.home,
  claimDevices: mayClaim(user),
  verified: user.unverified === undefined,
  createdAt: time(user.createdAt),
})

const houseBody = ({ id, number, title, personal, createdAt }: Home) => ({
  id,
  number,
  name: title,
  personal: personal !== undefined,
  createdAt: time(createdAt),
})

const nobody = (reply: FastifyReply) =>
  sendProblem(reply, {
    status: 404,
    reason: 'not-permitted',
    detail: 'There is no such account or home in this project.',
  })

/** Accounts and homes of a project, as its maker looks after them. */
export const peopleRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry } = context
  const { users, homes, members, sessions, openOffers } = registry

  const within = async (
    request: FastifyRequest,
    reply: FastifyReply,
    ref: string | undefined,
    work: (project: Project) => Promise<unknown>,
  ) => {
    const project = await projectFor(registry, callerOf(request).user, ref)
    return project === undefined ? nobody(reply) : work(project)
  }

  app.get<{ Querystring: Static<typeof PeopleQuery> }>(
    '/users',
    { schema: { querystring: PeopleQuery }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.query.project, async ({ id: project }) => {
        const { email, after } = request.query
        if (email !== undefined) {
          const found = await users.findByEmail(wellFormed(email.trim()), project)
          return { items: found === undefined ? [] : [personBody(found)] }
        }
        const limit = limitOf(request.query.limit)
        const ids = await users.listIds(project, limit, after)
        const present = await users.readAll(project, ids)
        const next = ids.length === limit ? ids.at(-1) : undefined
        return { items: present.map(personBody), ...(next === undefined ? {} : { next }) }
      }),
  )

  app.get<Ref>(
    '/users/:id',
    { schema: { params: IdParams, querystring: ProjectQuery }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.query.project, async ({ id: project }) => {
        const user = await users.get({ project, user: request.params.id as UserId })
        if (user === undefined) return nobody(reply)
        const [homeIds, open] = await Promise.all([
          members.homesOf(user),
          openOffers.of(project, user.id),
        ])
        return {
          ...personBody(user),
          homes: (await homes.readAll(project, homeIds)).map(houseBody),
          open: {
            links: open.links.map(time),
            codes: open.codes.map(time),
            provisioningTokens: open.tokens.map(time),
          },
        }
      }),
  )

  app.delete<Ref>(
    '/users/:id/sessions',
    { schema: { params: IdParams, querystring: ProjectQuery }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.query.project, async ({ id: project }) => {
        const user = await users.get({ project, user: request.params.id as UserId })
        if (user === undefined) return nobody(reply)
        await sessions.endAll(user)
        return reply.code(204).send()
      }),
  )

  app.get<{ Querystring: Static<typeof PageQuery> }>(
    '/project-homes',
    { schema: { querystring: PageQuery }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.query.project, async ({ id: project }) => {
        const limit = limitOf(request.query.limit)
        const present = await homes.list(project, request.query.after, limit)
        const next = present.length === limit ? present.at(-1)?.id : undefined
        return { items: present.map(houseBody), ...(next === undefined ? {} : { next }) }
      }),
  )

  app.get<Ref>(
    '/project-homes/:id',
    { schema: { params: IdParams, querystring: ProjectQuery }, onRequest: guards.maker },
    (request, reply) =>
      within(request, reply, request.query.project, async ({ id: project }) => {
        const id = request.params.id as HomeId
        const home = await homes.get(project, id)
        if (home === undefined) return nobody(reply)
        const [present, owned] = await Promise.all([
          members.list(project, id),
          registry.devices.listOfHome(project, id, undefined, MAX_PAGE),
        ])
        return {
          ...houseBody(home),
          members: present.map(memberBody),
          devices: owned.items
            .filter(({ owner }) => owner === id)
            .map(({ id: device, name, epoch }) => ({ id: device, name, epoch })),
        }
      }),
  )
}
