import { readCommand } from '../../../shared/dialects/mode.ts'
import { createAccess } from './access.ts'
import { refuse } from './faults.ts'
import type { Room } from './room.ts'

/** A device that listens has been given it by then; one that does not is offline. */
const WAIT_MS = 3000
/** It lies in no queue any longer, also when this node dies meanwhile. */
const TTL_MS = 2 * WAIT_MS
const RETRY_MS = 1000

/** Commands to devices that listen at this moment: seed 003, Send Command. Nothing is queued: research 1.11 (11). */
export const commandRoutes = (room: Room) => {
  const { registry, delivery, answers, on } = room
  const { deviceFor } = createAccess(room)

  on('send command', async ({ caller, request, reply, absent }) => {
    const device = await deviceFor(caller, request.params.deviceId)
    if (device === undefined) return absent()
    const read = readCommand(request.body)
    if ('fault' in read) return refuse(reply, read.fault)
    const [presence] = await registry.presences.of([device])
    if (presence?.isConnected !== true) return refuse(reply, 'DEVICE_OFFLINE')
    const { project, id, owner } = device
    const given = await delivery.commands.give({
      ...{ project, device: id, ...read.value, ttlMs: TTL_MS },
      ...(caller.kind === 'user'
        ? { by: caller.user.id, ...(owner === undefined ? {} : { owner }) }
        : { by: caller.key.id }),
    })
    if (given === 'device-unknown') return absent()
    if (given === 'too-many') return refuse(reply, 'TOO_MANY_REQUESTS', RETRY_MS)
    const seen = await answers.until(
      given.id,
      () => delivery.commands.look(project, given.id),
      (now) => now?.state !== 'queued',
      WAIT_MS,
      request.raw,
    )
    if (seen?.state === 'sent' || seen?.state === 'acknowledged') return reply.code(204).send()
    // It may have been given in this very moment.
    const isTaken = !(await delivery.commands.withdraw(project, given.id))
    const last = isTaken ? await delivery.commands.look(project, given.id) : undefined
    const isGiven = last?.state === 'sent' || last?.state === 'acknowledged'
    return isGiven ? reply.code(204).send() : refuse(reply, 'DEVICE_OFFLINE')
  })

  // What is not a WebSocket: seed 003, Receive Commands.
  on('receive commands', async ({ reply }) => refuse(reply, 'PERMISSION_DENIED'))
}
