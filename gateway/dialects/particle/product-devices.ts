import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { DeviceId, HomeId } from '../../../shared/model/ids.ts'
import type { Device, Project, User } from '../../../shared/model/records.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { keys } from '../../../shared/store/keys.ts'
import { callerOf } from '../../auth.ts'
import { nameOf, particleIdOf, productDeviceBody, serialNumberOf } from './device-body.ts'
import { isName } from './devices.ts'
import { badField, refuse } from './faults.ts'
import { type Fields, fieldsOf, queryOf } from './fields.ts'
import { findDevice } from './finding.ts'
import { productOf } from './guards.ts'
import { gathered, pageIn, pageOf } from './pages.ts'
import type { Room } from './room.ts'

type ById = { Params: { product: string; id: string } }

/** What a list is narrowed by: a part of the id, the name or the serial number. */
const wantedBy = (query: Fields) => {
  const id = query.get('deviceId')?.toLowerCase() ?? ''
  const name = query.get('deviceName')?.toLowerCase() ?? ''
  const serial = query.get('serialNumber')?.toLowerCase() ?? ''
  const groups = query.get('groups')?.split(',') ?? []
  const isIn = ({ tag }: Device) => groups.length === 0 || groups.includes(tag ?? '')
  return (device: Device): boolean =>
    particleIdOf(device).includes(id) &&
    nameOf(device).toLowerCase().includes(name) &&
    serialNumberOf(device).toLowerCase().includes(serial) &&
    isIn(device)
}

const LONGEST_ID = 64
/** Ids of one file; makers import more with the native API. */
const MOST_IDS = 1000

/** The ids that are to be added: one, or a file with one on each line. Else what is wrong. */
const idsIn = (fields: Fields): readonly string[] | string => {
  const text = fields.get('file') ?? fields.get('id') ?? ''
  const ids = [...new Set(text.split(/[\r\n,]+/).map((line) => line.trim()))].filter(Boolean)
  if (ids.length === 0) return 'id is required'
  if (ids.length > MOST_IDS) return `a file has ${MOST_IDS} ids at most`
  return ids.some(({ length }) => length > LONGEST_ID) ? 'that is too long for an id' : ids
}

const SORTS = new Map<string, (device: Device) => string>([
  ['deviceId', particleIdOf],
  ['deviceName', nameOf],
])

const sorted = (devices: readonly Device[], query: Fields): readonly Device[] => {
  const by = SORTS.get(query.get('sortAttr') ?? '') ?? particleIdOf
  const sign = query.get('sortDir') === 'desc' ? -1 : 1
  return [...devices].sort((one, other) => (by(one) < by(other) ? -sign : sign))
}

