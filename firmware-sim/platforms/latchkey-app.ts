import { isDone, type Reply, type Send } from '../http.ts'
import { fields, number, text } from '../json.ts'
import { type AppSide, type ClaimOutcome, type Listed, type Refusal, refusal } from './platform.ts'

const ROOT = '/latchkey/v1'
const at = (...parts: string[]): string => [ROOT, ...parts.map(encodeURIComponent)].join('/')

// A refused claim links its attempt by `Location` (CONTRACT 6, "Refusals").
const no = (reply: Reply): Refusal =>
  refusal(reply, text(fields(reply.body), 'reason'), reply.location?.split('/').at(-1))

const claimed = (reply: Reply): ClaimOutcome => {
  const claim = fields(reply.body)
  return {
    state: 'claimed',
    id: text(claim, 'id'),
    device: text(claim, 'device') ?? text(fields(claim?.get('device')), 'id'),
    epoch: number(claim, 'epoch'),
  }
}

const outcome = (reply: Reply): ClaimOutcome => {
  if (!isDone(reply)) return no(reply)
  const claim = fields(reply.body)
  const state = text(claim, 'state')
  if (state === 'claimed') return claimed(reply)
  const id = text(claim, 'id')
  if (state === 'waiting' && id !== undefined) {
    return { state, id, expiresAt: text(claim, 'expiresAt') }
  }
  return refusal(reply, text(claim, 'reason') ?? state, id)
}

const listed = (item: unknown): Listed[] => {
  const id = text(fields(item), 'id')
  return id === undefined ? [] : [{ id, name: text(fields(item), 'name') ?? id }]
}

// `next` of a page is the `after` of the following one.
const everyDevice = async (send: Send): Promise<readonly Listed[] | Refusal> => {
  const found: Listed[] = []
  let after: string | undefined
  do {
    const query = after === undefined ? '' : `?after=${encodeURIComponent(after)}`
    const reply = await send({ method: 'GET', path: at('devices') + query })
    if (!isDone(reply)) return no(reply)
    const page = fields(reply.body)
    const items = page?.get('items')
    if (Array.isArray(items)) found.push(...items.flatMap(listed))
    const next = text(page, 'next')
    after = next === after ? undefined : next
  } while (after !== undefined)
  return found
}

/** Latchkey's HTTP API: CONTRACT 2. */
export const latchkeyApp: AppSide = {
  authorize: (token) => ({ authorization: `Bearer ${token}` }),
  async signIn(send, { email, password }) {
    const reply = await send({ method: 'POST', path: at('sessions'), body: { email, password } })
    const token = text(fields(reply.body), 'token')
    return isDone(reply) && token !== undefined ? { state: 'done', value: token } : no(reply)
  },
  async claim(send, { device, secret }) {
    return outcome(await send({ method: 'POST', path: at('claims'), body: { device, secret } }))
  },
  async claimByToken(send, thingToken) {
    return outcome(await send({ method: 'POST', path: at('claims'), body: { thingToken } }))
  },
  async look(send, claim, waitMs) {
    return outcome(await send({ method: 'GET', path: `${at('claims', claim)}?waitMs=${waitMs}` }))
  },
  async explain(send, claim) {
    const reply = await send({ method: 'GET', path: at('claims', claim, 'explain') })
    return isDone(reply) ? { state: 'done', value: reply.body } : no(reply)
  },
  async release(send, device) {
    const mine = await everyDevice(send)
    if ('state' in mine) return mine
    // The path takes an id; a name is looked up first.
    const id = mine.find((one) => one.id === device || one.name === device)?.id ?? device
    const reply = await send({ method: 'DELETE', path: at('devices', id, 'owner') })
    return isDone(reply) ? { state: 'done', value: undefined } : no(reply)
  },
  async devices(send) {
    const mine = await everyDevice(send)
    return 'state' in mine ? mine : { state: 'done', value: mine }
  },
  async create(send, { name, gateway }) {
    const reply = await send({ method: 'POST', path: at('devices'), body: { name, gateway } })
    const id = text(fields(reply.body), 'id')
    const token = text(fields(reply.body), 'token')
    if (!isDone(reply) || id === undefined || token === undefined) return no(reply)
    return { state: 'done', value: { id, token } }
  },
}
