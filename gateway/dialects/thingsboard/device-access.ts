import type { FastifyReply, FastifyRequest } from 'fastify'
import { type DeviceId, isUuid } from '../../../shared/model/ids.ts'
import type { Device, User } from '../../../shared/model/records.ts'
import { callerOf, isMember } from '../../auth.ts'
import type { Room } from './room.ts'

/** A request whose path names a device. */
export type ById = FastifyRequest<{ Params: { deviceId: string } }>

/** Answers with the device of an id, if the caller runs its project or owns it. */
export const createDeviceAccess =
  ({ registry, refuse }: Room) =>
  async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    answer: (device: Device, user: User) => Promise<unknown>,
  ): Promise<unknown> => {
    const { user } = callerOf(request)
    if (!isUuid(id)) return refuse(reply, 'bad-request', { message: 'Invalid UUID string' })
    const device = await registry.devices.get(user.project, id as DeviceId)
    if (device === undefined) return refuse(reply, 'not-found')
    const owns = device.owner !== undefined && (await isMember(registry, user, device.owner))
    if (user.role !== 'maker' && !owns) return refuse(reply, 'not-permitted')
    return answer(device, user)
  }
