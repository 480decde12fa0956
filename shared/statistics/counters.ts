import type { Log } from '../log.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { put, readMany, transact, unchanged } from '../store/transact.ts'
import { beginOf, SPAN_NAMES, SPANS } from './spans.ts'
import { added, type Count, counting, type Tally } from './tally.ts'

type CountersOptions = {
  readonly store: Store
  readonly now: () => number
  readonly log: Log
}

/** How often what has been counted is written down, ms. */
const FLUSH_MS = 1000
/** Minutes of projects that wait for a store that is away; what is more is not counted. */
const MOST_WAITING = 10_000

/**
 * Counts what happens on this node, and adds it to the project's minute and hour once a second: one commit for each
 * project in which something happened, however much. A node that dies loses what was not written yet.
 */
export const createCounters = ({ store, now, log }: CountersOptions) => {
  type Waiting = { readonly project: ProjectId; readonly at: number; readonly tally: Tally }
  const waiting = new Map<string, Waiting>()

  const keep = ({ project, at, tally }: Waiting): void => {
    const name = `${project} ${at}`
    const present = waiting.get(name)
    if (present === undefined && waiting.size >= MOST_WAITING) return
    waiting.set(name, { project, at, tally: added(present?.tally ?? {}, tally) })
  }

  const count = (project: ProjectId, one: Count): void =>
    keep({ project, at: beginOf('minute', now()), tally: counting({}, one) })

  const write = ({ project, at, tally }: Waiting): Promise<void> =>
    transact<void>(store, async () => {
      const begins = SPAN_NAMES.map((span) => beginOf(span, at))
      const places = SPAN_NAMES.map((span, place) => keys.tally(project, span, begins[place] ?? at))
      const present = await readMany<Tally>(store, places)
      return {
        result: undefined,
        change: {
          expect: present.map(unchanged),
          put: present.map(({ key, value = {} }, place) => {
            const { keptMs, lengthMs } = SPANS[SPAN_NAMES[place] ?? 'minute']
            return put(key, added(value, tally), (begins[place] ?? at) + lengthMs + keptMs)
          }),
        },
      }
    })

  const flushAll = async (): Promise<void> => {
    const batch = [...waiting.values()]
    waiting.clear()
    for (const [place, one] of batch.entries())
      try {
        await write(one)
      } catch (cause) {
        // Later again. A commit whose answer was lost counts twice: it is a statistic.
        for (const left of batch.slice(place)) keep(left)
        log.debug({ err: cause }, 'what was counted waits for the store')
        return
      }
  }

  let flushing: Promise<void> | undefined
  const flush = async (): Promise<void> => {
    flushing ??= flushAll().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  const timer = setInterval(() => void flush(), FLUSH_MS)
  timer.unref()

  /** Ends with what is still to be written. Idempotent. */
  const close = async (): Promise<void> => {
    clearInterval(timer)
    await flushing
    await flush()
  }

  return { count, flush, close }
}

export type Counters = ReturnType<typeof createCounters>
