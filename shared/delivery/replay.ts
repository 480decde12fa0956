import type { Happening } from '../model/events.ts'
import type { Key, Logged, Store } from '../store/port.ts'
import { lineOf } from '../store/transact.ts'
import { timeOf } from './feed.ts'

/** The clocks of store and nodes may differ by this much. */
const SKEW_MS = 10_000
const AT_ONCE = 500

const placeAt = (ms: number): string => `${String(Math.max(0, ms)).padStart(15, '0')}-0000000000`

/** The event of a line. `undefined`: it is none of ours. */
export const happeningOf = (line: Logged): Happening | undefined => {
  const happening = lineOf<Happening>('an event', line)
  return Number.isSafeInteger(happening?.at) ? happening : undefined
}

/**
 * The place in a log right behind the event of that id. When the log does not keep it any more: behind everything older,
 * so that nothing is missed. `undefined`: it is not an id of an event.
 */
export const placeAfter = async (
  store: Pick<Store, 'tail'>,
  log: Key,
  id: string,
): Promise<string | undefined> => {
  const at = timeOf(id)
  if (at === undefined) return undefined
  let place = placeAt(at - SKEW_MS)
  for (;;) {
    const lines = await store.tail(log, place, AT_ONCE)
    for (const line of lines) {
      const happening = happeningOf(line)
      if (happening === undefined) continue
      if (happening.id === id) return line.place
      if (happening.at > at + SKEW_MS) return placeAt(at - SKEW_MS)
    }
    const last = lines.at(-1)
    if (last === undefined || lines.length < AT_ONCE) return placeAt(at - SKEW_MS)
    place = last.place
  }
}
