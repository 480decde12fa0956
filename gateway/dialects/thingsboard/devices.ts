import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { updateDevice } from '../../../shared/registry/update-device.ts'
import { callerOf } from '../../auth.ts'
import { readBody } from './body.ts'
import { type ById, createDeviceAccess } from './device-access.ts'
import { deviceFormOf, faultOfName, membersOf } from './device-form.ts'
import { deviceBody, entityId } from './entities.ts'
import type { Room } from './room.ts'

const SaveQuery = Type.Object({ accessToken: Type.Optional(Type.String()) })

/** Devices as the tenant makes them and their owner sees them. */
export const deviceRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, engine, guards, refuse } = room
  const { devices } = registry
  const withDevice = createDeviceAccess(room)

  const nameTaken = (reply: FastifyReply) =>
    refuse(reply, 'bad-request', { message: 'Device with such name already exists!' })

  app.post<{ Querystring: { accessToken?: string } }>(
    '/device',
    { schema: { querystring: SaveQuery }, onRequest: guards.tenant },
    async (request, reply) => {
      const form = readBody(request, deviceFormOf)
      if (form === undefined) return refuse(reply, 'bad-json')
      // A credential is derived here, never chosen: docs/dialects.md, deviations.
      if (request.query.accessToken)
        return refuse(reply, 'bad-request', { message: 'Access tokens are chosen by the server!' })
      const name = form.name ?? ''
      const message = faultOfName(name)
      if (message !== undefined) return refuse(reply, 'bad-request', { message })
      const { user } = callerOf(request)
      const members = membersOf(form)
      if (form.id == null) {
        const made = await devices.create({ project: user.project, name, ...members })
        return made === 'name-taken' ? nameTaken(reply) : reply.send(deviceBody(made.device))
      }
      return withDevice(request, reply, form.id.id, async ({ id, project }) => {
        const after = await updateDevice(room, project, id, (device) => {
          const { deviceClass: _class, label: _label, ...rest } = device
          return { ...rest, name, ...members }
        })
        if (after === undefined) return refuse(reply, 'not-found')
        return after === 'name-taken' ? nameTaken(reply) : reply.send(deviceBody(after))
      })
    },
  )

  app.get('/device/:deviceId', { onRequest: guards.user }, (request: ById, reply) =>
    withDevice(request, reply, request.params.deviceId, async (device) => deviceBody(device)),
  )

  app.get('/device/:deviceId/credentials', { onRequest: guards.tenant }, (request: ById, reply) =>
    withDevice(request, reply, request.params.deviceId, async (device) =>
      reply.header('cache-control', 'no-store').send({
        // A device has one credential, so its id is the device's.
        id: { id: device.id },
        createdTime: device.createdAt,
        deviceId: entityId('DEVICE', device.id),
        credentialsType: 'ACCESS_TOKEN',
        credentialsId: await devices.showToken(device),
        credentialsValue: null,
        version: device.credential + 1,
      }),
    ),
  )

  app.delete('/device/:deviceId', { onRequest: guards.tenant }, (request: ById, reply) =>
    withDevice(request, reply, request.params.deviceId, async ({ id, project }) => {
      await devices.remove(project, id)
      return reply.send()
    }),
  )

  app.delete('/customer/device/:deviceId', { onRequest: guards.tenant }, (request: ById, reply) =>
    withDevice(request, reply, request.params.deviceId, async (device, user) => {
      if (device.owner === undefined)
        return refuse(reply, 'bad-request', { message: "Device isn't assigned to any customer!" })
      const { id, project } = device
      const by = { kind: 'maker', user: user.id } as const
      await engine.releaseDevice({ project, device: id, by, via: 'thingsboard' })
      const after = await devices.get(project, id)
      return after === undefined ? refuse(reply, 'not-found') : reply.send(deviceBody(after))
    }),
  )
}
