import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import type { ClaimId, HomeId } from '../../../shared/model/ids.ts'
import type { Refused } from '../../../shared/model/outcomes.ts'
import { REASONS } from '../../../shared/model/reasons.ts'
import type { Attempt, User } from '../../../shared/model/records.ts'
import { attemptOf, attemptsAt } from '../../../shared/registry/story.ts'
import { networkOf } from '../../address.ts'
import { callerOf, type Guards, isMember, mayClaim } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { projectsOf } from './device-access.ts'
import { IdParams, Name, Secret, time } from './shapes.ts'

const strict = { additionalProperties: false } as const

const NewClaim = Type.Object(
  { device: Name, secret: Type.Optional(Secret), home: Type.Optional(Name) },
  strict,
)

const WaitQuery = Type.Object(
  { waitMs: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}$' })) },
  strict,
)

const placeOf = (id: ClaimId) => `/latchkey/v1/claims/${id}`

/** What a refused claim answers: to a stranger always the same, whatever the cause (CONTRACT 6 "Refusals"). */
const problemFor = (outcome: Refused) => {
  switch (outcome.reason) {
    case 'too-many-attempts':
      return {
        status: 429,
        reason: outcome.reason,
        retryAfterMs: outcome.retryAfterMs ?? 1000,
      } as const
    case 'already-yours':
      return { status: 409, reason: outcome.reason } as const
    default:
      return { status: 403, reason: 'not-permitted', title: 'The claim was refused' } as const
  }
}

/** An attempt as its claimer may see it: the true reason only if he has shown that he may know it. */
const claimBody = (attempt: Attempt) => {
  const { id, state, device, epoch, at } = attempt
  const reason = attempt.entitled ? attempt.reason : 'not-permitted'
  return {
    id,
    state,
    ...(state === 'claimed' && device !== undefined ? { device } : {}),
    ...(epoch === undefined ? {} : { epoch }),
    ...(state === 'refused' && reason !== undefined ? { reason } : {}),
    at: time(at),
  }
}

const trueBody = ({ id, state, device, epoch, reason, at, asked, user, home, via }: Attempt) => ({
  id,
  state,
  asked,
  ...(device === undefined ? {} : { device }),
  ...(epoch === undefined ? {} : { epoch }),
  ...(reason === undefined
    ? {}
    : { reason, detail: REASONS[reason].detail, nextStep: REASONS[reason].next }),
  user,
  ...(home === undefined ? {} : { home }),
  via,
  at: time(at),
})

const explained = (attempt: Attempt) => {
  const body = claimBody(attempt)
  if (body.reason === undefined) return body
  const { detail, next } = REASONS[body.reason]
  return { ...body, detail, nextStep: next }
}

/** Claims: the other half of a window or of a box key, and what became of it. */
export const claimRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry, engine, store } = context

  app.post<{ Body: Static<typeof NewClaim> }>(
    '/claims',
    { schema: { body: NewClaim }, onRequest: guards.user },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { device: asked, secret, home } = request.body
      if (home !== undefined && !isMember(user, home as HomeId))
        return sendProblem(reply, { status: 403, reason: 'not-a-member' })
      const { attempt, outcome } = await engine.redeemDevice({
        project: user.project,
        user: user.id,
        permitted: mayClaim(user),
        home: user.home,
        address: networkOf(request.ip),
        asked,
        device: await registry.devices.resolve(user.project, asked),
        secret,
        via: 'latchkey',
      })
      reply.header('location', placeOf(attempt))
      if (outcome.state === 'refused') return sendProblem(reply, problemFor(outcome))
      const { claim: id, state, device, epoch } = outcome
      return reply.code(outcome.fresh ? 201 : 200).send({ id, state, device, epoch })
    },
  )

  /** The attempt of that id, with what the user is to it; strangers find nothing. */
  const find = async (user: User, id: string) => {
    for (const project of await projectsOf(registry, user)) {
      const attempt = await attemptOf(store, project, id as ClaimId)
      if (attempt === undefined) continue
      const device = attempt.device && (await registry.devices.get(project, attempt.device))
      const owns = device?.owner !== undefined && isMember(user, device.owner)
      const rights = user.role === 'maker' || (owns && attempt.at >= (device.held?.at ?? 0))
      if (rights) return { attempt, rights: 'full' as const }
      return attempt.user === user.id ? { attempt, rights: 'own' as const } : undefined
    }
    return undefined
  }

  const unknownClaim = (reply: FastifyReply) =>
    sendProblem(reply, { status: 404, reason: 'not-permitted', detail: 'There is no such claim.' })

  app.get<{ Params: Static<typeof IdParams>; Querystring: Static<typeof WaitQuery> }>(
    '/claims/:id',
    { schema: { params: IdParams, querystring: WaitQuery }, onRequest: guards.user },
    async (request, reply) => {
      const seen = await find(callerOf(request).user, request.params.id)
      return seen === undefined ? unknownClaim(reply) : claimBody(seen.attempt)
    },
  )

  app.get<{ Params: Static<typeof IdParams> }>(
    '/claims/:id/explain',
    { schema: { params: IdParams }, onRequest: guards.user },
    async (request, reply) => {
      const seen = await find(callerOf(request).user, request.params.id)
      if (seen === undefined) return unknownClaim(reply)
      const { attempt, rights } = seen
      if (rights === 'own') return explained(attempt)
      const others =
        attempt.device === undefined
          ? [attempt]
          : await attemptsAt(store, attempt.project, attempt.device)
      return { ...trueBody(attempt), attempts: others.map(trueBody) }
    },
  )
}
