import type { SubscribeOptions } from './decode-subscribe.ts'
import { matches } from './filters.ts'

/** What a client is subscribed to, with what MQTT 5 adds. */
export type Subscribed = {
  readonly qos: 0 | 1 | 2
  readonly identifier: number | undefined
  readonly noLocal: boolean
  readonly asPublished: boolean
  /** Whether its retained messages were asked for when it was made. */
  readonly wantsRetained: boolean
}

/** The subscriptions of a session by filter, the one that was asked for last at the end. */
export type Hearing = Map<string, Subscribed>

/** All that the subscriptions that match a topic say about its messages; the broker sends one copy for all of them. */
export type Heard = {
  qos: 0 | 1 | 2
  readonly identifiers: number[]
  /** Whether it hears what it has published itself. */
  hearsItself: boolean
  asPublished: boolean
  wantsRetained: boolean
}

/** Notes a subscription; MQTT 5, 3.8.4: it takes the place of the one before it with the same filter. */
export const note = (
  hearing: Hearing,
  filter: string,
  qos: 0 | 1 | 2,
  { noLocal, asPublished, retainHandling }: SubscribeOptions,
  identifier: number | undefined,
): void => {
  const isNew = !hearing.delete(filter)
  // [MQTT5-3.3.1-9] to [MQTT5-3.3.1-11]
  const wantsRetained = retainHandling === 0 || (retainHandling === 1 && isNew)
  hearing.set(filter, { qos, identifier, noLocal, asPublished, wantsRetained })
}

/** Whether there is a subscription that does not want what its own client publishes. */
export const hasNoLocal = (hearing: Hearing): boolean => {
  for (const { noLocal } of hearing.values()) if (noLocal) return true
  return false
}

/** `undefined`: none matches; the session is older than what is known of it. */
export const heardOf = (hearing: Hearing, topic: string): Heard | undefined => {
  let heard: Heard | undefined
  for (const [filter, subscribed] of hearing) {
    if (!matches(filter, topic)) continue
    heard ??= {
      qos: 0,
      identifiers: [],
      hearsItself: false,
      asPublished: false,
      wantsRetained: false,
    }
    // [MQTT5-3.3.4-2]: the highest of all that match.
    if (subscribed.qos > heard.qos) heard.qos = subscribed.qos
    if (subscribed.identifier !== undefined) heard.identifiers.push(subscribed.identifier)
    heard.hearsItself ||= !subscribed.noLocal
    heard.asPublished ||= subscribed.asPublished
    // Retained messages follow a SUBSCRIBE: it is the last one that has asked for them.
    heard.wantsRetained = subscribed.wantsRetained
  }
  return heard
}
