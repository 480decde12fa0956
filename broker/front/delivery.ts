import type { IPublishPacket } from 'mqtt-packet'
import { createOwnAliases } from './aliases.ts'
import type { Visit } from './exchange.ts'
import { type Heard, heardOf } from './hearing.ts'
import type { Limits } from './limits.ts'
import { type Luggage, unpack } from './luggage.ts'
import { bytesOf, type Send } from './outbound.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { Promised } from './v5.ts'
import { createWindow } from './window.ts'

type Parcel = {
  readonly packet: IPublishPacket
  readonly luggage: Luggage | undefined
  readonly heard: Heard | undefined
}

type DeliveryOptions = {
  readonly promised: Promised
  readonly limits: Limits
  readonly subscriptions: Subscriptions
  /** What the client shares with others; `undefined`: it is a device, and hears only us. */
  readonly visit: () => Visit | undefined
  readonly send: Send
  /** Gives the broker a packet in the client's name. */
  readonly tellBroker: (packet: object) => void
  /** The client takes too little of what is sent to it. */
  readonly onFull: () => void
}

/** What the broker publishes to a client of MQTT 5: whether it is sent, when, and with what. */
export const createDelivery = (options: DeliveryOptions) => {
  const { promised, limits, subscriptions, visit, send, tellBroker, onFull } = options
  const { maximumPacketSize, receiveMaximum, topicAliasMaximum } = promised
  const aliases = createOwnAliases(Math.min(topicAliasMaximum, limits.topicAliases))

  /** What is not sent is as good as acknowledged: else the broker keeps it for the session. */
  const drop = ({ qos, messageId }: IPublishPacket): false => {
    const present = visit()
    if (qos === 0 || messageId === undefined || !present?.isLasting()) return false
    present.session.sent.delete(messageId)
    tellBroker({ cmd: 'puback', messageId })
    return false
  }

  /** The packet with the words of MQTT 5; `undefined`: it has expired. */
  const address = ({ packet, luggage, heard }: Parcel): IPublishPacket | undefined => {
    const now = visit()?.now
    if (now === undefined) return packet
    const told = luggage === undefined ? {} : unpack(luggage, now())
    if (told === 'expired') return undefined
    const identifiers = heard?.identifiers ?? []
    // [MQTT5-3.3.4-3], [MQTT5-3.3.4-4]
    const subscriptionIdentifier = identifiers as unknown as number
    const properties = identifiers.length === 0 ? told : { ...told, subscriptionIdentifier }
    // [MQTT5-3.3.1-12], [MQTT5-3.3.1-13]
    const retain = packet.retain || (luggage?.isRetained === true && heard?.asPublished === true)
    return { ...packet, retain, properties }
  }

  /** [MQTT5-3.3.1-1]: a repeat says so. */
  const repeats = ({ qos, messageId }: IPublishPacket): boolean => {
    const sent = visit()?.session.sent
    if (sent === undefined || qos === 0 || messageId === undefined) return false
    const isRepeat = sent.has(messageId)
    sent.add(messageId)
    return isRepeat
  }

  const dispatch = (parcel: Parcel): boolean => {
    const addressed = address(parcel)
    if (addressed === undefined) return drop(parcel.packet)
    const packet = aliases.shorten(addressed)
    // [MQTT5-3.1.2-25]: what is too large for the client is as good as delivered.
    if (maximumPacketSize !== Number.POSITIVE_INFINITY && bytesOf(packet) > maximumPacketSize)
      return drop(packet)
    send(repeats(packet) ? { ...packet, dup: true } : packet)
    aliases.sent(addressed.topic)
    return true
  }

  const window = createWindow<Parcel>({
    receiveMaximum,
    backlogBytes: limits.backlogBytes,
    send: dispatch,
  })

  const admit = (parcel: Parcel): void => {
    if (window.admit(parcel) === 'full') onFull()
  }

  /** Not what the client did not want: [MQTT5-3.8.3-3], [MQTT5-3.3.1-9] to [MQTT5-3.3.1-11]. */
  const isWanted = ({ packet, luggage, heard }: Parcel, session: object): boolean => {
    if (heard === undefined) return true
    if (packet.retain) return heard.wantsRetained
    return heard.hearsItself || luggage?.from !== session
  }

  /** [MQTT5-3.8.4-8]: at most what was granted; what the broker has stored has the publisher's QoS. */
  const lower = (packet: IPublishPacket, heard: Heard | undefined): IPublishPacket => {
    if (heard === undefined || heard.qos >= packet.qos) return packet
    if (heard.qos === 0) drop(packet)
    return { ...packet, qos: heard.qos }
  }

  return {
    /** The broker publishes; `body` is the payload as it holds it. */
    take: (packet: IPublishPacket, body: Uint8Array | undefined): void => {
      const present = visit()
      if (present === undefined) {
        admit({ packet, luggage: undefined, heard: undefined })
        return
      }
      const luggage = body && present.luggage.get(body)
      const heard = heardOf(subscriptions.hearing(), packet.topic)
      const parcel = { packet: lower(packet, heard), luggage, heard }
      if (isWanted(parcel, present.session)) admit(parcel)
      else drop(packet)
    },
    /** The client has acknowledged one of ours. */
    release: (messageId: number): void => {
      visit()?.session.sent.delete(messageId)
      window.release(messageId)
    },
    /** Bytes of all that it has not acknowledged. */
    bytes: window.bytes,
  }
}
