import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { readMany } from '../store/transact.ts'
import { beginOf, SPANS, type Span } from './spans.ts'
import type { Tally } from './tally.ts'

/** What was counted in the minute or hour that began then. */
export type TallyAt = { readonly at: number; readonly tally: Tally }

/** The last 60 minutes, or the last 168 hours, of a project, oldest first; the last one is not over yet. One read. */
export const readTallies = async (
  store: Store,
  project: ProjectId,
  span: Span,
  now: number,
): Promise<readonly TallyAt[]> => {
  const { shown, lengthMs } = SPANS[span]
  const last = beginOf(span, now)
  const begins = Array.from({ length: shown }, (_, back) => last - (shown - 1 - back) * lengthMs)
  const records = await readMany<Tally>(
    store,
    begins.map((at) => keys.tally(project, span, at)),
  )
  return begins.map((at, place) => ({ at, tally: records[place]?.value ?? {} }))
}
