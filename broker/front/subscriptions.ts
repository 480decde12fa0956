import { REASON_CODES } from './fault.ts'

type Asking = { readonly topic: string; readonly qos: 0 | 1 | 2 }

/**
 * One code for each filter, repeats included [MQTT-3.9.3-1]: the broker answers for distinct filters only. For
 * MQTT 5 the codes are said in its words.
 */
export const createSubscriptions = () => {
  // Made when they are first needed: most connections never need one of them.
  /** What a SUBSCRIBE asked, until its SUBACK comes back from the broker; only where that has to be changed. */
  let asked: Map<number, readonly Asking[]> | undefined
  let leaving: Map<number, readonly string[]> | undefined
  let granted: Set<string> | undefined

  const codeOf = (filter: string, code: number): number => {
    if (code < 0x80) return code
    return filter.startsWith('$share/')
      ? REASON_CODES.sharedSubscriptionsNotSupported
      : REASON_CODES.notAuthorized
  }

  return {
    /** Whether the SUBACK will have to be changed: for MQTT 5 always, else where a filter is repeated. */
    ask: (messageId: number, filters: readonly Asking[], inWords: boolean): boolean => {
      const hasRepeats = new Set(filters.map(({ topic }) => topic)).size < filters.length
      if (inWords || hasRepeats) {
        asked ??= new Map()
        asked.set(messageId, filters)
      } else asked?.delete(messageId)
      return inWords || hasRepeats
    },
    isAsked: (messageId: number): boolean => asked?.has(messageId) ?? false,
    /** The codes of a SUBACK, one for each filter that was asked. */
    answer: (messageId: number, codes: readonly number[], inWords: boolean): number[] => {
      const filters = asked?.get(messageId) ?? []
      asked?.delete(messageId)
      const distinct = [...new Set(filters.map(({ topic }) => topic))]
      const byFilter = new Map(distinct.map((topic, place) => [topic, codes[place] ?? 0x80]))
      granted ??= new Set()
      for (const [filter, code] of byFilter) if (code < 0x80) granted.add(filter)
      return filters.map(({ topic, qos }) => {
        const code = byFilter.get(topic) ?? 0x80
        if (code < 0x80) return Math.min(code, qos)
        return inWords ? codeOf(topic, code) : code
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
        granted?.delete(filter) ? REASON_CODES.success : REASON_CODES.noSubscriptionExisted,
      )
    },
  }
}
