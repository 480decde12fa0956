import type { Cursor } from './cursor.ts'
import { malformed, protocolError, REASON_CODES } from './fault.ts'
import { type Properties, readProperties } from './properties.ts'
import { hasWildcard } from './text.ts'

export type ConnectRead = {
  cmd: 'connect'
  readonly length: number
  retain: false
  qos: 0
  dup: false
  topic: null
  payload: null
  readonly protocolId: string
  /** As the client said; the broker is told 4 for a client of MQTT 5. */
  protocolVersion: number
  clean: boolean
  keepalive: number
  clientId: string
  username?: string
  password?: Buffer
  will?: { topic: string; payload: Buffer; qos: 0 | 1 | 2; retain: boolean }
  readonly mqtt5: Properties
  /** The properties of the will of MQTT 5. */
  willProperties?: Properties
}

const NONE: Properties = new Map()
/** [MQTT-3.1.2-1]: the protocol's name belongs to its level. */
const NAMES = new Map([
  ['MQIsdp', [3]],
  ['MQTT', [4, 5]],
])

/** Reads a CONNECT of MQTT 3.1, 3.1.1 or 5. */
export const readConnect = (cursor: Cursor): ConnectRead => {
  const length = cursor.end - cursor.at
  const protocolId = cursor.text()
  const protocolVersion = cursor.u8()
  const levels = NAMES.get(protocolId)
  if (levels === undefined) cursor.fail(protocolError('[MQTT-3.1.2-1] another protocol'))
  else if (!levels.includes(protocolVersion))
    cursor.fail({
      code: REASON_CODES.unsupportedProtocolVersion,
      rule: '[MQTT-3.1.2-2] an unknown level',
    })
  const flags = cursor.u8()
  const keepalive = cursor.u16()
  const mqtt5 = protocolVersion === 5 ? readProperties(cursor, 'connect') : NONE
  const clientId = cursor.text()

  if (flags & 0x01) cursor.fail(malformed('[MQTT-3.1.2-3] the reserved flag is set'))
  const hasWill = (flags & 0x04) !== 0
  const willQos = ((flags >> 3) & 0x03) as 0 | 1 | 2 | 3
  const willRetain = (flags & 0x20) !== 0
  if (willQos === 3) cursor.fail(malformed('[MQTT-3.1.2-14] a will of QoS 3'))
  if (!hasWill && (willQos !== 0 || willRetain))
    cursor.fail(malformed('[MQTT-3.1.2-11] will flags without a will'))
  const hasPassword = (flags & 0x40) !== 0
  const hasUsername = (flags & 0x80) !== 0
  if (hasPassword && !hasUsername && protocolVersion < 5)
    cursor.fail(malformed('[MQTT-3.1.2-22] a password without a user name'))
  const clean = (flags & 0x02) !== 0
  if (clientId === '' && (protocolVersion === 3 || (!clean && protocolVersion < 5)))
    cursor.fail({
      code: REASON_CODES.clientIdentifierNotValid,
      rule: '[MQTT-3.1.3-8] no client id and a lasting session, or none in MQTT 3.1',
    })
  if (mqtt5.has('authenticationData') && !mqtt5.has('authenticationMethod'))
    cursor.fail(protocolError('MQTT 5, 3.1.2.11.10: authentication data without a method'))

  const packet: ConnectRead = {
    cmd: 'connect',
    length,
    retain: false,
    qos: 0,
    dup: false,
    topic: null,
    payload: null,
    protocolId,
    protocolVersion,
    clean,
    keepalive,
    clientId,
    mqtt5,
  }
  if (hasWill) {
    if (protocolVersion === 5) packet.willProperties = readProperties(cursor, 'will')
    const topic = cursor.text()
    if (topic === '' || hasWildcard(topic))
      cursor.fail({
        code: REASON_CODES.topicNameInvalid,
        rule: '[MQTT-3.3.2-2] a will topic that is none',
      })
    packet.will = { topic, payload: cursor.binary(), qos: willQos as 0 | 1 | 2, retain: willRetain }
  }
  if (hasUsername) packet.username = cursor.text()
  if (hasPassword) packet.password = cursor.binary()
  return packet
}
