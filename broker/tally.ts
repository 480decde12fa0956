import type { Log } from '../shared/log.ts'
import type { Metrics } from '../shared/metrics.ts'

/** What a client did that it may not, or what was done about it. `rule` is one of a fixed set of texts. */
export type EdgeEvent = {
  readonly what: 'fault' | 'throttled' | 'refused'
  readonly rule: string
  /** Where it came from, if the rule is about that. */
  readonly address?: string
}

type TallyOptions = {
  readonly log: Log
  readonly metrics: Pick<Metrics, 'limited'>
  readonly now: () => number
}

const SAID_ONCE_MS = 60_000

/** Counts every event, and says each kind at most once a minute: how often it was since it was last said. */
export const createTally = ({ log, metrics, now }: TallyOptions) => {
  const kinds = new Map<string, { saidAt: number; since: number }>()
  return ({ what, rule, address }: EdgeEvent): void => {
    metrics.limited(rule)
    const kind = kinds.get(rule) ?? { saidAt: Number.NEGATIVE_INFINITY, since: 0 }
    kinds.set(rule, kind)
    kind.since += 1
    if (now() < kind.saidAt + SAID_ONCE_MS) return
    const fields = { what, rule, times: kind.since, ...(address === undefined ? {} : { address }) }
    kind.saidAt = now()
    kind.since = 0
    log.info(fields, 'a client did what it may not (said once a minute)')
  }
}
