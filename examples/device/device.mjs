import { randomInt } from 'node:crypto'
import mqtt from 'mqtt'

// A lamp that can be claimed, switched, and tells of it. Native topics: docs/mqtt.md.
const { DEVICE_TOKEN, LATCHKEY_MQTT = 'mqtt://127.0.0.1:1883' } = process.env
const CLAIM = 'latchkey/v1/claim'
const RESULT = 'latchkey/v1/claim/result'
const OWNER = 'latchkey/v1/owner'
const COMMANDS = 'latchkey/v1/commands'
const EVENTS = 'latchkey/v1/events'
const WINDOW_MS = 300_000

// The credential is the user name; a broker that does not know it says so, and trying again would not help.
const client = mqtt.connect(LATCHKEY_MQTT, { username: DEVICE_TOKEN, clientId: 'lamp' })
client.on('error', ({ code, message }) => {
  console.error(message)
  if (code === 4 || code === 5) process.exit(1)
})

// QoS 1: what the broker has acknowledged is stored.
const say = (topic, body) => client.publish(topic, JSON.stringify(body), { qos: 1 })

let isOn = false

/** Whoever reads what the lamp shows, and types it within five minutes, has it. */
const openWindow = () => {
  const secret = `${randomInt(100, 1000)}-${randomInt(100, 1000)}`
  say(CLAIM, { secret, durationMs: WINDOW_MS })
  console.log(`To claim me, type ${secret}`)
}

const HEARD = {
  // On subscribing, and on every change. A lamp that was released can be claimed again.
  [OWNER]: ({ claimed }) => {
    if (!claimed) openWindow()
  },
  // It comes again as `claimed` when somebody has used the window.
  [RESULT]: ({ state, reason }) => {
    if (state === 'claimed') say(EVENTS, { eventType: 'light', eventData: { isOn } })
    console.log(reason === undefined ? state : `${state}: ${reason}`)
  },
  // It stays in the queue, and comes again, until it is acknowledged.
  [COMMANDS]: ({ id, action, parameters }) => {
    if (action === 'switch') isOn = parameters?.isOn === true
    console.log(isOn ? 'shining' : 'dark')
    say(`${COMMANDS}/${id}/ack`, { isOn })
    say(EVENTS, { eventType: 'light', eventData: { isOn } })
  },
}

client.on('message', (topic, body) => HEARD[topic]?.(JSON.parse(body)))
client.on('connect', () => client.subscribe(Object.keys(HEARD), { qos: 1 }))
process.on('SIGTERM', () => client.end(false, () => process.exit(0)))
