import { fields, parseJson, text } from '../json.ts'
import { type DeviceSide, type Heard, type Message, OWN_TOKEN, type Platform } from './platform.ts'
import { thethingsApp } from './thethings-app.ts'

const OWN = `v2/things/${OWN_TOKEN}`
const LINK = `${OWN}/link-id`

const say = (topic: string, body: unknown): Message => ({ topic, payload: JSON.stringify(body) })

const result = (state: string, reason?: string): Heard => ({
  ...{ kind: 'result', state, reason },
  ...{ id: undefined, expiresAt: undefined, epoch: undefined },
})

// The messages of the manual, "Link Thing with a shared id from the device".
const linkAnswer = (payload: string): Heard | undefined => {
  const said = fields(parseJson(payload))
  const message = text(said, 'message')
  if (text(said, 'status') === 'error') return result('refused', message)
  if (message === 'waiting for app') return result('open')
  if (message !== 'linked') return undefined
  return { kind: 'owner', claimed: true, epoch: undefined, home: undefined }
}

// Facts: research/mode_thethings_thingful.md 2.3 and 2.4. What a device opens is its half of a shared id, for 24 hours.
const device: DeviceSide = {
  subscriptions: [OWN, LINK],
  hasTokenInTopics: true,
  answers: true,
  open: ({ secret }) => say(LINK, { linkId: secret }),
  event: (count) => say(OWN, { values: [{ key: 'count', value: count }] }),
  // There are no commands, so nobody asks for it.
  ack: (command) => say(OWN, { values: [{ key: 'ack', value: command }] }),
  read: (topic, payload) => (topic === LINK ? linkAnswer(payload) : undefined),
}

/** thethings.io, as its own firmware and apps speak it. A gateway there is a client that knows many tokens. */
export const thethings = {
  device,
  app: thethingsApp,
  // Ours: the platform leaves it to the maker how both learn the shared id.
  code: (name, secret) => JSON.stringify({ device: name, secret }),
} satisfies Platform
