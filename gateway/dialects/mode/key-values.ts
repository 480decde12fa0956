import type { FastifyReply } from 'fastify'
import type { KeyValueOwner } from '../../../shared/registry/key-values.ts'
import { createAccess } from './access.ts'
import type { Caller } from './callers.ts'
import { refuse } from './faults.ts'
import { membersOf } from './form.ts'
import { keyValueBody } from './replies.ts'
import type { Room } from './room.ts'
import type { Asked } from './router.ts'

type Known = Exclude<Caller, { kind: 'nobody' }>
type Absent = () => FastifyReply

/** Key-value pairs of homes (seed 003) and of devices (research/mode_thethings_thingful.md 1.7). */
export const keyValueRoutes = (room: Room) => {
  const { registry, on } = room
  const { keyValues } = registry
  const { homeFor, deviceFor } = createAccess(room)

  const ofHome = async (caller: Known, { params }: Asked): Promise<KeyValueOwner | undefined> => {
    const home = await homeFor(caller, params.homeId)
    return home && { kind: 'home', project: home.project, home: home.id }
  }

  const ofDevice = async (caller: Known, { params }: Asked): Promise<KeyValueOwner | undefined> => {
    const device = await deviceFor(caller, params.deviceId)
    if (device === undefined) return undefined
    const { project, id, epoch } = device
    return { kind: 'device', project, device: id, epoch }
  }

  const list = async (owner: KeyValueOwner, { query }: Asked, reply: FastifyReply) => {
    const prefix = typeof query.keyPrefix === 'string' ? query.keyPrefix : ''
    return reply.send((await keyValues.list(owner, prefix)).items.map(keyValueBody))
  }

  const get = async (owner: KeyValueOwner, key: string, reply: FastifyReply, absent: Absent) => {
    const pair = await keyValues.get(owner, key)
    return pair === undefined ? absent() : reply.send(keyValueBody(pair))
  }

  const remove = async (owner: KeyValueOwner, key: string, reply: FastifyReply, absent: Absent) => {
    const removed = await keyValues.remove(owner, key)
    return typeof removed === 'string' ? absent() : reply.code(204).send()
  }

  const set = async (
    owner: KeyValueOwner,
    { params, body }: Asked,
    reply: FastifyReply,
    absent: Absent,
  ) => {
    const value = membersOf(body).get('value')
    if (value === undefined) return refuse(reply, 'MISSING_PARAMETERS')
    const done = await keyValues.set(owner, params.key ?? '', value)
    if (typeof done !== 'string') return reply.code(204).send()
    switch (done) {
      case 'unknown':
        return absent()
      case 'bad-key':
      case 'bad-value':
        return refuse(reply, 'INVALID_PARAMETER')
      case 'too-much':
        return refuse(reply, 'EXCEEDED_MAX_KEY_VALUES')
    }
  }

  on('get key-values', async ({ caller, request, reply, absent }) => {
    const owner = await ofHome(caller, request)
    return owner === undefined ? absent() : list(owner, request, reply)
  })
  on('get key-value', async ({ caller, request, reply, absent }) => {
    const owner = await ofHome(caller, request)
    return owner === undefined ? absent() : get(owner, request.params.key ?? '', reply, absent)
  })
  on('delete key-value', async ({ caller, request, reply, absent }) => {
    const owner = await ofHome(caller, request)
    return owner === undefined ? absent() : remove(owner, request.params.key ?? '', reply, absent)
  })
  on('set key-value', async ({ caller, request, reply, absent }) => {
    const owner = await ofHome(caller, request)
    return owner === undefined ? absent() : set(owner, request, reply, absent)
  })

  on('get device key-values', async ({ caller, request, reply, absent }) => {
    const owner = await ofDevice(caller, request)
    return owner === undefined ? absent() : list(owner, request, reply)
  })
  on('get device key-value', async ({ caller, request, reply, absent }) => {
    const owner = await ofDevice(caller, request)
    return owner === undefined ? absent() : get(owner, request.params.key ?? '', reply, absent)
  })
  on('delete device key-value', async ({ caller, request, reply, absent }) => {
    const owner = await ofDevice(caller, request)
    return owner === undefined ? absent() : remove(owner, request.params.key ?? '', reply, absent)
  })
  on('set device key-value', async ({ caller, request, reply, absent }) => {
    const owner = await ofDevice(caller, request)
    return owner === undefined ? absent() : set(owner, request, reply, absent)
  })
}
