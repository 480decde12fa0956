import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { isMistyped } from '../../../shared/claim/box-key-text.ts'
import type { CodeSeen } from '../../../shared/claim/engine.ts'
import type { ClaimId, HomeId } from '../../../shared/model/ids.ts'
import {
  type Claimed,
  type Refused,
  refused,
  type Waiting,
} from '../../../shared/model/outcomes.ts'
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

const home = Type.Optional(Name)

/** One of four: a device with its secret, a shared id, a device's own credential, or a code that the account made. */
const NewClaim = Type.Union([
  Type.Object({ device: Name, secret: Type.Optional(Secret), home }, strict),
  Type.Object({ linkId: Type.String({ minLength: 1, maxLength: 256 }), home }, strict),
  Type.Object({ thingToken: Type.String({ minLength: 1, maxLength: 256 }), home }, strict),
  Type.Object({ code: Type.String({ minLength: 1, maxLength: 128 }) }, strict),
])

const homeIn = (body: Static<typeof NewClaim>): string | undefined =>
  'home' in body ? body.home : undefined

const WaitQuery = Type.Object(
  { waitMs: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}$' })) },
  strict,
)

const placeOf = (id: ClaimId) => `/latchkey/v1/claims/${id}`

/** Longest wait of one request. */
const LONGEST_WAIT_MS = 60_000

/** Seen by the text alone, before anything is looked up: it tells nothing of any device, and counts as no try. */
const MISTYPED = {
  status: 400,
  reason: 'bad-request',
  title: 'A typing error',
  detail:
    'A character of the key is not as it is printed. Read it once more; this did not count as a try.',
  errors: [{ path: '/secret', message: 'has a typing error: its check character does not fit' }],
} as const

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
    case 'link-contested':
      return { status: 409, reason: outcome.reason } as const
    case 'code-expired':
      return { status: 403, reason: outcome.reason } as const
    default:
      return { status: 403, reason: 'not-permitted', title: 'The claim was refused' } as const
  }
}

/** An attempt as its claimer may see it: the true reason only if he has shown that he may know it. */
const claimBody = (attempt: Attempt) => {
  const { id, state, device, epoch, at, expiresAt } = attempt
  const reason = attempt.entitled ? attempt.reason : 'not-permitted'
  return {
    id,
    state,
    ...(state === 'claimed' && device !== undefined ? { device } : {}),
    ...(epoch === undefined ? {} : { epoch }),
    ...(state === 'refused' && reason !== undefined ? { reason } : {}),
    ...(state === 'waiting' && expiresAt !== undefined ? { expiresAt: time(expiresAt) } : {}),
    at: time(at),
  }
}

/** A half that waited until its end has come to nothing, whether or not somebody was there to write it down. */
const asOfNow = (attempt: Attempt, now: number): Attempt =>
  attempt.state === 'waiting' && now >= (attempt.expiresAt ?? 0)
    ? {
        ...attempt,
        state: 'refused',
        reason: attempt.half === 'code' ? 'code-expired' : 'link-expired',
        entitled: true,
      }
    : attempt

/** What a code stands for, as an answer to its maker: its device is still to bring it, or has. */
const outcomeOf = (seen: CodeSeen): Claimed | Waiting | Refused => {
  const { id: offer, claim, home, expiresAt, state, device, epoch } = seen
  if (state === 'open') return { state: 'waiting', offer, expiresAt }
  if (state === 'expired' || device === undefined || epoch === undefined)
    return refused('code-expired', true)
  return { state: 'claimed', device, claim, home, epoch, fresh: false, offer }
}

