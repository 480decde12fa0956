import { type Refused, refused } from '../model/outcomes.ts'
import type { Change, Key } from '../store/port.ts'
import { put, readOne, unchanged } from '../store/transact.ts'
import type { EngineContext } from './context.ts'

/** A half that an account has left, and when its time ends. */
export type OpenHalf = { readonly digest: string; readonly expiresAt: number }

type Place = {
  /** Where the account's halves of this kind are listed. */
  readonly key: Key
  readonly half: OpenHalf
  readonly most: number
  /** Those that still wait: what has been used meanwhile does not count. */
  readonly stillOpen: (halves: readonly OpenHalf[]) => Promise<readonly OpenHalf[]>
}

/** How many halves of a kind an account leaves at once: bounded, so that nobody can sit on them all. */
export const createOpenHalves = ({ store, now }: EngineContext) => {
  /** The change that takes a place for one more, or the refusal when there is none. */
  const room = async ({ key, half, most, stillOpen }: Place): Promise<Change | Refused> => {
    const present = await readOne<readonly OpenHalf[]>(store, key)
    let halves = (present.value ?? []).filter(
      ({ digest, expiresAt }) => now() < expiresAt && digest !== half.digest,
    )
    if (halves.length >= most) halves = [...(await stillOpen(halves))]
    if (halves.length >= most) {
      const first = Math.min(...halves.map(({ expiresAt }) => expiresAt))
      return { ...refused('too-many-attempts', true), retryAfterMs: Math.max(1000, first - now()) }
    }
    const after = [...halves, half]
    const last = Math.max(...after.map(({ expiresAt }) => expiresAt))
    return { expect: [unchanged(present)], put: [put(present.key, after, last)] }
  }

  return { room }
}
