import { StoreDown } from '../errors.ts'
import { isUuid } from '../model/ids.ts'
import { kindOf } from '../model/shapes.ts'
import { placesOf } from '../move/found-again.ts'
import type { Kept, Reader } from '../store/archive.ts'
import type { Store } from '../store/port.ts'
import { type Finding, fault, good, warning } from './finding.ts'
import { hasMember, isOrphan, isOrphanName } from './places.ts'
import { storedFault } from './shapes.ts'

/** What is looked at without `all`. */
export const SAMPLE = 20_000

/** How far it is: what has been looked at. */
export type Progress = (looked: number) => void

type Counts = { shapes: number; orphans: number; names: number; missing: number }
type Seen = Counts & { looked: number; first?: string }

const lookAtEntry = async (
  store: Store,
  { key, value }: Extract<Kept, { kind: 'entry' }>,
  seen: Seen,
): Promise<void> => {
  const what = kindOf(key)
  if (what === undefined) return
  const wrong = storedFault(what.kind, value)
  if (wrong !== undefined) {
    seen.shapes += 1
    seen.first ??= wrong
    return
  }
  if (await isOrphanName(store, key, value)) seen.names += 1
  for (const { index, member } of placesOf({ key, value }))
    if (isUuid(member) && !(await hasMember(store, index, member))) seen.missing += 1
}

const findings = ({ looked, shapes, orphans, names, missing, first }: Seen): readonly Finding[] => {
  const rows: readonly (readonly [number, Finding])[] = [
    [
      shapes,
      warning(
        'records',
        `${shapes} cannot be read; the first: ${first}`,
        'put them back from an export: who they are of is refused',
      ),
    ],
    [
      missing,
      warning(
        'indexes',
        `${missing} records are missing where they are listed`,
        'export and import: that lists them again',
      ),
    ],
    [
      orphans + names,
      warning(
        'indexes',
        `${orphans} members and ${names} names lead to nothing`,
        'nothing breaks: readers ask the record; report it',
      ),
    ],
  ]
  const wrong = rows.flatMap(([count, finding]) => (count > 0 ? [finding] : []))
  return wrong.length > 0 ? wrong : [good('records', `${looked} looked at, all in order`)]
}

const cutShort = ({ looked }: Seen, { message }: StoreDown): Finding =>
  fault(
    'records',
    `after ${looked} the store could not be read on: ${message}`,
    'is something there that we have not written? put it back from an export',
  )

/** Looks at records and indexes, as they lie there. What changes meanwhile may be counted wrongly, so nothing here is a fault. */
export const checkRecords = async (
  store: Store,
  reader: Reader,
  most: number,
  progress: Progress,
): Promise<readonly Finding[]> => {
  const seen: Seen = { looked: 0, shapes: 0, orphans: 0, names: 0, missing: 0 }
  try {
    for await (const piece of reader.all()) {
      for (const one of piece) {
        seen.looked += 1
        if (one.kind === 'entry') await lookAtEntry(store, one, seen)
        if (one.kind === 'member' && (await isOrphan(store, one.index, one.member)))
          seen.orphans += 1
      }
      progress(seen.looked)
      if (seen.looked >= most) break
    }
  } catch (cause) {
    if (!(cause instanceof StoreDown)) throw cause
    return [...findings(seen).filter(({ state }) => state !== 'good'), cutShort(seen, cause)]
  }
  return findings(seen)
}
