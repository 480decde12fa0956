import type { Packet } from 'mqtt-packet'
import type { Visit } from './exchange.ts'
import { REASON_CODES } from './fault.ts'
import { notAuthorized, type Subscriptions } from './subscriptions.ts'

type TranslationOptions = {
  readonly subscriptions: Subscriptions
  /** What the client shares with others; `undefined`: it is a device. */
  readonly visit: () => Visit | undefined
  /** Gives the broker a packet in the client's name. */
  readonly tellBroker: (packet: object) => void
}

/** A broker of 3.1.1 refuses without a reason, and so says ours for it. */
const unspecified = () => REASON_CODES.unspecifiedError

/** MQTT 5 to 3.1.1 (research/tech.md 1.2): what the broker acknowledges is put into the client's words. */
export const createTranslation = ({ subscriptions, visit, tellBroker }: TranslationOptions) => {
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

  const translatePubrec = (packet: Packet, messageId: number): Packet => {
    const reasonCode = takeCode(messageId)
    if (reasonCode < 0x80) return { ...packet, reasonCode } as Packet
    // [MQTT5-4.3.3-4]: a refused QoS 2 publish is over for the client; the broker waits for a PUBREL.
    underWay.delete(messageId)
    refused.add(messageId)
    tellBroker({ cmd: 'pubrel', messageId, qos: 1, dup: false, retain: false })
    return { ...packet, reasonCode } as Packet
  }

  const translateSuback = (packet: Packet, messageId: number): Packet => {
    const { granted } = packet as { granted: number[] }
    const explain = visit() === undefined ? notAuthorized : unspecified
    return { ...packet, granted: subscriptions.answer(messageId, granted, explain) } as Packet
  }

  return {
    /** Everything but CONNACK and PUBLISH. */
    translate: (packet: Packet): Packet | undefined => {
      const messageId = packet.messageId as number
      switch (packet.cmd) {
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
          return translateSuback(packet, messageId)
        case 'unsuback':
          return { ...packet, granted: subscriptions.left(messageId) }
        default:
          return packet
      }
    },
    /** The client has sent a publish that is to be acknowledged. Answers how many there are. */
    expect: (messageId: number): number => underWay.add(messageId).size,
    /** The reason code for the acknowledgement of a publish. */
    answer: (messageId: number, reasonCode: number): void => {
      codes.set(messageId, reasonCode)
    },
  }
}

export type Translation = ReturnType<typeof createTranslation>
