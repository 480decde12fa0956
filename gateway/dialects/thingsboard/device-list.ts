import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { type DeviceId, type HomeId, isUuid, type ProjectId } from '../../../shared/model/ids.ts'
import type { Device } from '../../../shared/model/records.ts'
import { keys } from '../../../shared/store/keys.ts'
import type { Key } from '../../../shared/store/port.ts'
import { callerOf, isMember } from '../../auth.ts'
import { isName } from './device-form.ts'
import { deviceBody, typeOf } from './entities.ts'
import { PageQuery, pageLinkOf, pageOf } from './paging.ts'
import type { Room } from './room.ts'

const NameQuery = Type.Object({ deviceName: Type.String() })

const wantedBy = ({ textSearch, type }: PageQuery) => {
  if (!textSearch && !type) return undefined
  const text = (textSearch ?? '').toLowerCase()
  return (device: Device) =>
    (!type || typeOf(device) === type) &&
    [device.name, device.label ?? '', typeOf(device)].some((word) =>
      word.toLowerCase().includes(text),
    )
}

/** Lists of devices: the tenant's, and a customer's. */
export const deviceListRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, store, guards, refuse } = room
  const schema = { querystring: PageQuery }

  const answerPage = async (
    reply: FastifyReply,
    project: ProjectId,
    index: Key,
    query: PageQuery,
  ) => {
    const link = pageLinkOf(query)
    if (typeof link === 'string') return refuse(reply, 'bad-request', { message: link })
    const keyOf = (id: string) => keys.device(project, id as DeviceId)
    const page = await pageOf<Device>(store, { index, keyOf, wanted: wantedBy(query) }, link)
    return { ...page, data: page.data.map(deviceBody) }
  }

  const answerNamed = async (reply: FastifyReply, project: ProjectId, name: string) => {
    const device = isName(name) ? await registry.devices.findByName(project, name) : undefined
    return device === undefined ? refuse(reply, 'not-found') : deviceBody(device)
  }

  app.get<{ Querystring: PageQuery }>(
    '/tenant/devices',
    { schema, onRequest: guards.tenant },
    async (request, reply) => {
      const { project } = callerOf(request).user
      const { deviceName } = request.query
      return deviceName === undefined
        ? answerPage(reply, project, keys.devices(project), request.query)
        : answerNamed(reply, project, deviceName)
    },
  )

  // Since 4.4 clients ask for one device by its name here: research/thingsboard.md 7, tb-rest-client.
  app.get<{ Querystring: { deviceName: string } }>(
    '/tenant/device',
    { schema: { querystring: NameQuery }, onRequest: guards.tenant },
    async (request, reply) =>
      answerNamed(reply, callerOf(request).user.project, request.query.deviceName),
  )

  app.get<{ Params: { customerId: string }; Querystring: PageQuery }>(
    '/customer/:customerId/devices',
    { schema, onRequest: guards.user },
    async (request, reply) => {
      const { user } = callerOf(request)
      const home = request.params.customerId as HomeId
      if (!isUuid(home)) return refuse(reply, 'bad-request', { message: 'Invalid UUID string' })
      if (user.role !== 'maker' && !(await isMember(registry, user, home)))
        return refuse(reply, 'not-permitted')
      if ((await registry.homes.get(user.project, home)) === undefined)
        return refuse(reply, 'not-found')
      return answerPage(reply, user.project, keys.homeDevices(user.project, home), request.query)
    },
  )
}
