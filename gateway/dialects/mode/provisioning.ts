import { createAccess } from './access.ts'
import { refuse } from './faults.ts'
import { formOf } from './form.ts'
import { time } from './replies.ts'
import type { Room } from './room.ts'

const wantedOf = formOf({ deviceClass: 'text', deviceTag: 'text' })
const LONGEST_NAME = 255

/** A member begins to add a device that is not there yet: seed 003, Initiate On-Demand Device Provisioning. */
export const provisioningRoutes = (room: Room) => {
  const { engine, on } = room
  const { homeFor } = createAccess(room)

  on('provision device', async ({ caller: { user, ...caller }, request, reply, absent }) => {
    const home = await homeFor({ ...caller, user }, request.params.homeId)
    if (home === undefined) return absent()
    const form = wantedOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    const { deviceClass, deviceTag: tag } = form
    if (deviceClass === undefined) return refuse(reply, 'MISSING_PARAMETERS')
    if (deviceClass.length > LONGEST_NAME || (tag?.length ?? 0) > LONGEST_NAME)
      return refuse(reply, 'INVALID_PARAMETER')
    const wanted = { project: home.project, user: user.id, home: home.id, deviceClass, tag }
    const made = await engine.makeProvisioningToken(wanted)
    if (made.state === 'refused')
      return made.reason === 'too-many-attempts'
        ? refuse(reply, 'TOO_MANY_REQUESTS', made.retryAfterMs)
        : absent()
    return reply
      .header('cache-control', 'no-store')
      .send({ token: made.token, expirationTime: time(made.expiresAt) })
  })
}
