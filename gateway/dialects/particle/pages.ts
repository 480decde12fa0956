import type { Key, Store } from '../../../shared/store/port.ts'
import { readListed } from '../../../shared/store/transact.ts'
import type { Fields } from './fields.ts'

/** research/particle.md 1.3: 25 a page. */
const USUAL_SIZE = 25
const LARGEST_SIZE = 500
const NUMBER = /^[1-9]\d{0,8}$/
const STEP = 1000
/** How many members of a list are looked through at most. */
const LONGEST_WALK = 20_000

/** A page by its number, from 1. */
export type PageLink = { readonly page: number; readonly size: number }

/** The docs say `perPage`, the client library sends `per_page`. `undefined`: it is no number. */
export const pageIn = (query: Fields): PageLink | undefined => {
  const page = query.get('page') ?? '1'
  const size = query.get('perPage') ?? query.get('per_page') ?? String(USUAL_SIZE)
  if (!NUMBER.test(page) || !NUMBER.test(size)) return undefined
  return { page: Number(page), size: Math.min(LARGEST_SIZE, Number(size)) }
}

/** Everything in an index that is wanted, the first 20 000 looked at. */
export const gathered = async <T>(
  store: Store,
  index: Key,
  keyOf: (member: string) => Key,
  isWanted: (record: T) => boolean,
): Promise<T[]> => {
  const found: T[] = []
  let after: string | undefined
  let walked = 0
  do {
    const members = await store.list(
      index,
      after === undefined ? { limit: STEP } : { after, limit: STEP },
    )
    const records = await readListed<T>(store, members.map(keyOf))
    found.push(...records.filter(isWanted))
    walked += members.length
    after = members.length === STEP ? members.at(-1) : undefined
  } while (after !== undefined && walked < LONGEST_WALK)
  return found
}

/** One page, and how many there are. */
export const pageOf = <T>(all: readonly T[], { page, size }: PageLink) => ({
  items: all.slice((page - 1) * size, page * size),
  meta: { total_pages: Math.max(1, Math.ceil(all.length / size)) },
})
