import { setTimeout as sleep } from 'node:timers/promises'
import { StoreDown } from '../shared/errors.ts'
import type { Change, Entry, Key, Store } from '../shared/store/port.ts'

/** A store that is wrong in one way. The check of a campaign has to find each of them out. */
export type Mutant = {
  readonly about: string
  /** What it breaks for certain; other invariants often break with it. */
  readonly breaks: readonly string[]
  /** The faults under which it shows; none: two clients at once are enough. */
  readonly under: readonly string[]
  readonly around: (store: Store) => Store
}

const isStill = async (store: Store, { expect = [] }: Change): Promise<boolean> => {
  const present = await store.read(expect.map(({ key }) => key))
  return expect.every(({ version }, place) => present[place]?.version === version)
}

const isOf = (kind: string, key: Key): boolean => key.includes(`}${kind}`)

/** Reads, and then writes whatever has become of it meanwhile. */
const checkThenAct = (store: Store): Store => ({
  ...store,
  async commit(change) {
    if (!(await isStill(store, change))) return false
    const { expect: _expected, ...rest } = change
    return store.commit(rest)
  },
})

/** Says that it is written, and writes then. */
const ackBeforeWrite = (store: Store): Store => ({
  ...store,
  async commit(change) {
    // Of changes of owner alone: without accounts and windows no claim would get that far.
    if (!(change.append ?? []).some(({ log }) => isOf('history:', log))) return store.commit(change)
    if (!(await isStill(store, change))) return false
    void sleep(80).then(() => store.commit(change).catch(() => undefined))
    return true
  },
})

/** Takes an outage for a success. */
const hopeful = (store: Store): Store => ({
  ...store,
  commit: (change) =>
    store.commit(change).catch((cause: unknown) => {
      if (cause instanceof StoreDown) return true
      throw cause
    }),
})

/** Forgets now and then what apps are to be told. */
const forgetful = (store: Store): Store => ({
  ...store,
  commit: (change) =>
    store.commit({
      ...change,
      append: (change.append ?? []).filter(
        ({ log }) => !isOf('events', log) || Math.random() < 0.9,
      ),
    }),
})

/** Now and then reads of a device what it had read before. */
const stale = (store: Store): Store => {
  const known = new Map<Key, Entry | undefined>()
  return {
    ...store,
    async read(keys) {
      const entries = await store.read(keys)
      return keys.map((key, place) => {
        const present = known.get(key)
        const entry = entries[place]
        if (isOf('device:', key)) known.set(key, entry)
        return known.has(key) && Math.random() < 0.2 ? present : entry
      })
    },
  }
}

/** Forgets that a user's sessions were ended. */
const undead = (store: Store): Store => ({
  ...store,
  commit: (change) =>
    store.commit({
      ...change,
      put: (change.put ?? []).map((one) =>
        isOf('user:', one.key)
          ? { ...one, value: one.value.replace(/"generation":\d+/, '"generation":0') }
          : one,
      ),
    }),
})

/** Every way to be wrong. */
export const MUTANTS: ReadonlyMap<string, Mutant> = new Map([
  [
    'check-then-act',
    { about: 'looks, and then writes', breaks: ['I1'], under: [], around: checkThenAct },
  ],
  [
    'ack-before-write',
    { about: 'answers, and then writes', breaks: ['I1'], under: ['F1'], around: ackBeforeWrite },
  ],
  [
    'hopeful',
    { about: 'takes an outage for a success', breaks: ['I9'], under: ['F7'], around: hopeful },
  ],
  ['forgetful', { about: 'forgets to tell apps', breaks: ['I6'], under: [], around: forgetful }],
  ['stale', { about: 'reads what was', breaks: ['I1'], under: [], around: stale }],
  ['undead', { about: 'keeps ended sessions', breaks: ['I10'], under: [], around: undead }],
])
