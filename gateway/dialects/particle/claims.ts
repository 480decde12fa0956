import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Refused } from '../../../shared/model/outcomes.ts'
import type { Device, User } from '../../../shared/model/records.ts'
import { networkOf } from '../../address.ts'
import { callerOf, isMember, mayClaim } from '../../auth.ts'
import { type Letters, lettersToOwners } from '../../transfer-letters.ts'
import { particleIdOf, productIdOf } from './device-body.ts'
import { badField, refuse } from './faults.ts'
import { fieldsOf, isTrue, queryOf } from './fields.ts'
import { findDevice } from './finding.ts'
import type { Room } from './room.ts'

/** Claiming by id, and asking the owner for what is his: research/particle.md 1.3, 2.1. */
export const claimRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, engine, guards, now } = room
  const { presences, projects } = registry

  const refuseClaim = (reply: FastifyReply, { reason, retryAfterMs }: Refused): FastifyReply => {
    switch (reason) {
      case 'too-many-attempts':
        return refuse(reply, 'too-many', { retryAfterMs })
      case 'owned-by-another':
        return refuse(reply, 'owned-by-another')
      case 'not-permitted':
        return refuse(reply, 'not-permitted')
      default:
        return refuse(reply, 'no-device', {
          words:
            'device not found: it has to be known here, and connected, to be claimed by its id',
        })
    }
  }

  const claimedBody = async (user: User, device: Device, isConnected: boolean) => {
    const project = await projects.get(user.project)
    const product = project === undefined ? undefined : productIdOf(project)
    const isCustomer = project !== undefined && product === project.number
    const id = particleIdOf(device)
    return {
      ...(isCustomer ? { customer_id: user.id } : { user_id: user.id }),
      ...{ product_id: product, updated_at: new Date(now()).toISOString() },
      // The members of the platform's reply, and those of its client library's type: research/particle.md 0.8.
      ...{ id, deviceID: id, claimed: true, connected: isConnected, ok: true },
    }
  }

  /** What is in one of his homes already is his: that is no error there (research/particle.md 2.1). */
  const homeFor = async (user: User, device: Device | undefined) =>
    device?.owner !== undefined && (await isMember(registry, user, device.owner))
      ? device.owner
      : user.home

  const claim = async (
    request: FastifyRequest,
    reply: FastifyReply,
    device: Device | undefined,
    asked: string,
  ) => {
    const { user } = callerOf(request)
    const [present] = device === undefined ? [] : await presences.of([device])
    const isConnected = present?.isConnected ?? false
    const home = await homeFor(user, device)
    const { outcome } = await engine.redeemDevice({
      ...{ project: user.project, user: user.id, home, permitted: mayClaim(user) },
      ...{ address: networkOf(request.ip), asked, device: device?.id, secret: undefined },
      byId: { isConnected },
      via: 'particle',
    })
    if (outcome.state === 'refused' || device === undefined)
      return outcome.state === 'refused' ? refuseClaim(reply, outcome) : refuse(reply, 'no-device')
    return reply.send(await claimedBody(user, device, isConnected))
  }

  const ask = async (user: User, reply: FastifyReply, device: Device) => {
    let letters: Letters | undefined
    const asked = await engine.askForTransfer(
      { project: user.project, user: user.id, home: user.home, device: device.id },
      async (transfer) => {
        const made = await lettersToOwners(room, device, transfer)
        if ('state' in made) return made
        letters = made
        return made.change
      },
    )
    if (asked.state === 'refused') return refuseClaim(reply, asked)
    letters?.wake()
    return reply.send({ transfer_id: asked.transfer.id })
  }

  app.post('/devices', { preHandler: guards.owner }, async (request, reply) => {
    const { user } = callerOf(request)
    const [fields, query] = [fieldsOf(request), queryOf(request)]
    const id = fields.get('id') ?? query.get('id')
    if (id === undefined || id === '' || id.length > 64) return badField(reply, 'id is required')
    const device = await findDevice(room, user.project, id)
    const wantsTransfer =
      isTrue(fields.get('request_transfer')) || isTrue(query.get('request_transfer'))
    const isForeign = device?.owner !== undefined && (await homeFor(user, device)) !== device.owner
    if (device === undefined || !wantsTransfer || !isForeign)
      return claim(request, reply, device, id)
    return ask(user, reply, device)
  })
}