/** An attempt with its true reason, and what to do about it: for the owner and the maker. */
export const trueBody = ({
  id,
  state,
  device,
  epoch,
  reason,
  at,
  asked,
  user,
  home,
  via,
}: Attempt) => ({
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
  const { registry, engine, store, now, waits } = context

  const claim = async (user: User, address: string, body: Static<typeof NewClaim>) => {
    const account = {
      project: user.project,
      user: user.id,
      permitted: mayClaim(user),
      home: (homeIn(body) ?? user.home) as HomeId,
      via: 'latchkey',
    }
    if ('code' in body) {
      const { project, id } = user
      const seen = await engine.lookAtCode({ project, user: id, code: body.code })
      if (seen !== undefined) return { attempt: seen.claim, outcome: outcomeOf(seen) }
      const nothing = { asked: 'a claim code', device: undefined, secret: undefined } as const
      return engine.redeemDevice({ ...account, address, ...nothing })
    }
    if ('linkId' in body) return engine.linkByAccount({ ...account, linkId: body.linkId })
    if ('thingToken' in body) {
      const device = await registry.devices.findByToken(body.thingToken)
      const id = device?.project === user.project ? device.id : undefined
      const shown = {
        asked: 'a thing token',
        device: id,
        secret: undefined,
        hasCredential: true,
      } as const
      return engine.redeemDevice({ ...account, address, ...shown })
    }
    const { device: asked, secret } = body
    const device = await registry.devices.resolve(user.project, asked)
    return engine.redeemDevice({ ...account, address, asked, device, secret })
  }

  /** A claim that says by itself what is wrong with it. */
  const refuse = async (reply: FastifyReply, user: User, reason: 'not-a-member') => {
    const { project, id, home } = user
    const { attempt } = await engine.refuseClaim({
      project,
      user: id,
      home,
      reason,
      via: 'latchkey',
    })
    return sendProblem(reply.header('location', placeOf(attempt)), { status: 403, reason })
  }

  app.post<{ Body: Static<typeof NewClaim> }>(
    '/claims',
    { schema: { body: NewClaim }, onRequest: guards.user },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { body } = request
      const home = homeIn(body)
      if (home !== undefined && !(await isMember(registry, user, home as HomeId)))
        return refuse(reply, user, 'not-a-member')
      if ('secret' in body && body.secret !== undefined && isMistyped(body.secret))
        return sendProblem(reply, MISTYPED)
      const { attempt, outcome } = await claim(user, networkOf(request.ip), body)
      reply.header('location', placeOf(attempt))
      switch (outcome.state) {
        case 'refused':
          return sendProblem(reply, problemFor(outcome))
        case 'waiting':
          return reply
            .code(202)
            .send({ id: attempt, state: 'waiting', expiresAt: time(outcome.expiresAt) })
        case 'claimed': {
          const { claim: id, state, device, epoch } = outcome
          return reply.code(outcome.fresh ? 201 : 200).send({ id, state, device, epoch })
        }
      }
    },
  )

  /** The attempt of that id, with what the user is to it; strangers find nothing. */
  const find = async (user: User, id: string) => {
    for (const project of await projectsOf(registry, user)) {
      const present = await attemptOf(store, project, id as ClaimId)
      if (present === undefined) continue
      const attempt = asOfNow(present, now())
      const device = attempt.device && (await registry.devices.get(project, attempt.device))
      const owns = device?.owner !== undefined && (await isMember(registry, user, device.owner))
      const rights = user.role === 'maker' || (owns && attempt.at >= (device.held?.at ?? 0))
      const since = user.role === 'maker' ? 0 : (device?.held?.at ?? 0)
      if (rights) return { attempt, rights: 'full' as const, since }
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
      const { user } = callerOf(request)
      const { id } = request.params
      const ask = async () => (await find(user, id))?.attempt
      const waitMs = Math.min(LONGEST_WAIT_MS, Number(request.query.waitMs ?? 0))
      const attempt = await waits.until(
        id,
        ask,
        (seen) => seen?.state !== 'waiting',
        waitMs,
        request.raw,
      )
      return attempt === undefined ? unknownClaim(reply) : claimBody(attempt)
    },
  )

  app.get<{ Params: Static<typeof IdParams> }>(
    '/claims/:id/explain',
    { schema: { params: IdParams }, onRequest: guards.user },
    async (request, reply) => {
      const seen = await find(callerOf(request).user, request.params.id)
      if (seen === undefined) return unknownClaim(reply)
      const { attempt } = seen
      if (seen.rights === 'own') return explained(attempt)
      const others =
        attempt.device === undefined
          ? [attempt]
          : await attemptsAt(store, attempt.project, attempt.device)
      // Who tried before it was his is none of the owner's business.
      const known = others.filter(({ at }) => at >= seen.since)
      return { ...trueBody(attempt), attempts: known.map(trueBody) }
    },
  )
}
