import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Happening } from '../../../shared/model/events.ts'
import type { DeviceId, ProjectId } from '../../../shared/model/ids.ts'
import type { Device } from '../../../shared/model/records.ts'
import { type SignedIn, sessionRef } from '../../../shared/registry/sessions.ts'
import { audienceOf } from '../../audience.ts'
import { callerOf, isMember } from '../../auth.ts'
import type { Audience, NotOpened } from '../../live.ts'
import { answerWithEvents } from '../../live-sse.ts'
import { particleIdOf } from './device-body.ts'
import { isName } from './devices.ts'
import { badField, refuse } from './faults.ts'
import { type Fields, fieldsOf } from './fields.ts'
import { findDevice, ownDevice } from './finding.ts'
import { isWanted, particleForm } from './frames.ts'
import { isTeam, productOf } from './guards.ts'
import type { Room } from './room.ts'

const LONGEST_DATA = 1024
const REMEMBERED = 20_000

type Params = { readonly product?: string; readonly id?: string; readonly '*'?: string }
type StreamRequest = FastifyRequest<{ Params: Params }>

/** Streams of events, and what users publish: research/particle.md 1.4, 3.3. */
export const eventRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, delivery, live, guards } = room
  const { sessions, devices } = registry
  const names = new LRUCache<DeviceId, string>({ max: REMEMBERED })

  const idIn = (project: ProjectId) => async (id: DeviceId) => {
    const known = names.get(id)
    if (known !== undefined) return known
    const device = await devices.get(project, id)
    const name = particleIdOf(device ?? { id })
    if (device !== undefined) names.set(id, name)
    return name
  }

  /** What a user may hear of what is his; of one device, as long as it is. */
  const ofUser =
    (signedIn: SignedIn, device?: Device) => async (): Promise<Audience | undefined> => {
      const present = await sessions.resume(sessionRef(signedIn))
      if (present === undefined) return undefined
      if (device === undefined) return audienceOf(room, present.user)
      const now = await devices.get(device.project, device.id)
      const isHis = now?.owner !== undefined && (await isMember(registry, present.user, now.owner))
      return isHis ? audienceOf(room, present.user) : undefined
    }

  const ofTeam = (signedIn: SignedIn, request: StreamRequest) => {
    const product = productOf(request)
    return async (): Promise<Audience | undefined> => {
      const present = await sessions.resume(sessionRef(signedIn))
      const may = present !== undefined && (await isTeam(registry, present.user, product))
      return may ? { kind: 'all' } : undefined
    }
  }

  const refuseStream = (reply: FastifyReply, why: NotOpened): FastifyReply => {
    switch (why) {
      case 'not-permitted':
        return refuse(reply, 'bad-token')
      case 'unknown-place':
        return refuse(reply, 'bad-request')
      case 'too-many':
        return refuse(reply, 'unavailable', { retryAfterMs: 5000 })
    }
  }

  const stream = async (
    request: StreamRequest,
    reply: FastifyReply,
    project: ProjectId,
    audience: () => Promise<Audience | undefined>,
    device?: Device,
  ) => {
    const prefix = request.params['*'] ?? ''
    const isIts = (happening: Happening) => device === undefined || happening.device === device.id
    const wanted = {
      ...{ project, audience, user: callerOf(request).user.id },
      wants: (happening: Happening) => isIts(happening) && isWanted(happening, prefix),
    }
    const why = await answerWithEvents(live, reply, wanted, particleForm(idIn(project)))
    return why === undefined ? reply : refuseStream(reply, why)
  }

  const mine = (request: StreamRequest, reply: FastifyReply) => {
    const signedIn = callerOf(request)
    return stream(request, reply, signedIn.user.project, ofUser(signedIn))
  }

  const myDevice = async (request: StreamRequest, reply: FastifyReply) => {
    const signedIn = callerOf(request)
    const device = await ownDevice(room, signedIn.user, request.params.id ?? '')
    if (device === undefined) return refuse(reply, 'not-yours')
    return stream(request, reply, device.project, ofUser(signedIn, device), device)
  }

  const products = (request: StreamRequest, reply: FastifyReply) =>
    stream(request, reply, productOf(request).id, ofTeam(callerOf(request), request))

  const productDevice = async (request: StreamRequest, reply: FastifyReply) => {
    const device = await findDevice(room, productOf(request).id, request.params.id ?? '')
    if (device === undefined) return refuse(reply, 'no-device')
    return stream(request, reply, device.project, ofTeam(callerOf(request), request), device)
  }

  const streams = [
    ['/devices/events', guards.user, mine],
    ['/devices/:id/events', guards.user, myDevice],
    ['/products/:product/events', guards.team, products],
    ['/products/:product/devices/:id/events', guards.team, productDevice],
  ] as const
  const one = { exposeHeadRoute: false }
  for (const [url, preHandler, handler] of streams) {
    app.get<{ Params: Params }>(url, { ...one, preHandler }, handler)
    // The rest of the path is the prefix: the client library escapes its slash, people do not.
    app.get<{ Params: Params }>(`${url}/*`, { ...one, preHandler }, handler)
  }
  app.get<{ Params: Params }>('/events/*', { ...one, preHandler: guards.user }, (request, reply) =>
    request.params['*'] === '' ? refuse(reply, 'no-prefix') : mine(request, reply),
  )
  app.get('/events', { ...one, preHandler: guards.user }, async (_request, reply) =>
    refuse(reply, 'no-prefix'),
  )

  /** An event as it was sent, or what is wrong with it. */
  const eventIn = (fields: Fields) => {
    const [name, data] = [fields.get('name') ?? '', fields.get('data') ?? '']
    if (!isName(name)) return 'name is required'
    if (name.startsWith('spark')) return 'a name that begins with spark is the platform’s own'
    if (data.length > LONGEST_DATA) return 'data has 1024 characters at most'
    return { eventType: name, eventData: { data } }
  }

  app.post('/devices/events', { preHandler: guards.user }, async (request, reply) => {
    const event = eventIn(fieldsOf(request))
    if (typeof event === 'string') return badField(reply, event)
    const { project, home, id } = callerOf(request).user
    await delivery.events.toHome(project, home, event, id)
    return reply.send({ ok: true })
  })

  app.post('/products/:product/events', { preHandler: guards.team }, async (request, reply) => {
    const event = eventIn(fieldsOf(request))
    if (typeof event === 'string') return badField(reply, event)
    await delivery.events.toProject(productOf(request).id, event, callerOf(request).user.id)
    return reply.send({ ok: true })
  })
}
