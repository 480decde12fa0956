import { type Fault, REASON_CODES } from './fault.ts'
import type { Limits } from './limits.ts'
import { levelsOf } from './text.ts'

/** A topic or a filter within the limits. */
export const checkTopic = (topic: string, limits: Limits): Fault | undefined => {
  if (Buffer.byteLength(topic) <= limits.topicBytes && levelsOf(topic) <= limits.topicLevels)
    return undefined
  return { code: REASON_CODES.topicNameInvalid, rule: 'a topic over the limit' }
}

/** The filters of one packet within the limits. */
export const checkFilters = (filters: readonly string[], limits: Limits): Fault | undefined => {
  if (filters.length > limits.filtersPerPacket)
    return { code: REASON_CODES.quotaExceeded, rule: 'too many filters in one packet' }
  return filters.map((filter) => checkTopic(filter, limits)).find((fault) => fault !== undefined)
}
