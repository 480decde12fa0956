import { fields, number, parseJson, text } from '../json.ts'
import { latchkeyApp } from './latchkey-app.ts'
import type {
  BatchResult,
  DeviceSide,
  GatewaySide,
  Heard,
  Message,
  Platform,
  ProvisionSide,
} from './platform.ts'

const ROOT = 'latchkey/v1'

const say = (topic: string, body: unknown): Message => ({
  topic: `${ROOT}/${topic}`,
  payload: JSON.stringify(body),
})

const readers = new Map<string, (payload: unknown) => Heard | undefined>([
  [
    `${ROOT}/claim/result`,
    (payload) => {
      const said = fields(payload)
      const state = text(said, 'state')
      if (state === undefined) return undefined
      return {
        kind: 'result',
        state,
        id: text(said, 'id'),
        reason: text(said, 'reason'),
        expiresAt: text(said, 'expiresAt'),
        epoch: number(said, 'epoch'),
      }
    },
  ],
  [
    `${ROOT}/owner`,
    (payload) => {
      const said = fields(payload)
      const claimed = said?.get('claimed')
      if (typeof claimed !== 'boolean') return undefined
      return { kind: 'owner', claimed, epoch: number(said, 'epoch'), home: text(said, 'home') }
    },
  ],
  [
    `${ROOT}/commands`,
    (payload) => {
      const said = fields(payload)
      const id = text(said, 'id')
      if (id === undefined) return undefined
      return { kind: 'command', id, action: text(said, 'action') ?? '' }
    },
  ],
])

const provision: ProvisionSide = {
  userName: 'provision',
  subscriptions: [`${ROOT}/provision/result`],
  ask: (token) => say('provision', { token }),
  read: (topic, payload) => {
    if (topic !== `${ROOT}/provision/result`) return undefined
    const said = fields(parseJson(payload))
    const id = text(said, 'id')
    const token = text(said, 'token')
    if (id !== undefined && token !== undefined) return { state: 'made', id, token }
    return { state: 'refused', reason: text(said, 'reason') ?? 'unknown' }
  },
}

const device: DeviceSide = {
  subscriptions: [...readers.keys()],
  answers: true,
  open: ({ secret, durationMs }) => say('claim', { secret, durationMs }),
  present: (code) => say('code', { code }),
  provision,
  event: (count) => say('events', { eventType: 'sim', eventData: { count } }),
  ack: (command) => say(`commands/${command}/ack`, {}),
  read: (topic, payload) => readers.get(topic)?.(parseJson(payload)),
}

const outcome = (item: unknown) => ({
  state: text(fields(item), 'state') ?? 'unknown',
  reason: text(fields(item), 'reason'),
})

// CONTRACT 3: "one outcome per item, in order". An object holding the array is understood too, and so is one
// refusal of the whole batch, as a device that is no gateway gets it.
const batchResult = (payload: unknown): BatchResult | undefined => {
  const said = fields(payload)
  if (said?.has('state')) return { kind: 'whole', outcome: outcome(payload) }
  const list = said?.get('results') ?? said?.get('items') ?? payload
  return Array.isArray(list) ? { kind: 'each', outcomes: list.map(outcome) } : undefined
}

const gateway: GatewaySide = {
  subscriptions: [`${ROOT}/gateway/claims/result`],
  answers: true,
  // CONTRACT 3: up to 10 000 items; CONTRACT 6: 1 MiB a packet for a gateway.
  batch: { items: 10_000, bytes: 1_000_000 },
  connect: (name) => say('gateway/connect', { device: name }),
  open: (children) =>
    say(
      'gateway/claims',
      children.map(({ device, secret, durationMs }) => ({ device, secret, durationMs })),
    ),
  read: (topic, payload) =>
    topic === `${ROOT}/gateway/claims/result` ? batchResult(parseJson(payload)) : undefined,
}

/** Latchkey's own API: CONTRACT 2 and 3. */
export const latchkey = {
  device,
  gateway,
  app: latchkeyApp,
  code: (name, secret) => JSON.stringify({ device: name, secret }),
} satisfies Platform
