import type { Key, Store } from '../store/port.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'

/** What stands under a name that is unique over all projects, written before the record itself. */
export type Reservation<T> = { readonly holder: T; readonly reservedAt: number }

/** How long somebody may take from the reservation of a name to the record, ms. */
const GRACE_MS = 60_000

/**
 * Takes a name that lives in another shard than its record. `false`: it is taken. A reservation whose record
 * never came (`isAlive` says so) is free again after a minute. Who holds it already may take it again.
 */
export const reserve = <T>(
  store: Store,
  key: Key,
  holder: T,
  now: number,
  isAlive: (holder: T) => Promise<boolean>,
): Promise<boolean> =>
  transact(store, async () => {
    const present = await readOne<Reservation<T>>(store, key)
    if (present.value !== undefined && !isSame(present.value.holder, holder)) {
      const isYoung = now < present.value.reservedAt + GRACE_MS
      if (isYoung || (await isAlive(present.value.holder))) return { result: false }
    }
    const reservation: Reservation<T> = { holder, reservedAt: now }
    return {
      result: true,
      change: { expect: [unchanged(present)], put: [put(key, reservation)] },
    }
  })

/** Holders are built in one place each, so their members stand in one order. */
const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

/** Who holds a reserved name. The record has still to be looked at: it may never have come. */
export const holderOf = async <T>(store: Store, key: Key): Promise<T | undefined> =>
  (await readOne<Reservation<T>>(store, key)).value?.holder
