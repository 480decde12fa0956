import { setTimeout as sleep } from 'node:timers/promises'
import type { Device } from './app.ts'
import type { Client } from './asking.ts'
import { halfOf } from './half.ts'
import { type Link, openLink } from './link.ts'

const V1 = 'latchkey/v1'
const DURATION_MS = 600_000
const MOST_TRIES = 12
const PATIENCE_MS = 30_000

/** What leaves the half of a device: the device itself, or the gateway that speaks for it. */
export type Speaker = {
  /** Opens a window, again until it is acknowledged. False: nobody took it. */
  readonly offer: (device: Device, secret: string) => Promise<boolean>
  readonly close: () => Promise<void>
}

type Message = { readonly state?: unknown; readonly reason?: unknown; readonly device?: unknown }

const parsed = (payload: string): unknown => {
  try {
    return JSON.parse(payload)
  } catch {
    return undefined
  }
}

type How = {
  readonly client: Client
  readonly link: Link
  readonly publish: (link: Link, device: Device, secret: string) => ReturnType<Link['publish']>
  /** Refusals that came, by device; a result comes before its PUBACK. */
  readonly refusals: Map<string, string>
}

const createSpeaker = ({ client, link, publish, refusals }: How): Speaker => ({
  async offer(device, secret) {
    const { recorder, random } = client
    const until = performance.now() + PATIENCE_MS
    for (let tries = 0; tries < MOST_TRIES && performance.now() < until; ) {
      refusals.delete(device.name)
      const called = recorder.now()
      const how = await publish(link, device, secret)
      if (how === 'unsent') {
        await sleep(random.between(50, 100))
        continue
      }
      tries++
      const reason = refusals.get(device.name)
      recorder.note({
        ...{ op: 'offer', process: client.name, device: device.id, half: halfOf(secret) },
        ...{ proof: 'window', durationMs: DURATION_MS, called, returned: recorder.now() },
        result:
          how === 'lost'
            ? { kind: 'unknown' }
            : reason === undefined
              ? { kind: 'ok' }
              : { kind: 'refused', reason },
      })
      if (how === 'done') return reason === undefined
    }
    return false
  },
  close: link.close,
})

/** A device that is connected by itself, and is told who its owner is. */
export const connectDevice = (client: Client, device: Device): Speaker => {
  const refusals = new Map<string, string>()
  const { recorder, name: process } = client
  recorder.note({ op: 'listener', process, hears: 'state', device: device.id })
  const hearOwner = (payload: unknown) => {
    const { epoch, home = null } = (payload ?? {}) as { epoch?: number; home?: string }
    if (epoch === undefined) return recorder.saw('I6', `${process} cannot read its owner`)
    const told = { device: device.id, epoch, owner: home, at: recorder.now() }
    recorder.note({ op: 'notice', process, id: `epoch ${epoch}`, ...told })
  }
  const link = openLink({
    ...{ client, token: device.token },
    subscriptions: [`${V1}/owner`, `${V1}/claim/result`],
    onMessage(topic, text) {
      const payload = parsed(text)
      if (topic === `${V1}/owner`) return hearOwner(payload)
      const { state, reason } = (payload ?? {}) as Message
      if (state === 'refused') refusals.set(device.name, String(reason))
    },
  })
  return createSpeaker({
    ...{ client, link, refusals },
    publish: (used, _device, secret) =>
      used.publish(`${V1}/claim`, { secret, durationMs: DURATION_MS }),
  })
}

/** A gateway that speaks for devices which have no connection of their own. */
export const connectGateway = (client: Client, gateway: Device): Speaker => {
  const refusals = new Map<string, string>()
  const link = openLink({
    ...{ client, token: gateway.token, subscriptions: [`${V1}/gateway/claims/result`] },
    onMessage(_topic, text) {
      const outcomes = parsed(text)
      for (const { device, state, reason } of Array.isArray(outcomes) ? outcomes : [])
        if (state === 'refused') refusals.set(String(device), String(reason))
    },
  })
  return createSpeaker({
    ...{ client, link, refusals },
    publish: (used, { name: device }, secret) =>
      used.publish(`${V1}/gateway/claims`, [{ device, secret, durationMs: DURATION_MS }]),
  })
}
