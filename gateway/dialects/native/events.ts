import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { DEVICE_EVENTS_KEEP } from '../../../shared/delivery/feed.ts'
import { cloudEventOf, type Happening } from '../../../shared/model/events.ts'
import type { ProjectId } from '../../../shared/model/ids.ts'
import type { SignedIn } from '../../../shared/registry/sessions.ts'
import { audienceOfSession } from '../../audience.ts'
import { bearerOf, callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import type { NotOpened } from '../../live.ts'
import { collect } from '../../live-poll.ts'
import type { Welcome } from '../../live-socket.ts'
import { answerWithEvents, type SseForm } from '../../live-sse.ts'
import { sendProblem } from '../../problem.ts'
import { deviceFor } from './device-access.ts'
import { IdParams, ProjectRef, time } from './shapes.ts'

const strict = { additionalProperties: false } as const

const Wait = Type.Optional(Type.String({ pattern: '^[0-9]{1,6}$' }))
const After = Type.Optional(Type.String({ minLength: 1, maxLength: 64 }))

const StreamQuery = Type.Object(
  {
    after: After,
    waitMs: Wait,
    project: Type.Optional(ProjectRef),
    ticket: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  strict,
)
const DeviceEventsQuery = Type.Object(
  {
    after: After,
    waitMs: Wait,
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$' })),
  },
  strict,
)

const LONGEST_WAIT_MS = 60_000
const BEAT_MS = 15_000
const DEFAULT_PAGE = 100

/** `id` is the event's own: what a browser gives back as `Last-Event-ID`. */
const FORM: SseForm = {
  hello: ': ok\nretry: 1000\n\n',
  beat: ': still here\n\n',
  beatMs: BEAT_MS,
  frameOf: (happening) =>
    `id: ${happening.id}\ndata: ${JSON.stringify(cloudEventOf(happening))}\n\n`,
}

const waitOf = (waitMs: string | undefined): number =>
  Math.min(LONGEST_WAIT_MS, Number(waitMs ?? 0))

const problemOf = (reply: FastifyReply, why: NotOpened) => {
  switch (why) {
    case 'not-permitted':
      return sendProblem(reply, { status: 401, reason: 'not-permitted' })
    case 'unknown-place':
      return sendProblem(reply, {
        status: 400,
        reason: 'bad-request',
        detail: 'There is no event of that id.',
      })
    case 'too-many':
      return sendProblem(reply, { status: 503, reason: 'unavailable', retryAfterMs: 5000 })
  }
}

const pageOf = (happenings: readonly Happening[], after: string | undefined) => {
  const next = happenings.at(-1)?.id ?? after
  return { items: happenings.map(cloudEventOf), ...(next === undefined ? {} : { next }) }
}

/** Events: of one device, and live ones of everything a user may hear of (SSE, long poll, WebSocket). */
export const eventRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry, delivery, live, sockets } = context

  app.post('/tickets', { onRequest: guards.user }, async (request, reply) => {
    const { ticket, expiresAt } = await registry.tickets.issue(callerOf(request))
    return reply
      .code(201)
      .header('cache-control', 'no-store')
      .send({ ticket, expiresAt: time(expiresAt) })
  })

  /** A browser's EventSource sends no header: it comes with a ticket instead. */
  const session = async (request: FastifyRequest, reply: FastifyReply) => {
    const { ticket } = request.query as { ticket?: unknown }
    if (typeof ticket !== 'string') return guards.user(request, reply)
    const signedIn = await registry.tickets.redeem(ticket)
    if (signedIn === undefined) return sendProblem(reply, { status: 401, reason: 'not-permitted' })
    request.signedIn = signedIn
  }

  const listeningOf = (signedIn: SignedIn, project: ProjectId, after: string | undefined) => ({
    project,
    after,
    user: signedIn.user.id,
    audience: audienceOfSession(context, signedIn, project),
  })

  app.get<{ Querystring: Static<typeof StreamQuery> }>(
    '/events',
    { schema: { querystring: StreamQuery }, onRequest: session },
    async (request, reply) => {
      const { query, headers } = request
      const signedIn = callerOf(request)
      const project = await projectFor(registry, signedIn.user, query.project)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such project.',
        })
      const last = headers['last-event-id']
      const after = (typeof last === 'string' && last !== '' ? last : undefined) ?? query.after
      const wanted = listeningOf(signedIn, project.id, after)
      const isPoll = query.waitMs !== undefined || headers.accept === 'application/json'
      if (!isPoll) {
        const why = await answerWithEvents(live, reply, wanted, FORM)
        return why === undefined ? reply : problemOf(reply, why)
      }
      const came = await collect(live, wanted, waitOf(query.waitMs), request.raw)
      if (typeof came === 'string') return problemOf(reply, came)
      return reply.header('cache-control', 'no-store').send(pageOf(came, after))
    },
  )

  app.get<{ Params: Static<typeof IdParams>; Querystring: Static<typeof DeviceEventsQuery> }>(
    '/devices/:id/events',
    { schema: { params: IdParams, querystring: DeviceEventsQuery }, onRequest: guards.user },
    async (request, reply) => {
      const signedIn = callerOf(request)
      const { after, waitMs, limit } = request.query
      const device = await deviceFor(registry, signedIn.user, request.params.id)
      if (device === undefined) return sendProblem(reply, { status: 404, reason: 'device-unknown' })
      const most = Math.min(DEVICE_EVENTS_KEEP, Number(limit ?? DEFAULT_PAGE))
      const ask = () => delivery.events.ofDevice(device, after, most)
      const present = await ask()
      if (present === 'unknown-place') return problemOf(reply, present)
      if (present.length > 0 || waitMs === undefined) return pageOf(present, after)
      const wanted = {
        ...listeningOf(signedIn, device.project, undefined),
        wants: (happening: Happening) =>
          happening.device === device.id && happening.epoch === device.epoch,
      }
      const came = await collect(live, wanted, waitOf(waitMs), request.raw, ask)
      if (typeof came === 'string') return problemOf(reply, came)
      return pageOf(came, after)
    },
  )

  /** `GET /latchkey/v1/events` as a WebSocket: one event in each text message. */
  sockets.add({
    isMine: ({ pathname }) => pathname === '/latchkey/v1/events',
    admit: async ({ headers }, { searchParams }) => {
      const token = bearerOf(headers.authorization)
      const ticket = searchParams.get('ticket')
      const signedIn =
        token === undefined
          ? ticket === null
            ? undefined
            : await registry.tickets.redeem(ticket)
          : await registry.sessions.check(token)
      if (signedIn === undefined) return 401
      const ref = searchParams.get('project') ?? undefined
      const project = await projectFor(registry, signedIn.user, ref)
      if (project === undefined) return 404
      return welcomeTo(listeningOf(signedIn, project.id, searchParams.get('after') ?? undefined))
    },
  })

  const welcomeTo =
    (wanted: ReturnType<typeof listeningOf>): Welcome =>
    (outlet) => {
      live
        .open({
          ...wanted,
          say: (happening) => outlet.send(JSON.stringify(cloudEventOf(happening))),
          drained: outlet.drained,
          end: (why) => outlet.end(why === 'closing' ? 1001 : 1008, why),
        })
        .then(
          (stream) => {
            if (typeof stream === 'string') return outlet.end(1008, stream)
            outlet.onClose(stream.close)
            stream.begin()
          },
          () => outlet.end(1011, 'unavailable'),
        )
    }
}
