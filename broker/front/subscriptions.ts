import { REASON_CODES } from './fault.ts'

/** What a SUBSCRIBE asked, until its SUBACK comes back from the broker. */
type Asked = { readonly filters: readonly string[]; readonly distinct: readonly string[] }

/**
 * One code for each filter, repeats included [MQTT-3.9.3-1]: the broker answers for distinct filters only. For
 * MQTT 5 the codes are said in its words.
 */
export const createSubscriptions = () => {
  const asked = new Map<number, Asked>()
  const leaving = new Map<number, readonly string[]>()
  const granted = new Set<string>()

  const codeOf = (filter: string, code: number): number => {
    if (code < 0x80) return code
    return filter.startsWith('$share/')
      ? REASON_CODES.sharedSubscriptionsNotSupported
      : REASON_CODES.notAuthorized
  }

  return {
    /** Whether the SUBACK will have to be changed for a client of 3.1.1. */
    ask: (messageId: number, filters: readonly string[]): boolean => {
      const distinct = [...new Set(filters)]
      asked.set(messageId, { filters, distinct })
      return distinct.length !== filters.length
    },
    /** The codes of a SUBACK, one for each filter that was asked. */
    answer: (messageId: number, codes: readonly number[], inWords: boolean): number[] => {
      const { filters, distinct } = asked.get(messageId) ?? { filters: [], distinct: [] }
      asked.delete(messageId)
      const byFilter = new Map(distinct.map((filter, place) => [filter, codes[place] ?? 0x80]))
      for (const [filter, code] of byFilter) if (code < 0x80) granted.add(filter)
      return filters.map((filter) => {
        const code = byFilter.get(filter) ?? 0x80
        return inWords ? codeOf(filter, code) : code
      })
    },
    leave: (messageId: number, filters: readonly string[]): void => {
      leaving.set(messageId, filters)
    },
    /** The codes of an UNSUBACK of MQTT 5. */
    left: (messageId: number): number[] => {
      const filters = leaving.get(messageId) ?? []
      leaving.delete(messageId)
      return filters.map((filter) =>
        granted.delete(filter) ? REASON_CODES.success : REASON_CODES.noSubscriptionExisted,
      )
    },
  }
}
