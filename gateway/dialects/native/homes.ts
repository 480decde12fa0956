import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import type { HomeId, UserId } from '../../../shared/model/ids.ts'
import type { Home, MemberRole, User } from '../../../shared/model/records.ts'
import type { Member } from '../../../shared/registry/members.ts'
import { callerOf, type Guards } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { type Problem, sendProblem } from '../../problem.ts'
import { Email, IdParams, Name, time } from './shapes.ts'

const strict = { additionalProperties: false } as const

const NewHome = Type.Object({ name: Name }, strict)
const NewMember = Type.Object(
  {
    email: Email,
    role: Type.Optional(Type.Union([Type.Literal('owner'), Type.Literal('member')])),
  },
  strict,
)
const MemberParams = Type.Object({ id: IdParams.properties.id, user: Name }, strict)

const NO_HOME: Problem = {
  status: 404,
  reason: 'not-permitted',
  detail: 'There is no such home.',
}
const NO_ACCOUNT: Problem = {
  status: 404,
  reason: 'not-permitted',
  detail: 'There is no such account in this project.',
}
const OWNERS_ONLY: Problem = {
  status: 403,
  reason: 'not-permitted',
  detail: 'Only an owner of the home may do this.',
}
const TOO_MANY: Problem = {
  status: 409,
  reason: 'not-permitted',
  detail: 'The home has too many members, or the account too many homes.',
}

const homeBody = (home: Home, role: MemberRole) => ({
  id: home.id,
  number: home.number,
  name: home.title,
  personal: home.personal !== undefined,
  role,
  createdAt: time(home.createdAt),
})

/** A member as his home and the maker see him. */
export const memberBody = ({ user, membership }: Member) => ({
  user: user.id,
  ...(user.email === undefined ? {} : { email: user.email }),
  ...(user.name === undefined ? {} : { name: user.name }),
  role: membership.role,
  joinedAt: time(membership.joinedAt),
})

/** Homes: what owns devices together. Whoever makes one owns it. */
export const homeRoutes = (app: FastifyInstance, { registry }: GatewayContext, guards: Guards) => {
  const { homes, members, users, clearing } = registry

  /** What the caller is to the home; strangers find nothing. */
  const seen = async (user: User, id: string): Promise<MemberRole | undefined> =>
    members.roleOf(user.project, id as HomeId, user.id)

  const guarded = async (
    reply: FastifyReply,
    user: User,
    id: string,
    needed: MemberRole,
    work: (home: HomeId) => Promise<unknown>,
  ) => {
    const role = await seen(user, id)
    if (role === undefined) return sendProblem(reply, NO_HOME)
    if (needed === 'owner' && role !== 'owner') return sendProblem(reply, OWNERS_ONLY)
    return work(id as HomeId)
  }

  app.get('/homes', { onRequest: guards.user }, async (request) => {
    const { user } = callerOf(request)
    const present = await homes.readAll(user.project, await members.homesOf(user))
    const roles = await Promise.all(present.map(({ id }) => seen(user, id)))
    return {
      items: present.flatMap((home, place) => {
        const role = roles[place]
        return role === undefined ? [] : [homeBody(home, role)]
      }),
    }
  })

  app.post<{ Body: Static<typeof NewHome> }>(
    '/homes',
    { schema: { body: NewHome }, onRequest: guards.user },
    async (request, reply) => {
      const { user } = callerOf(request)
      const made = await homes.found(user.project, user.id, request.body.name)
      if (made === 'unknown') return sendProblem(reply, { status: 401, reason: 'not-permitted' })
      if (made === 'too-many') return sendProblem(reply, TOO_MANY)
      return reply.code(201).send(homeBody(made, 'owner'))
    },
  )

  app.delete<{ Params: Static<typeof IdParams> }>(
    '/homes/:id',
    { schema: { params: IdParams }, onRequest: guards.user },
    (request, reply) => {
      const { user } = callerOf(request)
      return guarded(reply, user, request.params.id, 'owner', async (home) => {
        const end = { project: user.project, home, by: user.id, via: 'latchkey' }
        const ended = await clearing.endHome(end)
        if (ended === 'unknown') return sendProblem(reply, NO_HOME)
        if (ended === 'personal')
          return sendProblem(reply, {
            status: 409,
            reason: 'not-permitted',
            detail: 'A personal home ends with its account.',
          })
        return reply.code(204).send()
      })
    },
  )

  app.get<{ Params: Static<typeof IdParams> }>(
    '/homes/:id/members',
    { schema: { params: IdParams }, onRequest: guards.user },
    (request, reply) => {
      const { user } = callerOf(request)
      return guarded(reply, user, request.params.id, 'member', async (home) => ({
        items: (await members.list(user.project, home)).map(memberBody),
      }))
    },
  )

  app.post<{ Params: Static<typeof IdParams>; Body: Static<typeof NewMember> }>(
    '/homes/:id/members',
    { schema: { params: IdParams, body: NewMember }, onRequest: guards.user },
    (request, reply) => {
      const { user } = callerOf(request)
      const { email, role = 'member' } = request.body
      return guarded(reply, user, request.params.id, 'owner', async (home) => {
        const invited = await users.findByEmail(email, user.project)
        if (invited === undefined) return sendProblem(reply, NO_ACCOUNT)
        const added = await members.add(user.project, home, invited.id, role)
        if (added === 'unknown') return sendProblem(reply, NO_HOME)
        if (added === 'too-many') return sendProblem(reply, TOO_MANY)
        if (added === 'member-exists')
          return sendProblem(reply, {
            status: 409,
            reason: 'name-taken',
            detail: 'The account is a member already.',
          })
        return reply.code(201).send(memberBody({ user: invited, membership: added }))
      })
    },
  )

  app.delete<{ Params: Static<typeof MemberParams> }>(
    '/homes/:id/members/:user',
    { schema: { params: MemberParams }, onRequest: guards.user },
    (request, reply) => {
      const { user } = callerOf(request)
      const gone = request.params.user as UserId
      // Anybody may leave.
      const needed = gone === user.id ? 'member' : 'owner'
      return guarded(reply, user, request.params.id, needed, async (home) => {
        const removed = await members.remove(user.project, home, gone)
        if (removed === 'unknown') return sendProblem(reply, NO_ACCOUNT)
        if (removed === 'last-owner')
          return sendProblem(reply, {
            status: 409,
            reason: 'not-permitted',
            detail: 'The last owner of a home stays, and so does who lives in it.',
          })
        return reply.code(204).send()
      })
    },
  )
}
