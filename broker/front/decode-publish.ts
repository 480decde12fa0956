import type { Cursor } from './cursor.ts'
import { malformed, protocolError, REASON_CODES } from './fault.ts'
import { type Properties, readProperties } from './properties.ts'
import { hasWildcard } from './text.ts'
import type { Version } from './version.ts'

export type PublishRead = {
  cmd: 'publish'
  readonly length: number
  retain: boolean
  qos: 0 | 1 | 2
  dup: boolean
  /** Empty only in MQTT 5, with a topic alias. */
  topic: string
  payload: Buffer
  messageId?: number
  readonly mqtt5?: Properties
}

/** Reads a PUBLISH. A topic alias is not resolved yet. */
export const readPublish = (cursor: Cursor, flags: number, version: Version): PublishRead => {
  const length = cursor.end - cursor.at
  const qos = ((flags >> 1) & 0x03) as 0 | 1 | 2 | 3
  if (qos === 3) cursor.fail(malformed('[MQTT-3.3.1-4] QoS 3'))
  const dup = (flags & 0x08) !== 0
  if (dup && qos === 0) cursor.fail(malformed('[MQTT-3.3.1-2] DUP with QoS 0'))
  const topic = cursor.text()
  if (hasWildcard(topic))
    cursor.fail({
      code: REASON_CODES.topicNameInvalid,
      rule: '[MQTT-3.3.2-2] a wildcard in a topic name',
    })
  const packet: PublishRead = {
    cmd: 'publish',
    length,
    retain: (flags & 0x01) !== 0,
    qos: qos as 0 | 1 | 2,
    dup,
    topic,
    payload: EMPTY,
  }
  if (qos > 0) {
    packet.messageId = cursor.u16()
    if (packet.messageId === 0) cursor.fail(malformed('[MQTT-2.3.1-1] a packet id of zero'))
  }
  const mqtt5 = version === 5 ? readProperties(cursor, 'publish') : undefined
  if (topic === '' && !mqtt5?.has('topicAlias'))
    cursor.fail(protocolError('[MQTT-4.7.3-1] an empty topic'))
  packet.payload = cursor.rest()
  return mqtt5 === undefined ? packet : { ...packet, mqtt5 }
}

const EMPTY = Buffer.alloc(0)
