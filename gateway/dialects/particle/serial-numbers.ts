import type { FastifyInstance } from 'fastify'
import { callerOf, isMember } from '../../auth.ts'
import { PHOTON, particleIdOf, serialNumberOf } from './device-body.ts'
import { refuse } from './faults.ts'
import type { Room } from './room.ts'

const LONGEST = 255

type BySerial = { Params: { serial: string } }

/**
 * The device of a serial number (research/particle.md 1.3), for its owner and for the makers of its project: serial numbers
 * follow on one another, so to others foreign and absent look the same.
 */
export const serialNumberRoutes = (app: FastifyInstance, { registry, guards }: Room) => {
  app.get<BySerial>(
    '/serial_numbers/:serial',
    { preHandler: guards.user },
    async (request, reply) => {
      const { serial } = request.params
      const { user } = callerOf(request)
      const device =
        serial.length > LONGEST
          ? undefined
          : await registry.devices.findByName(user.project, serial)
      if (device === undefined) return refuse(reply, 'no-device')
      const isTheirs = device.owner !== undefined && (await isMember(registry, user, device.owner))
      if (!isTheirs && user.role !== 'maker') return refuse(reply, 'no-device')
      const id = particleIdOf(device)
      return reply.send({
        ...{ ok: true, serial_number: serialNumberOf(device), platform_id: PHOTON, iccid: null },
        // The documents and the client library's type differ.
        ...{ deviceID: id, device_id: id },
      })
    },
  )
}
