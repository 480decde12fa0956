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
export type BareRead = Common & { readonly cmd: 'pingreq' | 'disconnect' }

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

const common = (length: number): Common => ({ length, retain: false, qos: 0, dup: false })

const readAck = (cursor: Cursor, cmd: AckRead['cmd'], version: Version): AckRead => {
  const length = cursor.end - cursor.at
  const messageId = cursor.u16()
  // MQTT 5 may add a reason and properties; a client's reason changes nothing for us.
  if (version === 5 && !cursor.isDone) {
    cursor.u8()
    if (!cursor.isDone) readProperties(cursor, 'puback')
  }
  if (messageId === 0) cursor.fail(malformed('[MQTT-2.3.1-1] a packet id of zero'))
  return { ...common(length), cmd, messageId }
}

const readDisconnect = (cursor: Cursor, version: Version): BareRead => {
  const length = cursor.end - cursor.at
  if (version === 5 && !cursor.isDone) {
    cursor.u8()
    if (!cursor.isDone) readProperties(cursor, 'disconnect')
  }
  return { ...common(length), cmd: 'disconnect' }
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
  if (type !== 3 && FLAGS.get(type) !== flags)
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