/** Devices of a product, for its team: research/particle.md 1.3. */
export const productDeviceRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, engine, guards, store } = room
  const { presences, users, homes, moves, projects } = registry

  /** The customers who have these devices. */
  const ownersOf = async (product: Project, devices: readonly Device[]) => {
    const ids = [...new Set(devices.flatMap(({ owner }) => owner ?? []))]
    const found = await Promise.all(
      (await homes.readAll(product.id, ids)).map(async ({ id, personal }) => {
        const user = personal && (await users.get({ project: product.id, user: personal }))
        return user === undefined ? [] : [[id, user] as const]
      }),
    )
    return new Map<HomeId, User>(found.flat())
  }

  const bodiesOf = async (product: Project, devices: readonly Device[]) => {
    const [present, owners] = await Promise.all([presences.of(devices), ownersOf(product, devices)])
    const bodies = devices.map((device, at) => {
      const owner = device.owner && owners.get(device.owner)
      const one = present[at] ?? { isConnected: false }
      return productDeviceBody(device, one, product, owner?.email ?? null)
    })
    const customers = [...owners.values()].map(({ id, email }) => ({ id, username: email }))
    return { devices: bodies, customers }
  }

  app.get('/products/:product/devices', { preHandler: guards.team }, async (request, reply) => {
    const query = queryOf(request)
    const link = pageIn(query)
    if (link === undefined) return badField(reply, 'page or perPage is no number')
    const product = productOf(request)
    const keyOf = (id: string) => keys.device(product.id, id as DeviceId)
    const all = await gathered<Device>(store, keys.devices(product.id), keyOf, wantedBy(query))
    const { items, meta } = pageOf(sorted(all, query), link)
    return reply.send({ ...(await bodiesOf(product, items)), meta })
  })

  /** Runs a step for the device of the path. */
  const withDevice =
    (
      step: (
        device: Device,
        request: FastifyRequest<ById>,
        reply: FastifyReply,
      ) => Promise<unknown>,
    ) =>
    async (request: FastifyRequest<ById>, reply: FastifyReply) => {
      const device = await findDevice(room, productOf(request).id, request.params.id)
      return device === undefined ? refuse(reply, 'no-device') : step(device, request, reply)
    }

  const free = ({ project, id }: Device, { id: user }: User) =>
    engine.releaseDevice({ project, device: id, by: { kind: 'maker', user }, via: 'particle' })

  const byId = '/products/:product/devices/:id'

  app.get<ById>(
    byId,
    { preHandler: guards.team },
    withDevice(async (device, request, reply) => {
      const { devices } = await bodiesOf(productOf(request), [device])
      return reply.send(devices[0])
    }),
  )

  app.put<ById>(
    byId,
    { preHandler: guards.team },
    withDevice(async (device, request, reply) => {
      const name = fieldsOf(request).get('name')
      if (name === undefined || !isName(name)) return badField(reply, 'name is required')
      await registry.devices.change(device.project, device.id, (one) => ({ ...one, label: name }))
      const updated = new Date(room.now()).toISOString()
      return reply.send({ id: particleIdOf(device), name, updated_at: updated })
    }),
  )

  app.delete<ById>(
    `${byId}/owner`,
    { preHandler: guards.team },
    withDevice(async (device, request, reply) => {
      await free(device, callerOf(request).user)
      return reply.send({ ok: true })
    }),
  )

  app.delete<ById>(
    byId,
    { preHandler: guards.team },
    withDevice(async (device, request, reply) => {
      const home = await projects.find(DEFAULT_PROJECT)
      if (home === undefined) return refuse(reply, 'not-permitted')
      await free(device, callerOf(request).user)
      const moved = await moves.move(device, home.id)
      if (moved === 'owned' || moved === 'name-taken')
        return refuse(reply, 'not-permitted', { words: 'The device could not be taken out.' })
      return reply.code(204).send()
    }),
  )

  /** Where an id that is added to a product ends up in the answer. */
  const add = async (
    product: Project,
    id: string,
    by: User,
  ): Promise<'updated' | 'nonmember' | 'invalid'> => {
    const present = await findDevice(room, product.id, id)
    if (present !== undefined) {
      await moves.settle(present)
      return 'updated'
    }
    const rest = await projects.find(DEFAULT_PROJECT)
    // What is in no product is for the makers of `default` to give away.
    const device = rest?.id === by.project ? await findDevice(room, rest.id, id) : undefined
    if (device === undefined) return 'invalid'
    const moved = await moves.move(device, product.id)
    if (typeof moved !== 'string') return 'updated'
    return moved === 'owned' ? 'nonmember' : 'invalid'
  }

  app.post('/products/:product/devices', { preHandler: guards.team }, async (request, reply) => {
    const ids = idsIn(fieldsOf(request))
    if (typeof ids === 'string') return badField(reply, ids)
    const ended = { updated: [] as string[], nonmember: [] as string[], invalid: [] as string[] }
    // One after the other, so that a long file takes no more than its share.
    for (const id of ids)
      ended[await add(productOf(request), id, callerOf(request).user)].push(id.toLowerCase())
    return reply.send({
      ok: true,
      updated: ended.updated.length,
      updatedDeviceIds: ended.updated,
      nonmemberDeviceIds: ended.nonmember,
      invalidDeviceIds: ended.invalid,
    })
  })
}
