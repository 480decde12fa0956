import type { IPublishPacket, Packet } from 'mqtt-packet'
import { REASON_CODES } from './fault.ts'
import type { Limits } from './limits.ts'
import { bytesOf } from './outbound.ts'
import type { createSubscriptions } from './subscriptions.ts'
import { connack, type Promised } from './v5.ts'
import { createWindow } from './window.ts'

type TranslationOptions = {
  readonly promised: Promised
  readonly limits: Limits
  readonly packetBytes: () => number
  readonly subscriptions: ReturnType<typeof createSubscriptions>
  /** Sends to the client, past the translation. */
  readonly send: (packet: Packet) => void
  /** Gives the broker a packet in the client's name. */
  readonly tellBroker: (packet: object) => void
  /** The client takes too little of what is sent to it. */
  readonly onFull: () => void
}

/** MQTT 5 to 3.1.1 (research/tech.md 1.2): what the broker writes is put into the client's words. */
export const createTranslation = (options: TranslationOptions) => {
  const { promised, limits, packetBytes, subscriptions, send, tellBroker, onFull } = options
  const { receiveMaximum } = promised
  const { backlogBytes } = limits
  const window = createWindow({ receiveMaximum, backlogBytes, send })
  const codes = new Map<number, number>()
  /** Publishes of QoS 1 and 2 that the client waits for. */
  const underWay = new Set<number>()
  /** Of those with QoS 2, the refused ones, which the broker still holds. */
  const refused = new Set<number>()

  const takeCode = (messageId: number): number => {
    const code = codes.get(messageId) ?? REASON_CODES.success
    codes.delete(messageId)
    return code
  }

  const translatePublish = (packet: IPublishPacket): Packet | undefined => {
    // [MQTT5-3.1.2-25]: what is too large for the client is as good as delivered.
    const { maximumPacketSize } = promised
    if (maximumPacketSize !== Number.POSITIVE_INFINITY && bytesOf(packet) > maximumPacketSize)
      return undefined
    switch (window.admit(packet)) {
      case 'now':
        return packet
      case 'later':
        return undefined
      case 'full':
        onFull()
        return undefined
    }
  }

  const translatePubrec = (packet: Packet, messageId: number): Packet => {
    const reasonCode = takeCode(messageId)
    if (reasonCode < 0x80) return { ...packet, reasonCode } as Packet
    // [MQTT5-4.3.3-4]: a refused QoS 2 publish is over for the client; the broker waits for a PUBREL.
    underWay.delete(messageId)
    refused.add(messageId)
    tellBroker({ cmd: 'pubrel', messageId, qos: 1, dup: false, retain: false })
    return { ...packet, reasonCode } as Packet
  }

  const translate = (packet: Packet): Packet | undefined => {
    const messageId = packet.messageId as number
    switch (packet.cmd) {
      case 'connack':
        return connack(packet.returnCode ?? 0, limits, packetBytes(), promised)
      case 'puback':
        underWay.delete(messageId)
        return { ...packet, reasonCode: takeCode(messageId) }
      case 'pubrec':
        return translatePubrec(packet, messageId)
      case 'pubcomp':
        if (refused.delete(messageId)) return undefined
        underWay.delete(messageId)
        return packet
      case 'suback':
        return {
          ...packet,
          granted: subscriptions.answer(messageId, packet.granted as number[], true),
        }
      case 'unsuback':
        return { ...packet, granted: subscriptions.left(messageId) }
      case 'publish':
        return translatePublish(packet)
      default:
        return packet
    }
  }

  return {
    translate,
    /** The client has sent a publish that is to be acknowledged. Answers how many there are. */
    expect: (messageId: number): number => underWay.add(messageId).size,
    /** The client has acknowledged one of ours. */
    release: window.release,
    /** The reason code for the acknowledgement of a publish. */
    answer: (messageId: number, reasonCode: number): void => {
      codes.set(messageId, reasonCode)
    },
  }
}

export type Translation = ReturnType<typeof createTranslation>
