import type { Cursor } from './cursor.ts'
import { malformed, protocolError } from './fault.ts'
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
  /** Of MQTT 5, one for each subscription. */
  readonly options: readonly SubscribeOptions[]
  /** Of MQTT 5, 3.8.2.1.2: it comes with every publish that the subscriptions match. */
  readonly identifier?: number
}

/** MQTT 5, 3.8.3.1, beside the QoS. */
export type SubscribeOptions = {
  readonly noLocal: boolean
  readonly asPublished: boolean
  /** Retained messages at once: 0 always, 1 for a new subscription only, 2 never. */
  readonly retainHandling: 0 | 1 | 2
}
export type UnsubscribeRead = Common & { cmd: 'unsubscribe'; unsubscriptions: string[] }

const readHead = (cursor: Cursor): Common => {
  const length = cursor.end - cursor.at
  const messageId = cursor.u16()
  if (messageId === 0) cursor.fail(malformed('[MQTT-2.3.1-1] a packet id of zero'))
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
const AS_PUBLISHED = 0x08

type Asked = { readonly qos: 0 | 1 | 2; readonly options: SubscribeOptions }

/** MQTT 5, 3.8.3.1: QoS and options of one filter; 3.1.1 has the QoS only. */
const readOptions = (cursor: Cursor, version: Version, filter: string): Asked => {
  const bits = cursor.u8()
  const qos = bits & 0x03
  if (qos === 3) cursor.fail(protocolError('[MQTT-3.8.3-4] QoS 3'))
  if (bits & (version === 5 ? 0xc0 : 0xfc)) cursor.fail(malformed('[MQTT-3.8.3-4] reserved bits'))
  const retainHandling = (bits & 0x30) >> 4
  if (retainHandling === 3) cursor.fail(protocolError('retain handling 3'))
  const noLocal = (bits & NO_LOCAL) !== 0
  if (noLocal && filter.startsWith('$share/'))
    cursor.fail(protocolError('[MQTT5-3.8.3-4] no-local on a shared subscription'))
  return {
    qos: qos as 0 | 1 | 2,
    options: {
      noLocal,
      asPublished: (bits & AS_PUBLISHED) !== 0,
      retainHandling: retainHandling as 0 | 1 | 2,
    },
  }
}

/** Reads a SUBSCRIBE: at least one filter, each well-formed. */
export const readSubscribe = (cursor: Cursor, version: Version): SubscribeRead => {
  const head = readHead(cursor)
  const properties = version === 5 ? readProperties(cursor, 'subscribe') : undefined
  const identifier = properties?.get('subscriptionIdentifier') as number | undefined
  const subscriptions: SubscribeRead['subscriptions'] = []
  const options: SubscribeOptions[] = []
  while (!cursor.isDone) {
    const topic = readFilter(cursor)
    const asked = readOptions(cursor, version, topic)
    subscriptions.push({ topic, qos: asked.qos })
    if (version === 5) options.push(asked.options)
  }
  if (subscriptions.length === 0) cursor.fail(protocolError('[MQTT-3.8.3-3] no filter'))
  const identified = identifier === undefined ? {} : { identifier }
  return { ...head, cmd: 'subscribe', subscriptions, options, ...identified }
}

/** Reads an UNSUBSCRIBE: at least one filter, each well-formed. */
export const readUnsubscribe = (cursor: Cursor, version: Version): UnsubscribeRead => {
  const head = readHead(cursor)
  if (version === 5) readProperties(cursor, 'unsubscribe')
  const unsubscriptions: string[] = []
  while (!cursor.isDone) unsubscriptions.push(readFilter(cursor))
  if (unsubscriptions.length === 0) cursor.fail(protocolError('[MQTT-3.10.3-2] no filter'))
  return { ...head, cmd: 'unsubscribe', unsubscriptions }
}
