import { deliver, inOrder } from '../connection.ts'
import type { Handler, MqttDialect } from '../dialect.ts'

const CODE = 'spark/device/claim/code'
const CONFIRM = 'spark/device/claim/confirm'
const FORM = /^[A-Za-z0-9+/]{63}$/

/**
 * A device presents the code that it was given. There is no negative answer: its firmware forgets the code and takes itself for
 * claimed at anything below `spark/device/claim/` (research/particle.md 0.2), so a refusal is silence, whatever was sent.
 */
const present: Handler = async ({ engine, log }, connection, payload, reply) => {
  const code = Buffer.from(payload).toString('latin1')
  if (!FORM.test(code)) return 'acknowledged'
  const { project, device } = connection
  const outcome = await inOrder(connection, () =>
    engine.presentCode({ project, device, code, via: 'particle' }),
  )
  // Empty: the code is a secret, and the firmware reads nothing but the topic.
  if (outcome.state === 'claimed') await deliver(connection, CONFIRM, '', log, reply)
  return 'acknowledged'
}

/** Particle's claim over MQTT: CONTRACT 4, 6. Everything else a device says and hears on our own topics. */
export const particle: MqttDialect = {
  name: 'particle',
  publishes: new Map([[CODE, present]]),
  subscribes: new Set([CONFIRM]),
}
