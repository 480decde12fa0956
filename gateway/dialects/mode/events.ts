import { readEvent } from '../../../shared/dialects/mode.ts'
import { createAccess } from './access.ts'
import { refuse } from './faults.ts'
import type { Room } from './room.ts'

/** What devices and the maker's programs say: seed 003, Send Device Event, Send Event to Home. */
export const eventRoutes = (room: Room) => {
  const { delivery, on } = room
  const { homeFor, deviceFor } = createAccess(room)

  on('send device event', async ({ caller, request, reply, absent }) => {
    const device = await deviceFor(caller, request.params.deviceId)
    if (device === undefined) return absent()
    const read = readEvent(request.body)
    if ('fault' in read) return refuse(reply, read.fault)
    const { project, id } = device
    // Nobody could hear what a device says that is in no home: research 1.11 (12).
    const isHeard = await delivery.events.fromDevice(project, id, read.value, undefined, 'owned')
    return isHeard ? reply.code(204).send() : refuse(reply, 'PERMISSION_DENIED')
  })

  on('send home event', async ({ caller, request, reply, absent }) => {
    const home = await homeFor(caller, request.params.homeId)
    if (home === undefined) return absent()
    const read = readEvent(request.body)
    if ('fault' in read) return refuse(reply, read.fault)
    const { id, name } = caller.key
    const event = { ...read.value, key: name }
    const isTold = await delivery.events.toHome(home.project, home.id, event, id)
    return isTold ? reply.code(204).send() : absent()
  })

  // What is not a WebSocket: seed 003, Listen to Events.
  on('listen to events', async ({ reply }) => refuse(reply, 'PERMISSION_DENIED'))
}
