import { fields, parseJson, text } from '../json.ts'
import type { DeviceSide, GatewaySide, Message, Platform, Window } from './platform.ts'
import { thingsboardApp } from './thingsboard-app.ts'

const say = (topic: string, body: unknown): Message => ({ topic, payload: JSON.stringify(body) })

const claimInfo = ({ secret, durationMs }: Window) => ({ secretKey: secret, durationMs })

const REQUEST = 'v1/devices/me/rpc/request/'

// Facts: research/thingsboard.md 1.1. The platform tells a device nothing about a claim.
const device: DeviceSide = {
  subscriptions: ['v1/devices/me/attributes', `${REQUEST}+`],
  answers: false,
  open: (window) => say('v1/devices/me/claim', claimInfo(window)),
  event: (count) => say('v1/devices/me/telemetry', { count }),
  ack: (command) => say(`v1/devices/me/rpc/response/${command}`, {}),
  read(topic, payload) {
    if (!topic.startsWith(REQUEST)) return undefined
    const action = text(fields(parseJson(payload)), 'method') ?? ''
    return { kind: 'command', id: topic.slice(REQUEST.length), action }
  },
}

// Facts: research/thingsboard.md 3. One PUBACK for the whole batch and no result.
const gateway: GatewaySide = {
  subscriptions: [],
  answers: false,
  // ThingsBoard's transport takes 64 KiB in one packet (NETTY_MAX_PAYLOAD_SIZE).
  batch: { items: 10_000, bytes: 60_000 },
  connect: (name) => say('v1/gateway/connect', { device: name }),
  open: (children) =>
    say(
      'v1/gateway/claim',
      Object.fromEntries(children.map((child) => [child.device, claimInfo(child)])),
    ),
  read: () => undefined,
}

/** ThingsBoard, as its own firmware and apps speak it. */
export const thingsboard = {
  device,
  gateway,
  app: thingsboardApp,
  // The convention of its mobile app: research/thingsboard.md 4.
  code: (name, secret) => JSON.stringify({ deviceName: name, secretKey: secret }),
} satisfies Platform
