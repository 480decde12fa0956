import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { FLEET_STATES, type FleetDevice } from '../../../shared/registry/fleet.ts'
import { attemptsAt } from '../../../shared/registry/story.ts'
import { updateDevice } from '../../../shared/registry/update-device.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { trueBody } from './claims.ts'
import { deviceFor } from './device-access.ts'
import { deviceBody, IdParams, Name, ProjectRef, time, wellFormed } from './shapes.ts'

const strict = { additionalProperties: false } as const

const FleetQuery = Type.Object(
  {
    project: Type.Optional(ProjectRef),
    search: Type.Optional(Type.String({ maxLength: 255 })),
    state: Type.Optional(Type.Union(FLEET_STATES.map((state) => Type.Literal(state)))),
    after: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,1600}$' })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$' })),
  },
  strict,
)
const Renamed = Type.Object({ name: Name }, strict)

const DEFAULT_PAGE = 50
const MAX_PAGE = 200

/** A place in the order of names, as a word of an URL. */
const placeIn = (after: string) => Buffer.from(after, 'base64url').toString('utf8')
const wordFor = (place: string) => Buffer.from(place, 'utf8').toString('base64url')

const fleetBody = ({ device, connection, home }: FleetDevice, now: number) => {
  const { isConnected, connectedAt, disconnectedAt } = connection
  const { boxKey, claimMode, certificate, claimingAllowed } = device
  return {
    ...deviceBody(device, now),
    connected: isConnected,
    ...(connectedAt === undefined ? {} : { connectedAt: time(connectedAt) }),
    ...(disconnectedAt === undefined ? {} : { disconnectedAt: time(disconnectedAt) }),
    ...(home === undefined
      ? {}
      : {
          home: {
            id: home.id,
            name: home.title,
            ...(home.email === undefined ? {} : { email: home.email }),
          },
        }),
    ...(device.held === undefined ? {} : { ownedSince: time(device.held.at) }),
    // A key without an end is as old as its device.
    boxKey: boxKey !== undefined && now < boxKey.expiresAt,
    claimMode: claimMode !== undefined && now < claimMode.expiresAt,
    certificate: certificate !== undefined,
    ...(claimingAllowed === undefined ? {} : { claimingAllowed }),
  }
}

const unknownDevice = (reply: FastifyReply) =>
  sendProblem(reply, { status: 404, reason: 'device-unknown' })

/** The devices of a project as its maker looks after them: found by any name, with who has them and whether they are there. */
export const fleetRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry, store, now } = context

  app.get<{ Querystring: Static<typeof FleetQuery> }>(
    '/fleet',
    { schema: { querystring: FleetQuery }, onRequest: guards.maker },
    async (request, reply) => {
      const { project: ref, search, state, after, limit } = request.query
      const project = await projectFor(registry, callerOf(request).user, ref)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such project.',
        })
      const { items, next } = await registry.fleet.list(project.id, {
        search: wellFormed((search ?? '').trim()),
        state,
        limit: Math.min(MAX_PAGE, limit === undefined ? DEFAULT_PAGE : Number(limit)),
        ...(after === undefined ? {} : { after: placeIn(after) }),
      })
      return reply.header('cache-control', 'no-store').send({
        items: items.map((one) => fleetBody(one, now())),
        ...(next === undefined ? {} : { next: wordFor(next) }),
      })
    },
  )

  app.get<{ Params: Static<typeof IdParams> }>(
    '/fleet/:id',
    { schema: { params: IdParams }, onRequest: guards.maker },
    async (request, reply) => {
      const device = await deviceFor(registry, callerOf(request).user, request.params.id)
      if (device === undefined) return unknownDevice(reply)
      const project = await registry.projects.get(device.project)
      return reply.header('cache-control', 'no-store').send({
        ...fleetBody(await registry.fleet.look(device), now()),
        project: project?.name ?? device.project,
      })
    },
  )

  app.get<{ Params: Static<typeof IdParams> }>(
    '/devices/:id/attempts',
    { schema: { params: IdParams }, onRequest: guards.maker },
    async (request, reply) => {
      const device = await deviceFor(registry, callerOf(request).user, request.params.id)
      if (device === undefined) return unknownDevice(reply)
      const attempts = await attemptsAt(store, device.project, device.id)
      return reply.header('cache-control', 'no-store').send({ items: attempts.map(trueBody) })
    },
  )

  app.patch<{ Params: Static<typeof IdParams>; Body: Static<typeof Renamed> }>(
    '/devices/:id',
    { schema: { params: IdParams, body: Renamed }, onRequest: guards.maker },
    async (request, reply) => {
      const device = await deviceFor(registry, callerOf(request).user, request.params.id)
      if (device === undefined) return unknownDevice(reply)
      const { name } = request.body
      const edit = (present: typeof device) => ({ ...present, name })
      const after = await updateDevice({ store, now }, device.project, device.id, edit)
      if (after === undefined) return unknownDevice(reply)
      if (after === 'name-taken') return sendProblem(reply, { status: 409, reason: 'name-taken' })
      return deviceBody(after, now())
    },
  )

  app.post<{ Params: Static<typeof IdParams> }>(
    '/devices/:id/credential',
    { schema: { params: IdParams }, onRequest: guards.maker },
    async (request, reply) => {
      const device = await deviceFor(registry, callerOf(request).user, request.params.id)
      const token = device && (await registry.credentials.renew(device.project, device.id))
      if (token === undefined) return unknownDevice(reply)
      return reply.code(201).header('cache-control', 'no-store').send({ token })
    },
  )
}
