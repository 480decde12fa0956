import { Cursor } from './cursor.ts'
import { type ConnectRead, readConnect } from './decode-connect.ts'
import { type PublishRead, readPublish } from './decode-publish.ts'
import {
  readSubscribe,
  readUnsubscribe,
  type SubscribeRead,
  type UnsubscribeRead,
} from './decode-subscribe.ts'
import { type Fault, malformed, protocolError } from './fault.ts'
import { readProperties } from './properties.ts'
import type { Version } from './version.ts'

type Common = { readonly length: number; retain: boolean; qos: 0 | 1 | 2; dup: boolean }
export type AckRead = Common & {
  readonly cmd: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'
  readonly messageId: number
}
export type BareRead = Common & {
  readonly cmd: 'pingreq' | 'disconnect'
  /** Of a DISCONNECT of MQTT 5: why. 0: the will is not to be sent. */
  readonly reason?: number
  /** And how long the session is to last, seconds; absent: as CONNECT said. */
  readonly sessionExpiryInterval?: number
}

/** A packet of a client in the shape that Aedes takes (that of mqtt-packet), with what MQTT 5 adds. */
export type PacketRead =
  | ConnectRead
  | PublishRead
  | SubscribeRead
  | UnsubscribeRead
  | AckRead
  | BareRead

const ACKS = new Map<number, AckRead['cmd']>([
  [4, 'puback'],
  [5, 'pubrec'],
  [6, 'pubrel'],
  [7, 'pubcomp'],
])

/** [MQTT-2.2.2-1], table 2.2: the flags that each packet must have; PUBLISH has its own. */
const FLAGS = new Map([
  [1, 0],
  [4, 0],
  [5, 0],
  [6, 2],
  [7, 0],
  [8, 2],
  [10, 2],
  [12, 0],
  [14, 0],
  [15, 0],
])

/** MQTT 3.1 had DUP on more packets than PUBLISH, and no reserved flags elsewhere. */
const RESENT = 0x08

const common = (length: number): Common => ({ length, retain: false, qos: 0, dup: false })

/** MQTT 5: the reason codes that a client may give. [MQTT5-3.4.2-1], [MQTT5-3.6.2-1], [MQTT5-3.14.2-1] and their like. */
const RECEIVED = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])
const RELEASED = new Set([0x00, 0x92])
const LEFT = new Set([
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
])

/** What MQTT 5 may add to a packet: a reason, then properties. */
const readReason = (cursor: Cursor, reasons: ReadonlySet<number>, packet: string) => {
  if (cursor.isDone) return { reason: 0, properties: undefined }
  const reason = cursor.u8()
  if (!reasons.has(reason)) cursor.fail(malformed('a reason code that the packet does not have'))
  return { reason, properties: cursor.isDone ? undefined : readProperties(cursor, packet) }
}

const readAck = (cursor: Cursor, cmd: AckRead['cmd'], version: Version): AckRead => {
  const length = cursor.end - cursor.at
  const messageId = cursor.u16()
  if (messageId === 0) cursor.fail(malformed('[MQTT-2.3.1-1] a packet id of zero'))
  if (version !== 5) return { ...common(length), cmd, messageId }
  const isRelease = cmd === 'pubrel' || cmd === 'pubcomp'
  const { reason } = readReason(cursor, isRelease ? RELEASED : RECEIVED, 'puback')
  // [MQTT5-4.3.3-4]: a PUBREC that refuses is the last word on its packet, as a PUBACK is.
  const isLast = cmd === 'pubrec' && reason >= 0x80
  return { ...common(length), cmd: isLast ? 'puback' : cmd, messageId }
}

const readDisconnect = (cursor: Cursor, version: Version): BareRead => {
  const length = cursor.end - cursor.at
  if (version !== 5) return { ...common(length), cmd: 'disconnect' }
  const { reason, properties } = readReason(cursor, LEFT, 'disconnect')
  const sessionExpiryInterval = properties?.get('sessionExpiryInterval') as number | undefined
  const lasting = sessionExpiryInterval === undefined ? {} : { sessionExpiryInterval }
  return { ...common(length), cmd: 'disconnect', reason, ...lasting }
}

const readBody = (
  type: number,
  flags: number,
  cursor: Cursor,
  version: Version,
): PacketRead | undefined => {
  const ack = ACKS.get(type)
  if (ack !== undefined) return readAck(cursor, ack, version)
  switch (type) {
    case 1:
      return readConnect(cursor)
    case 3:
      return readPublish(cursor, flags, version)
    case 8:
      return readSubscribe(cursor, version)
    case 10:
      return readUnsubscribe(cursor, version)
    case 12:
      return { ...common(0), cmd: 'pingreq' }
    case 14:
      return readDisconnect(cursor, version)
    default:
      return undefined
  }
}

/** What came of one packet's bytes. */
export type Decoded = { readonly packet: PacketRead } | { readonly fault: Fault }

/**
 * Reads one whole packet, strictly: `[start, end)` is its body, `header` its first byte. Whatever a specification calls
 * malformed is a fault here, before the broker sees a byte of it.
 */
export const decode = (
  bytes: Buffer,
  header: number,
  start: number,
  end: number,
  version: Version,
): Decoded => {
  const type = header >> 4
  const flags = header & 0x0f
  if (type !== 3 && FLAGS.get(type) !== (version === 3 ? flags & ~RESENT : flags))
    return {
      fault: FLAGS.has(type)
        ? malformed('[MQTT-2.2.2-1] reserved flags')
        : protocolError('a packet that no client sends'),
    }
  const cursor = new Cursor(bytes, start, end)
  const packet = readBody(type, flags, cursor, version)
  if (packet === undefined) return { fault: protocolError('a packet that no client sends') }
  if (cursor.fault === undefined && !cursor.isDone)
    cursor.fail(malformed('bytes after the end of the packet'))
  return cursor.fault === undefined ? { packet } : { fault: cursor.fault }
}
