import type { Cursor } from './cursor.ts'
import { type Fault, malformed, protocolError, REASON_CODES } from './fault.ts'
import { hasWildcard } from './text.ts'

type Kind = 'u8' | 'u16' | 'u32' | 'varint' | 'text' | 'topic' | 'binary' | 'pair'

/** A user property: its name and its value. */
export type Pair = readonly [name: string, value: string]

type Value = number | string | Buffer | Pair

type Row = {
  readonly name: string
  readonly kind: Kind
  readonly on: string
}

/** Where the user properties of a packet lie, in their order. */
export const USER_PROPERTIES = 'userProperties'

/** MQTT 5, table 2-4: the properties that a client may send, and on which packets. */
const PROPERTIES = new Map<number, Row>([
  [0x01, { name: 'payloadFormatIndicator', kind: 'u8', on: 'publish will' }],
  [0x02, { name: 'messageExpiryInterval', kind: 'u32', on: 'publish will' }],
  [0x03, { name: 'contentType', kind: 'text', on: 'publish will' }],
  [0x08, { name: 'responseTopic', kind: 'topic', on: 'publish will' }],
  [0x09, { name: 'correlationData', kind: 'binary', on: 'publish will' }],
  [0x0b, { name: 'subscriptionIdentifier', kind: 'varint', on: 'subscribe' }],
  [0x11, { name: 'sessionExpiryInterval', kind: 'u32', on: 'connect disconnect' }],
  [0x15, { name: 'authenticationMethod', kind: 'text', on: 'connect auth' }],
  [0x16, { name: 'authenticationData', kind: 'binary', on: 'connect auth' }],
  [0x17, { name: 'requestProblemInformation', kind: 'u8', on: 'connect' }],
  [0x18, { name: 'willDelayInterval', kind: 'u32', on: 'will' }],
  [0x19, { name: 'requestResponseInformation', kind: 'u8', on: 'connect' }],
  [0x1f, { name: 'reasonString', kind: 'text', on: 'puback disconnect auth' }],
  [0x21, { name: 'receiveMaximum', kind: 'u16', on: 'connect' }],
  [0x22, { name: 'topicAliasMaximum', kind: 'u16', on: 'connect' }],
  [0x23, { name: 'topicAlias', kind: 'u16', on: 'publish' }],
  [
    0x26,
    {
      name: USER_PROPERTIES,
      kind: 'pair',
      on: 'connect publish will puback subscribe unsubscribe disconnect auth',
    },
  ],
  [0x27, { name: 'maximumPacketSize', kind: 'u32', on: 'connect' }],
])

/** The properties of a packet by name, as mqtt-packet names them. */
export type Properties = ReadonlyMap<string, number | string | Buffer | readonly Pair[]>

const NONE: Properties = new Map()
/** More than that many properties on one packet is nobody's good intention (CVE-2021-41039 elsewhere). */
const MOST = 64
/** Zero is an error: MQTT 5, 3.1.2.11.3, 3.1.2.11.4, 3.3.2.3.4 and 3.8.2.1.2. */
const NEVER_ZERO = new Map<string, number>([
  ['receiveMaximum', REASON_CODES.protocolError],
  ['maximumPacketSize', REASON_CODES.protocolError],
  ['topicAlias', REASON_CODES.topicAliasInvalid],
  ['subscriptionIdentifier', REASON_CODES.protocolError],
])
const BOOLEAN = new Set([
  'payloadFormatIndicator',
  'requestProblemInformation',
  'requestResponseInformation',
])

const readValue = (cursor: Cursor, kind: Kind): Value => {
  switch (kind) {
    case 'u8':
      return cursor.u8()
    case 'u16':
      return cursor.u16()
    case 'u32':
      return cursor.u32()
    case 'varint':
      return cursor.varint()
    case 'text':
      return cursor.text()
    case 'topic': {
      const topic = cursor.text()
      if (topic === '' || hasWildcard(topic))
        cursor.fail(protocolError('[MQTT5-3.3.2-14] a response topic that is none'))
      return topic
    }
    case 'binary':
      return cursor.binary()
    case 'pair':
      return [cursor.text(), cursor.text()]
  }
}

const TOO_MANY: Fault = { code: REASON_CODES.quotaExceeded, rule: 'too many properties' }
const UNKNOWN = malformed('an unknown property')

const misplaced = (row: Row | undefined, packet: string): Fault | undefined => {
  if (row === undefined) return UNKNOWN
  if (row.on.split(' ').includes(packet)) return undefined
  return protocolError(`a property that ${packet} does not have`)
}

/** Reads the properties of one packet, each at most once where the specification says so. */
export const readProperties = (cursor: Cursor, packet: string): Properties => {
  const length = cursor.varint()
  if (length === 0) return NONE
  const end = cursor.at + length
  if (end > cursor.end) {
    cursor.fail(malformed('the properties are longer than their packet'))
    return NONE
  }
  const properties = new Map<string, number | string | Buffer | Pair[]>()
  for (let count = 0; cursor.at < end && cursor.fault === undefined; count++) {
    const row = PROPERTIES.get(cursor.varint())
    const wrong = count < MOST ? misplaced(row, packet) : TOO_MANY
    if (row === undefined || wrong !== undefined) {
      cursor.fail(wrong ?? UNKNOWN)
      return NONE
    }
    const value = readValue(cursor, row.kind)
    if (Array.isArray(value)) {
      const pairs = properties.get(row.name) as Pair[] | undefined
      if (pairs === undefined) properties.set(row.name, [value as Pair])
      else pairs.push(value as Pair)
      continue
    }
    if (properties.has(row.name)) cursor.fail(protocolError(`${row.name} twice`))
    const code = value === 0 ? NEVER_ZERO.get(row.name) : undefined
    if (code !== undefined) cursor.fail({ code, rule: `${row.name} of zero` })
    if (BOOLEAN.has(row.name) && value !== 0 && value !== 1)
      cursor.fail(protocolError(`${row.name} neither 0 nor 1`))
    properties.set(row.name, value as Exclude<Value, Pair>)
  }
  if (cursor.fault === undefined && cursor.at !== end)
    cursor.fail(malformed('a property is longer than the properties'))
  return properties
}
