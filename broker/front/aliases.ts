import type { PublishRead } from './decode-publish.ts'
import { type Fault, protocolError, REASON_CODES } from './fault.ts'

/** MQTT 5, 3.3.2.3.4: a topic said once, then a number for it. Puts the topic into a publish that has only the number. */
export const createAliases = (most: number) => {
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
