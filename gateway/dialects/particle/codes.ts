import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { callerOf } from '../../auth.ts'
import { particleIdOf } from './device-body.ts'
import { badField, refuse } from './faults.ts'
import { fieldsOf } from './fields.ts'
import { ownDevices } from './finding.ts'
import type { Room } from './room.ts'

/** Claim codes: research/particle.md 1.3, 2. A code belongs to the account that made it, and so to its product. */
export const codeRoutes = (app: FastifyInstance, room: Room) => {
  const { engine, guards } = room

  const make = async (request: FastifyRequest, reply: FastifyReply) => {
    const fields = fieldsOf(request)
    // A code that is printed on a SIM card can be guessed.
    if (fields.has('imei') || fields.has('iccid'))
      return badField(reply, 'imei and iccid are not taken as claim codes')
    const { user } = callerOf(request)
    const made = await engine.makeCode({
      ...{ project: user.project, user: user.id, home: user.home, form: 'particle' },
      via: 'particle',
    })
    if (made.state === 'refused')
      return made.reason === 'too-many-attempts'
        ? refuse(reply, 'too-many', { retryAfterMs: made.retryAfterMs })
        : refuse(reply, 'not-permitted')
    const devices = await ownDevices(room, user)
    return reply.header('cache-control', 'no-store').send({
      claim_code: made.code,
      device_ids: devices.map(particleIdOf),
      expires_at: new Date(made.expiresAt).toISOString(),
    })
  }

  app.post('/device_claims', { preHandler: guards.owner }, make)
  for (const url of [
    '/products/:product/device_claims',
    '/orgs/:org/products/:product/device_claims',
  ])
    app.post(url, { preHandler: guards.customer }, make)
}
