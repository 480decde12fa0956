import type { Duplex } from 'node:stream'
import type { Packet } from 'mqtt-packet'
import type { PacketSink } from '../port.ts'
import type { Unalias } from './aliases.ts'
import type { BareRead } from './decode.ts'
import type { Exchange, Visit } from './exchange.ts'
import { type Fault, type FrontEvent, REASON_CODES } from './fault.ts'
import type { Limits } from './limits.ts'
import type { Send } from './outbound.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'
import { createThrottle, type Throttle } from './throttle.ts'
import type { Translation } from './translation.ts'
import type { Promised } from './v5.ts'
import type { Version } from './version.ts'

export type FrontOptions = {
  readonly limits: Limits
  readonly onEvent: (event: FrontEvent) => void
  /** What the clients of MQTT 5 on topics of the broker's own share. Absent: all clients are devices. */
  readonly exchange?: Exchange
}

/** What speaks MQTT 5 to the client, and 3.1.1 to the broker for it. */
export type Fifth = {
  readonly send: Send
  readonly promised: Promised
  readonly translation: Translation
  /** What the client shares with others; `undefined` for a device, and before it is let in. */
  readonly visit: () => Visit | undefined
  /** The client has acknowledged one of our publishes. */
  readonly release: (messageId: number) => void
  /** The broker has done all that letting a client in takes. */
  readonly settleIn: () => void
  /** The client leaves, by DISCONNECT or without a word. Only the first time counts. */
  readonly leave: (goodbye: BareRead | undefined) => void
}

/** One connection, as all the rooms of its front see it. */
export type Line = FrontOptions & {
  readonly sink: PacketSink
  readonly stream: Duplex
  readonly throttle: Throttle
  /** Made with the first SUBSCRIBE that needs it. */
  subscriptions: Subscriptions | undefined
  /** Made with the first alias. */
  unalias: Unalias | undefined
  /** `undefined` before its CONNECT. */
  version: Version | undefined
  /** What speaks MQTT 5 to the client. */
  fifth: Fifth | undefined
  /** What a packet may have. */
  packetBytes: number
  /** A device: it shares nothing with others. */
  isConfined: boolean
  /** The highest QoS of a subscription. */
  grantedQos: 0 | 1 | 2
  /** The CONNACK that lets it in was sent. */
  isWelcome: boolean
  /** Nothing of it is read any more, and nothing more is said. */
  isOver: boolean
}

/** A connection on which nothing has been said. */
export const newLine = (sink: PacketSink, stream: Duplex, options: FrontOptions): Line => ({
  ...options,
  sink,
  stream,
  throttle: createThrottle({
    perSecond: options.limits.publishesPerSecond,
    pause: sink.pause,
    resume: sink.resume,
  }),
  subscriptions: undefined,
  unalias: undefined,
  version: undefined,
  fifth: undefined,
  packetBytes: options.limits.packetBytes,
  isConfined: options.exchange === undefined,
  grantedQos: options.limits.grantedQos,
  isWelcome: false,
  isOver: false,
})

const LINGER_MS = 1000

/** Lets the client read what was said, but not for long. */
export const hangUp = ({ stream }: Line): void => {
  stream.end()
  setTimeout(() => stream.destroy(), LINGER_MS).unref()
}

/** What the client is subscribed to. */
export const subscriptionsOf = (line: Line): Subscriptions => {
  line.subscriptions ??= createSubscriptions()
  return line.subscriptions
}

/** Who hears only us has no use for QoS 2. */
const CONFINED_QOS = 1

/** The client is a device. */
export const confine = (line: Line): void => {
  line.isConfined = true
  line.grantedQos = Math.min(line.grantedQos, CONFINED_QOS) as 0 | 1
}

/** The server's last word, to who can read one. Idempotent. */
export const end = (line: Line, reasonCode: number): void => {
  if (line.isOver) return
  line.isOver = true
  // [MQTT5-3.14.0-1]: no DISCONNECT before the CONNACK.
  if (line.fifth === undefined || !line.isWelcome || line.stream.destroyed) {
    line.stream.destroy()
    return
  }
  line.fifth.send({ cmd: 'disconnect', reasonCode } as Packet)
  hangUp(line)
}

/** Ends a connection for what came on it. */
export const cut = (line: Line, { code, rule }: Fault): void => {
  if (line.isOver) return
  line.onEvent({ what: 'fault', rule })
  end(line, code)
}

/** It takes or acknowledges too little of what is sent to it. */
export const cutFull = (line: Line): void =>
  cut(line, { code: REASON_CODES.quotaExceeded, rule: 'it acknowledges too little' })
