import { type Static, Type } from 'typebox'
import type { Key, Store } from '../../../shared/store/port.ts'
import { readListed } from '../../../shared/store/transact.ts'

const Text = Type.Optional(Type.String({ maxLength: 255 }))

/** The query of a page; what else it holds (sorting) is ignored. */
export const PageQuery = Type.Object({
  pageSize: Text,
  page: Text,
  textSearch: Text,
  type: Text,
  deviceName: Type.Optional(Type.String()),
})
export type PageQuery = Static<typeof PageQuery>

/** A page that was asked for. */
export type PageLink = { readonly size: number; readonly page: number }

const LARGEST_PAGE = 1000
/** How many members of a list are looked through at most. */
const LONGEST_WALK = 100_000
const STEP = 1000
const NUMBER = /^\d{1,9}$/

/** Reads `pageSize` and `page`, or says what is wrong with them. */
export const pageLinkOf = ({ pageSize = '', page = '' }: PageQuery): PageLink | string => {
  if (!NUMBER.test(pageSize) || Number(pageSize) === 0)
    return 'Incorrect page link page size. Page size must be greater than zero.'
  if (!NUMBER.test(page)) return 'Incorrect page link page. Page must be positive integer.'
  return { size: Math.min(LARGEST_PAGE, Number(pageSize)), page: Number(page) }
}

/** What is paged: an index, the record of each member, and which of them are wanted (absent: all). */
type Source<T> = {
  readonly index: Key
  readonly keyOf: (member: string) => Key
  readonly wanted: ((record: T) => boolean) | undefined
}

/** A page by number, with its totals, as lists are answered there. */
export const pageOf = async <T>(
  store: Store,
  { index, keyOf, wanted }: Source<T>,
  { size, page }: PageLink,
) => {
  const read = (members: readonly string[]): Promise<T[]> =>
    readListed<T>(store, members.map(keyOf))
  const first = page * size
  const data: T[] = []
  let total = 0
  let walked = 0
  let after: string | undefined
  do {
    const members = await store.list(index, { limit: STEP, ...(after && { after }) })
    const [from, until] = [Math.max(0, first - total), Math.max(0, first + size - total)]
    if (wanted === undefined) {
      data.push(...(await read(members.slice(from, until))))
      total += members.length
    } else {
      const found = (await read(members)).filter(wanted)
      data.push(...found.slice(from, until))
      total += found.length
    }
    walked += members.length
    after = members.length === STEP ? members.at(-1) : undefined
  } while (after !== undefined && walked < LONGEST_WALK)
  const totalPages = Math.ceil(total / size)
  return { data, totalPages, totalElements: total, hasNext: page + 1 < totalPages }
}
