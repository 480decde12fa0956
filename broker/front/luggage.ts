import type { IPublishPacket } from 'mqtt-packet'
import { type Pair, type Properties, USER_PROPERTIES } from './properties.ts'

/** What the broker does not know of a publish, and whoever hears it is to be told. */
export type Luggage = {
  readonly properties: Properties
  /** When it came, ms. */
  readonly since: number
  /** The session that published it, where somebody does not want to hear itself. */
  readonly from: object | undefined
  readonly isRetained: boolean
}

/**
 * Rides with the payload: Aedes hands on the very Buffer of a publish, to every delivery and through its own memory
 * (aedes-packet, aedes-persistence), and what is noted of it goes when the broker lets go of it. A persistence that
 * writes elsewhere gives back another Buffer: then the message has lost its luggage, and nothing else.
 */
export type LuggageRoom = WeakMap<Uint8Array, Luggage>

const NONE: Properties = new Map()

type Packed = {
  readonly payload: Buffer
  readonly retain: boolean
  readonly mqtt5?: Properties | undefined
}

/** Notes what rides with a publish, where there is something. */
export const pack = (
  room: LuggageRoom,
  { payload, retain, mqtt5 = NONE }: Packed,
  from: object | undefined,
  since: number,
): void => {
  if (mqtt5.size === 0 && !retain && from === undefined) return
  room.set(payload, { properties: mqtt5, since, from, isRetained: retain })
}

type Told = NonNullable<IPublishPacket['properties']>

/** [MQTT5-3.3.2-4], -15, -16, -17, -20: handed on as they came. */
const UNCHANGED = ['contentType', 'responseTopic', 'correlationData'] as const

/** [MQTT5-3.3.2-18]: in their order; an object of mqtt-packet would keep neither order nor repeats. */
const told = (pairs: readonly Pair[]) =>
  pairs.map((pair) => Object.fromEntries([pair])) as unknown as Record<string, string>

/** Seconds that a message has left [MQTT5-3.3.2-6]; `undefined`: as long as it takes. */
const leftOf = ({ properties, since }: Luggage, now: number): number | undefined => {
  const interval = properties.get('messageExpiryInterval') as number | undefined
  return interval === undefined ? undefined : interval - Math.floor((now - since) / 1000)
}

/** The properties of a publish as its hearer is told them. `expired`: he is not [MQTT5-3.3.2-5]. */
export const unpack = (luggage: Luggage, now: number): Told | 'expired' => {
  const left = leftOf(luggage, now)
  if (left !== undefined && left <= 0) return 'expired'
  const { properties } = luggage
  const pairs = properties.get(USER_PROPERTIES) as readonly Pair[] | undefined
  const format = properties.get('payloadFormatIndicator')
  return {
    ...(format === undefined ? {} : { payloadFormatIndicator: format === 1 }),
    ...(left === undefined ? {} : { messageExpiryInterval: left }),
    ...Object.fromEntries(
      UNCHANGED.flatMap((name) => (properties.has(name) ? [[name, properties.get(name)]] : [])),
    ),
    ...(pairs === undefined ? {} : { userProperties: told(pairs) }),
  }
}
