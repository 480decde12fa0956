import { setTimeout as pause } from 'node:timers/promises'
import { isDone, type Reply, type Send } from '../http.ts'
import { fields, text } from '../json.ts'
import { type AppSide, type ClaimOutcome, type Listed, type Refusal, refusal } from './platform.ts'

const MINE = '/v2/me/things'
/** Nobody tells an app that waits: it asks again this often. */
const ASK_AGAIN_MS = 500

const no = (reply: Reply): Refusal => refusal(reply, text(fields(reply.body), 'message'))

// The messages of the manual, "How to Link a Thing".
const outcome = (reply: Reply, linkId: string): ClaimOutcome => {
  const said = fields(reply.body)
  const message = text(said, 'message')
  if (isDone(reply) && message === 'linked')
    return { state: 'claimed', id: undefined, device: text(said, 'thingId'), epoch: undefined }
  if (isDone(reply) && message === 'waiting for thing')
    return { state: 'waiting', id: linkId, expiresAt: undefined }
  return no(reply)
}

const link = async (send: Send, linkId: string): Promise<ClaimOutcome> =>
  outcome(await send({ method: 'POST', path: `${MINE}/link-id`, body: { linkId } }), linkId)

// The id is `_id` there: research/mode_thethings_thingful.md 2.2.
const listed = (item: unknown): Listed[] => {
  const id = text(fields(item), '_id')
  return id === undefined ? [] : [{ id, name: text(fields(item), 'name') ?? id }]
}

const things = async (send: Send): Promise<readonly Listed[] | Refusal> => {
  const reply = await send({ method: 'GET', path: MINE })
  return isDone(reply) && Array.isArray(reply.body) ? reply.body.flatMap(listed) : no(reply)
}

/** thethings.io's HTTP API for apps, as far as linking needs it: research/mode_thethings_thingful.md 2.2. */
export const thethingsApp: AppSide = {
  // The bare token, without a scheme.
  authorize: (token) => ({ authorization: token }),
  async signIn(send, { email, password }) {
    const body = { email, password, app: 'default' }
    const reply = await send({ method: 'POST', path: '/v2/login', body })
    const token = text(fields(reply.body), 'token')
    return isDone(reply) && token !== undefined ? { state: 'done', value: token } : no(reply)
  },
  claim: (send, { device, secret }) => link(send, secret ?? device),
  async claimByToken(send, thingToken) {
    return outcome(await send({ method: 'POST', path: MINE, body: { thingToken } }), '')
  },
  async look(send, linkId, waitMs) {
    const until = performance.now() + waitMs
    for (;;) {
      const answer = await link(send, linkId)
      const leftMs = until - performance.now()
      if (answer.state !== 'waiting' || leftMs <= 0) return answer
      await pause(Math.min(ASK_AGAIN_MS, leftMs))
    }
  },
  async release(send, device) {
    const mine = await things(send)
    if ('state' in mine) return mine
    const id = mine.find((one) => one.id === device || one.name === device)?.id ?? device
    const reply = await send({ method: 'DELETE', path: `${MINE}/${encodeURIComponent(id)}` })
    return isDone(reply) ? { state: 'done', value: undefined } : no(reply)
  },
  async devices(send) {
    const mine = await things(send)
    return 'state' in mine ? mine : { state: 'done', value: mine }
  },
}
