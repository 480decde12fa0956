/** What bytes can be said as. */
export type Part = number | string | Uint8Array | readonly number[]

/** Bytes from numbers, lists and texts, put together as they come: nothing is checked, so that anything can be said. */
export const raw = (...parts: readonly Part[]): Buffer =>
  Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.from([part])
      return typeof part === 'string' ? Buffer.from(part) : Buffer.from(part)
    }),
  )

/** A text or binary field: two bytes of length before it. */
export const field = (value: Part): Buffer => {
  const body = raw(value)
  return raw(body.length >> 8, body.length & 0xff, body)
}

/** A variable byte integer; `least`: at least so many bytes, padded with zeros. */
export const varint = (value: number, least = 1): Buffer => {
  const digits: number[] = []
  for (let rest = value; digits.length < least || rest > 0; rest = Math.floor(rest / 128))
    digits.push(rest % 128)
  return raw(digits.map((digit, place) => (place < digits.length - 1 ? digit | 0x80 : digit)))
}

/** A packet: its first byte, the right length, and its body. */
export const packet = (header: number, ...body: readonly Part[]): Buffer => {
  const bytes = raw(...body)
  return raw(header, varint(bytes.length), bytes)
}

/** Properties of MQTT 5: their length, then they. */
export const properties = (...parts: readonly Part[]): Buffer => {
  const bytes = raw(...parts)
  return raw(varint(bytes.length), bytes)
}

type Connect = {
  readonly header?: number
  readonly name?: Part
  readonly level?: number
  /** Clean session and user name, unless said otherwise. */
  readonly flags?: number
  readonly keepAlive?: number
  /** For level 5; the whole field, its length included. */
  readonly properties?: Part
  readonly id?: Part
  /** Between the client id and the user name. */
  readonly will?: Part
  /** `undefined`: no field at all. */
  readonly username: Part | undefined
  readonly tail?: Part
}

/** A CONNECT with any of its fields as wrong as wanted. */
export const connect = ({
  header = 0x10,
  level = 4,
  name = level === 3 ? 'MQIsdp' : 'MQTT',
  flags = 0x82,
  keepAlive = 60,
  properties = level === 5 ? [0] : [],
  id = 'row',
  will = [],
  username,
  tail = [],
}: Connect): Buffer =>
  packet(
    header,
    field(name),
    level,
    flags,
    keepAlive >> 8,
    keepAlive & 0xff,
    properties,
    field(id),
    will,
    username === undefined ? [] : field(username),
    tail,
  )

export const PING = raw(0xc0, 0x00)

/** A PUBLISH; `id` and `properties` only where they are given. */
export const publish = (
  header: number,
  topic: Part,
  { id, properties = [], payload = 'x' }: { id?: number; properties?: Part; payload?: Part } = {},
): Buffer =>
  packet(header, field(topic), id === undefined ? [] : [id >> 8, id & 0xff], properties, payload)

/** A SUBSCRIBE of MQTT 3.1.1: filters and their options. */
export const subscribe = (...filters: readonly (readonly [Part, number])[]): Buffer =>
  packet(0x82, 0, 7, ...filters.map(([filter, options]) => raw(field(filter), options)))

/** A SUBSCRIBE of MQTT 5. */
export const subscribe5 = (
  properties: Part,
  ...filters: readonly (readonly [Part, number])[]
): Buffer =>
  packet(0x82, 0, 7, properties, ...filters.map(([filter, options]) => raw(field(filter), options)))
