import { refuse } from './faults.ts'
import { formOf } from './form.ts'
import { time } from './replies.ts'
import type { Room } from './room.ts'

const stateOf = formOf({ deviceId: 'integer', claimable: 'boolean', duration: 'integer' })

/** A device lets itself be claimed, or no longer: seed 003, Device Registration. */
export const registrationRoutes = ({ engine, now, on }: Room) => {
  on('set claim mode', async ({ caller: { device }, request, reply, absent }) => {
    const form = stateOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    const { deviceId, claimable, duration } = form
    if (deviceId === undefined || claimable === undefined)
      return refuse(reply, 'MISSING_PARAMETERS')
    if (deviceId !== device.number) return absent()
    if (claimable && duration !== undefined && duration <= 0)
      return refuse(reply, 'INVALID_PARAMETER')
    const durationMs = duration === undefined ? {} : { durationMs: duration * 1000 }
    const outcome = await engine.setClaimMode({
      project: device.project,
      device: device.id,
      mode: claimable ? { kind: 'on', ...durationMs } : { kind: 'off' },
      via: 'mode',
    })
    switch (outcome.state) {
      case 'refused':
        return absent()
      case 'open':
        return reply.send({ claimExpirationTime: time(outcome.expiresAt) })
      case 'closed':
        // The answer has no other member: research/mode_thethings_thingful.md 1.11 (3).
        return reply.send({ claimExpirationTime: time(now()) })
    }
  })
}
