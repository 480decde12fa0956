import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { newBoxKey } from '../../../shared/claim/box-key-text.ts'
import { REASONS } from '../../../shared/model/reasons.ts'
import type { Device } from '../../../shared/model/records.ts'
import { historyOf, type StoryLine } from '../../../shared/registry/story.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { deviceFor } from './device-access.ts'
import { deviceBody, IdParams, Name, PageQuery, ProjectRef, Secret, time } from './shapes.ts'

const strict = { additionalProperties: false } as const

const NewDevice = Type.Object(
  {
    name: Name,
    deviceClass: Type.Optional(Name),
    tag: Type.Optional(Name),
    claimCode: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    claimingAllowed: Type.Optional(Type.Boolean()),
    gateway: Type.Optional(Type.Boolean()),
    ids: Type.Optional(
      Type.Object(
        { particle: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{24}$' })) },
        strict,
      ),
    ),
    project: Type.Optional(ProjectRef),
  },
  strict,
)

const BoxKey = Type.Object(
  { secret: Type.Optional(Secret), expiresAt: Type.String({ format: 'date-time' }) },
  strict,
)

const DEFAULT_PAGE = 100
const MAX_PAGE = 500
/** A code on the label of a device has no end of its own. */
const NEVER = Number.MAX_SAFE_INTEGER

const unknownDevice = (reply: FastifyReply) =>
  sendProblem(reply, { status: 404, reason: 'device-unknown' })

/** A line of a story, with what to do about what was refused. */
const storyBody = ({ at, ...line }: StoryLine) => {
  const known = 'reason' in line && line.reason !== undefined ? REASONS[line.reason] : undefined
  const told = known === undefined ? {} : { detail: known.detail, nextStep: known.next }
  return { at: time(at), ...line, ...told }
}

/** Devices: made by the maker, seen by owner and maker. */
export const deviceRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry, engine, store, now } = context
  const { devices } = registry

  app.post<{ Body: Static<typeof NewDevice> }>(
    '/devices',
    { schema: { body: NewDevice }, onRequest: guards.maker },
    async (request, reply) => {
      const { project: ref, claimCode, ids, ...rest } = request.body
      const project = await projectFor(registry, callerOf(request).user, ref)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such project.',
        })
      const names = { particle: ids?.particle, printed: claimCode }
      const made = await devices.create({ ...rest, project: project.id, ...names })
      if (made === 'name-taken') return sendProblem(reply, { status: 409, reason: 'name-taken' })
      const { device, token } = made
      if (claimCode !== undefined) await engine.offerBoxKey(project.id, device.id, claimCode, NEVER)
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .header('location', `/latchkey/v1/devices/${device.id}`)
        .send({
          id: device.id,
          number: device.number,
          thingId: device.thingId,
          name: device.name,
          token,
          ...(claimCode === undefined ? {} : { claimCode }),
        })
    },
  )

  app.get<{ Querystring: Static<typeof PageQuery> }>(
    '/devices',
    { schema: { querystring: PageQuery }, onRequest: guards.user },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { after, limit: wanted, project: ref } = request.query
      const limit = Math.min(MAX_PAGE, wanted === undefined ? DEFAULT_PAGE : Number(wanted))
      const project = await projectFor(registry, user, ref)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such project.',
        })
      const page =
        user.role === 'maker'
          ? await devices.list(project.id, after, limit)
          : await registry.holdings.list(user, after, limit)
      const items = page.items.map((device) => deviceBody(device, now()))
      return page.next === undefined ? { items } : { items, next: page.next }
    },
  )

  const owned = async (
    request: FastifyRequest<{ Params: Static<typeof IdParams> }>,
    reply: FastifyReply,
    answer: (device: Device) => Promise<unknown>,
  ) => {
    const device = await deviceFor(registry, callerOf(request).user, request.params.id)
    return device === undefined ? unknownDevice(reply) : answer(device)
  }

  app.get<{ Params: Static<typeof IdParams> }>(
    '/devices/:id',
    { schema: { params: IdParams }, onRequest: guards.user },
    (request, reply) => owned(request, reply, async (device) => deviceBody(device, now())),
  )

  app.get<{ Params: Static<typeof IdParams> }>(
    '/devices/:id/history',
    { schema: { params: IdParams }, onRequest: guards.user },
    (request, reply) =>
      owned(request, reply, async (device) => {
        const isMaker = callerOf(request).user.role === 'maker'
        const since = isMaker ? 0 : (device.held?.at ?? 0)
        const story = await historyOf(store, device, since)
        return { items: story.map(storyBody) }
      }),
  )

  app.put<{ Params: Static<typeof IdParams>; Body: Static<typeof BoxKey> }>(
    '/devices/:id/box-key',
    { schema: { params: IdParams, body: BoxKey }, onRequest: guards.maker },
    (request, reply) =>
      owned(request, reply, async (device) => {
        const expiresAt = Date.parse(request.body.expiresAt)
        if (!(expiresAt > now()))
          return sendProblem(reply, {
            status: 400,
            reason: 'bad-request',
            errors: [{ path: '/expiresAt', message: 'must be in the future' }],
          })
        const secret = request.body.secret || newBoxKey()
        await engine.offerBoxKey(device.project, device.id, secret, expiresAt)
        return reply
          .header('cache-control', 'no-store')
          .send({ secret, expiresAt: time(expiresAt) })
      }),
  )

  app.delete<{ Params: Static<typeof IdParams> }>(
    '/devices/:id/owner',
    { schema: { params: IdParams }, onRequest: guards.user },
    (request, reply) =>
      owned(request, reply, async (device) => {
        const { user } = callerOf(request)
        const by =
          user.role === 'maker'
            ? ({ kind: 'maker', user: user.id } as const)
            : ({ kind: 'home', home: device.owner ?? user.home, user: user.id } as const)
        const outcome = await engine.releaseDevice({
          project: device.project,
          device: device.id,
          by,
          via: 'latchkey',
        })
        return outcome.state === 'released' ? reply.code(204).send() : unknownDevice(reply)
      }),
  )
}
