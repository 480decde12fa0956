import type { Cursor } from './cursor.ts'
import { malformed, protocolError, REASON_CODES } from './fault.ts'
import { readProperties } from './properties.ts'
import { isFilter } from './text.ts'
import type { Version } from './version.ts'

type Common = {
  readonly length: number
  retain: false
  qos: 0 | 1
  dup: false
  readonly messageId: number
}
export type SubscribeRead = Common & {
  cmd: 'subscribe'
  subscriptions: { topic: string; qos: 0 | 1 | 2 }[]
}
export type UnsubscribeRead = Common & { cmd: 'unsubscribe'; unsubscriptions: string[] }

const readHead = (cursor: Cursor, version: Version, packet: string): Common => {
  const length = cursor.end - cursor.at
  const messageId = cursor.u16()
  if (messageId === 0) cursor.fail(malformed('[MQTT-2.3.1-1] a packet id of zero'))
  if (version === 5 && readProperties(cursor, packet).has('subscriptionIdentifier'))
    cursor.fail({
      code: REASON_CODES.subscriptionIdentifiersNotSupported,
      rule: 'MQTT 5, 3.2.2.3.12: a subscription identifier, which CONNACK says we do not have',
    })
  // Aedes expects what mqtt-packet reads from the fixed header 0x82: QoS 1.
  return { length, retain: false, qos: 1, dup: false, messageId }
}

const readFilter = (cursor: Cursor): string => {
  const filter = cursor.text()
  if (filter === '') cursor.fail(malformed('[MQTT-4.7.3-1] an empty filter'))
  if (!isFilter(filter)) cursor.fail(malformed('[MQTT-4.7.1-2] a wildcard out of its place'))
  return filter
}

const NO_LOCAL = 0x04

/** MQTT 5, 3.8.3.1: the bits beside the QoS. */
const readOptions = (cursor: Cursor, version: Version, filter: string): 0 | 1 | 2 => {
  const options = cursor.u8()
  const qos = options & 0x03
  if (qos === 3) cursor.fail(protocolError('[MQTT-3.8.3-4] QoS 3'))
  if (options & (version === 5 ? 0xc0 : 0xfc))
    cursor.fail(malformed('[MQTT-3.8.3-4] reserved bits'))
  if ((options & 0x30) === 0x30) cursor.fail(protocolError('retain handling 3'))
  if (options & NO_LOCAL && filter.startsWith('$share/'))
    cursor.fail(protocolError('[MQTT5-3.8.3-4] no-local on a shared subscription'))
  return qos as 0 | 1 | 2
}

/** Reads a SUBSCRIBE: at least one filter, each well-formed. */
export const readSubscribe = (cursor: Cursor, version: Version): SubscribeRead => {
  const head = readHead(cursor, version, 'subscribe')
  const subscriptions: SubscribeRead['subscriptions'] = []
  while (!cursor.isDone) {
    const topic = readFilter(cursor)
    subscriptions.push({ topic, qos: readOptions(cursor, version, topic) })
  }
  if (subscriptions.length === 0) cursor.fail(protocolError('[MQTT-3.8.3-3] no filter'))
  return { ...head, cmd: 'subscribe', subscriptions }
}

/** Reads an UNSUBSCRIBE: at least one filter, each well-formed. */
export const readUnsubscribe = (cursor: Cursor, version: Version): UnsubscribeRead => {
  const head = readHead(cursor, version, 'unsubscribe')
  const unsubscriptions: string[] = []
  while (!cursor.isDone) unsubscriptions.push(readFilter(cursor))
  if (unsubscriptions.length === 0) cursor.fail(protocolError('[MQTT-3.10.3-2] no filter'))
  return { ...head, cmd: 'unsubscribe', unsubscriptions }
}
