import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Claimed, Refused } from '../../../shared/model/outcomes.ts'
import type { Reason } from '../../../shared/model/reasons.ts'
import type { User } from '../../../shared/model/records.ts'
import { networkOf } from '../../address.ts'
import { callerOf, mayClaim } from '../../auth.ts'
import { bodyOf, type Sent } from './body.ts'
import { deviceBody } from './entities.ts'
import type { Fault } from './faults.ts'
import type { Room } from './room.ts'

type Named = FastifyRequest<{ Params: { deviceName: string } }>

const LONGEST_NAME = 255
const PATH = '/customer/device/:deviceName/claim'

/** A bare JSON string, not the envelope: research/thingsboard.md 1.4. */
type Word = 'CLAIMED' | 'FAILURE'

const sayWord = (reply: FastifyReply, word: Word) =>
  reply
    .code(400)
    .header('cache-control', 'no-store')
    .type('application/json')
    .send(JSON.stringify(word))

/** Every other refusal is a word. */
const FAULT_OF: { readonly [R in Reason]?: Fault } = {
  'device-unknown': 'not-found',
  'not-permitted': 'not-permitted',
  'too-many-attempts': 'too-many',
}

/** `undefined`: none. `'bad-json'`: not of the documented form. */
const secretOf = (body: Sent): { readonly secret: string | undefined } | 'bad-json' => {
  switch (body.kind) {
    // A missing body is an empty key, not a 500: docs/dialects.md, deviations.
    case 'nothing':
      return { secret: undefined }
    case 'malformed':
      return 'bad-json'
    case 'json': {
      if (body.value === null) return { secret: undefined }
      if (typeof body.value !== 'object' || Array.isArray(body.value)) return 'bad-json'
      const secret = new Map<string, unknown>(Object.entries(body.value)).get('secretKey') ?? ''
      // Jackson takes numbers and booleans as text, like Gson on the device's side.
      if (typeof secret === 'object') return 'bad-json'
      return { secret: String(secret) }
    }
  }
}

/** Claiming and giving up by name: research/thingsboard.md 1.4. */
export const claimRoutes = (app: FastifyInstance, { registry, engine, guards, refuse }: Room) => {
  const { devices } = registry

  const resolve = async ({ project }: User, name: string) =>
    name.length > LONGEST_NAME ? undefined : devices.findByName(project, name)

  const refuseClaim = (reply: FastifyReply, { reason, retryAfterMs }: Refused) => {
    const fault = FAULT_OF[reason]
    if (fault !== undefined) return refuse(reply, fault, { retryAfterMs })
    return sayWord(reply, reason === 'already-yours' ? 'CLAIMED' : 'FAILURE')
  }

  const answerClaim = async (reply: FastifyReply, user: User, outcome: Claimed) => {
    // The platform says so even to the very claim that succeeded, sent again.
    if (!outcome.fresh) return sayWord(reply, 'CLAIMED')
    const device = await devices.get(user.project, outcome.device)
    if (device === undefined) return refuse(reply, 'not-found')
    const claimed = { ...device, owner: outcome.home }
    return reply
      .header('cache-control', 'no-store')
      .send({ device: deviceBody(claimed), response: 'SUCCESS' })
  }

  const noName = (reply: FastifyReply) =>
    refuse(reply, 'bad-request', { message: "Parameter 'deviceName' can't be empty!" })

  app.post(PATH, { onRequest: guards.customer }, async (request: Named, reply) => {
    const { deviceName } = request.params
    if (deviceName.trim() === '') return noName(reply)
    const body = secretOf(bodyOf(request))
    if (body === 'bad-json') return refuse(reply, 'bad-json')
    const { user } = callerOf(request)
    const { outcome } = await engine.redeemDevice({
      project: user.project,
      user: user.id,
      permitted: mayClaim(user),
      home: user.home,
      address: networkOf(request.ip),
      asked: deviceName,
      device: (await resolve(user, deviceName))?.id,
      secret: body.secret,
      via: 'thingsboard',
    })
    return outcome.state === 'refused'
      ? refuseClaim(reply, outcome)
      : answerClaim(reply, user, outcome)
  })

  app.delete(PATH, { onRequest: guards.user }, async (request: Named, reply) => {
    const { deviceName } = request.params
    if (deviceName.trim() === '') return noName(reply)
    const { user } = callerOf(request)
    const device = await resolve(user, deviceName)
    if (device === undefined) return refuse(reply, 'not-found')
    if (!mayClaim(user)) return refuse(reply, 'not-permitted')
    const outcome = await engine.releaseDevice({
      project: user.project,
      device: device.id,
      by:
        user.role === 'maker'
          ? { kind: 'maker', user: user.id }
          : { kind: 'home', home: user.home, user: user.id },
      via: 'thingsboard',
    })
    if (outcome.state === 'released') return reply.send()
    const present = await devices.get(user.project, device.id)
    if (present === undefined) return refuse(reply, 'not-found')
    // There it takes the device away from anybody (issue #6742): docs/dialects.md, deviations.
    return present.owner === undefined ? reply.send() : refuse(reply, 'not-permitted')
  })
}
