import type { FastifyInstance } from 'fastify'
import type { Device, User } from '../../../shared/model/records.ts'
import { callerOf } from '../../auth.ts'
import { deviceBody, particleIdOf } from './device-body.ts'
import { badField, refuse } from './faults.ts'
import { fieldsOf } from './fields.ts'
import { ownDevice, ownDevices } from './finding.ts'
import type { Room } from './room.ts'

const LONGEST_NAME = 255
const NAME = /^[^\p{Cc}]+$/u

type ById = { Params: { id: string } }

/** A name that a device may be given. */
export const isName = (name: string): boolean => name.length <= LONGEST_NAME && NAME.test(name)

/** Devices of a user, or of a customer: research/particle.md 1.3. Foreign and absent look the same. */
export const deviceRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, engine, guards, now } = room
  const { projects, presences, devices } = registry

  const bodiesOf = async (all: readonly Device[], user: User) => {
    const project = await projects.get(user.project)
    const present = await presences.of(all)
    if (project === undefined) return []
    return all.map((device, at) =>
      deviceBody(device, present[at] ?? { isConnected: false }, project),
    )
  }

  app.get('/devices', { preHandler: guards.user }, async (request) => {
    const { user } = callerOf(request)
    const bodies = await bodiesOf(await ownDevices(room, user), user)
    const at = ({ last_handshake_at }: (typeof bodies)[number]) => last_handshake_at ?? ''
    return bodies.sort((one, other) => (at(one) < at(other) ? 1 : -1))
  })

  app.get<ById>('/devices/:id', { preHandler: guards.user }, async (request, reply) => {
    const { user } = callerOf(request)
    const device = await ownDevice(room, user, request.params.id)
    if (device === undefined) return refuse(reply, 'not-yours')
    const [body] = await bodiesOf([device], user)
    return reply.send({ ...body, owner: user.email ?? null })
  })

  app.put<ById>('/devices/:id', { preHandler: guards.user }, async (request, reply) => {
    const { user } = callerOf(request)
    const name = fieldsOf(request).get('name')
    if (name === undefined || !isName(name)) return badField(reply, 'name is required')
    const device = await ownDevice(room, user, request.params.id)
    const { owner } = device ?? {}
    // Only his name for it, which goes with him: names that are unique in the project are the maker's.
    const renamed =
      device &&
      (await devices.change(device.project, device.id, (present) =>
        present.owner === owner ? { ...present, called: { ...present.called, name } } : present,
      ))
    if (renamed === undefined || renamed.owner !== owner) return refuse(reply, 'not-yours')
    return reply.send({
      id: particleIdOf(renamed),
      name,
      updated_at: new Date(now()).toISOString(),
    })
  })

  app.delete<ById>('/devices/:id', { preHandler: guards.user }, async (request, reply) => {
    const { user } = callerOf(request)
    const device = await ownDevice(room, user, request.params.id)
    if (device?.owner === undefined) return refuse(reply, 'not-yours')
    const outcome = await engine.releaseDevice({
      ...{ project: device.project, device: device.id, via: 'particle' },
      by: { kind: 'home', home: device.owner, user: user.id },
    })
    // Somebody of his home was faster.
    return outcome.state === 'refused' ? refuse(reply, 'not-yours') : reply.send({ ok: true })
  })

  app.put<ById>('/devices/:id/ping', { preHandler: guards.user }, async (request, reply) => {
    const device = await ownDevice(room, callerOf(request).user, request.params.id)
    if (device === undefined) return refuse(reply, 'not-yours')
    const [present] = await presences.of([device])
    return reply.send({ ok: true, online: present?.isConnected ?? false })
  })
}
