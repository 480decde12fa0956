import type { IPublishPacket } from 'mqtt-packet'
import type { PublishRead } from './decode-publish.ts'
import { type Fault, protocolError, REASON_CODES } from './fault.ts'

/** Puts the topic into a publish that has only its number. */
export type Unalias = (publish: PublishRead) => Fault | undefined

/** MQTT 5, 3.3.2.3.4: a topic said once, then a number for it. Puts the topic into a publish that has only the number. */
export const createAliases = (most: number): Unalias => {
  /** Made with the first alias: most clients have none. */
  let topics: Map<number, string> | undefined
  return (publish: PublishRead): Fault | undefined => {
    const alias = publish.mqtt5?.get('topicAlias') as number | undefined
    if (alias === undefined) return undefined
    if (alias > most)
      return {
        code: REASON_CODES.topicAliasInvalid,
        rule: '[MQTT5-3.3.2-9] an alias over the maximum',
      }
    if (publish.topic !== '') {
      topics ??= new Map()
      topics.set(alias, publish.topic)
      return undefined
    }
    const topic = topics?.get(alias)
    if (topic === undefined) return protocolError('an alias that stands for nothing')
    publish.topic = topic
    return undefined
  }
}

/** The same for what a client is sent, up to its Topic Alias Maximum: the first topics get a number each. */
export const createOwnAliases = (most: number) => {
  const numbers = new Map<string, number>()
  return {
    /** The packet as it is to be sent: with the number of its topic, and with the topic itself the first time. */
    shorten: (packet: IPublishPacket): IPublishPacket => {
      const { topic, properties } = packet
      const known = numbers.get(topic)
      if (known === undefined && numbers.size >= most) return packet
      const topicAlias = known ?? numbers.size + 1
      return {
        ...packet,
        topic: known === undefined ? topic : '',
        properties: { ...properties, topicAlias },
      }
    },
    /** A packet on this topic was sent: what it said of its number is known to the client. */
    sent: (topic: string): void => {
      if (numbers.size < most && !numbers.has(topic)) numbers.set(topic, numbers.size + 1)
    },
  }
}
