import type { SubscribeOptions, SubscribeRead } from './decode-subscribe.ts'
import { REASON_CODES } from './fault.ts'
import { type Hearing, note } from './hearing.ts'

/** One filter of a SUBSCRIBE. `refused`: the code with which the broker need not be asked. */
type Asked = {
  readonly filter: string
  readonly qos: 0 | 1 | 2
  readonly options: SubscribeOptions
  readonly identifier: number | undefined
  readonly refused: number | undefined
}

const PLAIN: SubscribeOptions = { noLocal: false, asPublished: false, retainHandling: 0 }

/** Why a filter is refused before the broker is asked; `undefined`: it is not. */
export type Refuse = (filter: string, hearing: Hearing) => number | undefined

/** The reason code of MQTT 5 for what the broker refuses, which says no more than that. */
export type Explain = (filter: string) => number

/** A device hears its own topics: everything else is not its business. */
export const notAuthorized: Explain = (filter) =>
  filter.startsWith('$share/')
    ? REASON_CODES.sharedSubscriptionsNotSupported
    : REASON_CODES.notAuthorized

/**
 * One code for each filter, repeats included [MQTT-3.9.3-1]: the broker answers for distinct filters only. For
 * MQTT 5 the codes are said in its words, and what was granted is noted.
 */
export const createSubscriptions = () => {
  // Made when they are first needed: most connections never need one of them.
  /** What a SUBSCRIBE asked, until its SUBACK comes back from the broker; only where that has to be changed. */
  let asked: Map<number, readonly Asked[]> | undefined
  let leaving: Map<number, readonly string[]> | undefined
  let hearing: Hearing | undefined

  const heard = (): Hearing => {
    hearing ??= new Map()
    return hearing
  }

  const remember = (messageId: number, filters: readonly Asked[]): void => {
    asked ??= new Map()
    asked.set(messageId, filters)
  }

  const take = (messageId: number): readonly Asked[] => {
    const filters = asked?.get(messageId) ?? []
    asked?.delete(messageId)
    return filters
  }

  /** The broker's codes by filter. */
  const byFilter = (filters: readonly Asked[], codes: readonly number[]) => {
    const distinct = new Set(
      filters.flatMap(({ filter, refused }) => (refused === undefined ? [filter] : [])),
    )
    return new Map([...distinct].map((filter, place) => [filter, codes[place] ?? 0x80]))
  }

  return {
    /** What the client hears, by filter. */
    hearing: heard,
    /** Goes on with the subscriptions of an earlier connection. */
    resume: (earlier: Hearing): void => {
      hearing = earlier
    },
    /** A SUBSCRIBE with the same packet id needs no change. */
    forget: (messageId: number): void => {
      asked?.delete(messageId)
    },
    /** A SUBSCRIBE whose SUBACK has to be changed. The broker is not asked for what `refuse` refuses; whether it is asked for anything. */
    ask: (packet: SubscribeRead, refuse?: Refuse): boolean => {
      const { messageId, subscriptions, options, identifier } = packet
      const filters = subscriptions.map(({ topic, qos }, place) => ({
        ...{ filter: topic, qos, identifier },
        options: options[place] ?? PLAIN,
        refused: refuse?.(topic, heard()),
      }))
      remember(messageId, filters)
      packet.subscriptions = subscriptions.filter((_, place) => !filters[place]?.refused)
      return packet.subscriptions.length > 0
    },
    isAsked: (messageId: number): boolean => asked?.has(messageId) ?? false,
    /** The codes of a SUBACK, one for each filter that was asked. */
    answer: (messageId: number, codes: readonly number[], explain?: Explain): number[] => {
      const filters = take(messageId)
      const answers = byFilter(filters, codes)
      return filters.map(({ filter, qos, options, identifier, refused }) => {
        if (refused !== undefined) return refused
        const code = answers.get(filter) ?? 0x80
        if (code >= 0x80) return explain?.(filter) ?? code
        const granted = Math.min(code, qos) as 0 | 1 | 2
        if (explain !== undefined) note(heard(), filter, granted, options, identifier)
        return granted
      })
    },
    leave: (messageId: number, filters: readonly string[]): void => {
      leaving ??= new Map()
      leaving.set(messageId, filters)
    },
    /** The codes of an UNSUBACK of MQTT 5. */
    left: (messageId: number): number[] => {
      const filters = leaving?.get(messageId) ?? []
      leaving?.delete(messageId)
      return filters.map((filter) =>
        hearing?.delete(filter) ? REASON_CODES.success : REASON_CODES.noSubscriptionExisted,
      )
    },
  }
}

export type Subscriptions = ReturnType<typeof createSubscriptions>
