import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { checker } from '../../../shared/check.ts'
import { linkBody, linkOf, refusalBody, THING_TOKEN } from '../../../shared/dialects/thethings.ts'
import { thingIdOf } from '../../../shared/guard/digests.ts'
import type { Refused } from '../../../shared/model/outcomes.ts'
import type { User } from '../../../shared/model/records.ts'
import { networkOf } from '../../address.ts'
import { callerOf, isMember, mayClaim } from '../../auth.ts'
import { badField, refuse, sendError } from './faults.ts'
import { sendBody } from './replies.ts'
import type { Room } from './room.ts'
import { thingsOf } from './things-of.ts'

const thingTokenOf = checker(
  Type.Object({ thingToken: Type.String({ minLength: 1, maxLength: 256 }) }),
)

/** How an app links a thing to its user, and gives it up: seed 000. */
export const linkRoutes = (app: FastifyInstance, { registry, engine, signedIn }: Room) => {
  const { devices } = registry

  const accountOf = (user: User) => ({
    project: user.project,
    user: user.id,
    home: user.home,
    permitted: mayClaim(user),
    via: 'thethings',
  })

  const retryOf = ({ retryAfterMs }: Refused) => retryAfterMs

  app.post('/me/things', { onRequest: signedIn }, async (request, reply) => {
    const { user } = callerOf(request)
    const body = thingTokenOf(request.body)
    if (!body.ok) return badField(reply, 'thingToken is required')
    const { thingToken } = body.value
    const found = THING_TOKEN.test(thingToken) ? await devices.findByToken(thingToken) : undefined
    const device = found?.project === user.project ? found.id : undefined
    const { outcome } = await engine.redeemDevice({
      ...accountOf(user),
      address: networkOf(request.ip),
      asked: 'a thing token',
      device,
      secret: undefined,
      hasCredential: true,
    })
    if (outcome.state === 'refused') return sendError(reply, refusalBody(outcome), retryOf(outcome))
    return sendBody(reply, linkBody(outcome, 'thing', thingIdOf(outcome.device)))
  })

  app.post('/me/things/link-id', { onRequest: signedIn }, async (request, reply) => {
    const { user } = callerOf(request)
    const body = linkOf(request.body)
    if (!body.ok) return badField(reply, 'linkId is required, of 1 to 256 characters')
    const { linkId } = body.value
    const { outcome } = await engine.linkByAccount({ ...accountOf(user), linkId })
    if (outcome.state === 'refused') return sendError(reply, refusalBody(outcome), retryOf(outcome))
    const thingId = outcome.state === 'claimed' ? thingIdOf(outcome.device) : ''
    return sendBody(reply, linkBody(outcome, 'thing', thingId))
  })

  app.delete<{ Params: { thingId: string } }>(
    '/me/things/:thingId',
    { onRequest: signedIn },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { thingId } = request.params
      const thing = await devices.findByThingId(user.project, thingId)
      if (thing?.owner === undefined || !(await isMember(registry, user, thing.owner)))
        return refuse(reply, 'no-thing')
      const outcome = await engine.releaseDevice({
        project: user.project,
        device: thing.id,
        by: { kind: 'home', home: thing.owner, user: user.id },
        via: 'thethings',
      })
      // Somebody of his home was faster.
      if (outcome.state === 'refused') return refuse(reply, 'no-thing')
      return reply.send({ status: 'success', message: 'unlinked', thingId })
    },
  )

  app.get('/me/things', { onRequest: signedIn }, async (request, reply) => {
    const things = await thingsOf(registry, callerOf(request).user)
    return reply.send(things.map(({ thingId, name }) => ({ _id: thingId, thingId, name })))
  })
}
