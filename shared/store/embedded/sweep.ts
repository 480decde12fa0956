import { StoreDown } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { forgetAt, GRACE_MS } from '../bounds.ts'
import type { Key } from '../port.ts'
import { forget, remember, removeEntry, removeItems } from './apply.ts'
import type { Group } from './group.ts'
import {
  counterKey,
  dueAtOf,
  dueBy,
  entryKey,
  logKey,
  type Mortal,
  parseCounter,
  parseEntry,
  parseExpiry,
  parseLog,
  spellLog,
} from './layout.ts'
import { messageOf } from './message.ts'
import type { Tree } from './tree.ts'

const EVERY_MS = 5_000
const SOON_MS = 20
// Records, and items of one log, that one step removes: about a millisecond.
const STEP = 100

/** Removes what is over since its grace, in small steps, on a timer that keeps no process alive. Answers its end. */
export const startSweep = (
  tree: Tree,
  group: Group,
  { now, log }: { now: () => number; log: Log },
): (() => void) => {
  let ended = false
  let timer: NodeJS.Timeout | undefined
  const later = (ms: number): void => {
    if (!ended) timer = setTimeout(() => void step(), ms).unref()
  }
  const step = async (): Promise<void> => {
    try {
      later((await sweepOnce(tree, group, now())) ? SOON_MS : EVERY_MS)
    } catch (error) {
      // The next step tries again; an outage the group has logged already.
      if (!(error instanceof StoreDown)) log.error({ cause: messageOf(error) }, 'the sweep failed')
      later(EVERY_MS)
    }
  }
  later(EVERY_MS)
  return () => {
    ended = true
    clearTimeout(timer)
  }
}

/** One step; says whether there is more to do. */
export const sweepOnce = async (tree: Tree, group: Group, now: number): Promise<boolean> => {
  const due = () => Array.from(tree.getKeys({ ...dueBy(now), limit: STEP }))
  if (due().length === 0) return false
  return group.run(() => {
    const records = due()
    return {
      answer: records.length === STEP,
      write() {
        for (const record of records) sweepRecord(tree, parseExpiry(record), now)
      },
    }
  })
}

const sweepRecord = (tree: Tree, record: { at: number; kind: Mortal; key: Key }, now: number) => {
  const { at, kind, key } = record
  switch (kind) {
    case 'e':
      return sweepEntry(tree, key, at, now)
    case 'l':
      return sweepLog(tree, key, at, now)
    case 'c':
      return sweepCounter(tree, key, at, now)
  }
}

const sweepEntry = (tree: Tree, key: Key, at: number, now: number): void => {
  const due = dueOfEntry(tree.get(entryKey(key)))
  if (due !== undefined && due < now) removeEntry(tree, key)
  if (due !== at) forget(tree, 'e', key, at)
}

const dueOfEntry = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  try {
    return dueAtOf(parseEntry(text))
  } catch {
    return undefined
  }
}

const sweepLog = (tree: Tree, log: Key, at: number, now: number): void => {
  const state = parseLog(tree.get(logKey(log)))
  const due = state.expiresAt === undefined ? undefined : forgetAt(state.expiresAt)
  if (due !== undefined && due < now) {
    if (!removeItems(tree, log, STEP)) return
    tree.removeSync(logKey(log))
    forget(tree, 'l', log, at)
    return
  }
  forget(tree, 'l', log, at)
  if (state.count === 0) return
  if (due !== undefined) remember(tree, 'l', log, due)
  const { count, expiresAt } = state
  tree.putSync(logKey(log), spellLog({ count, expiresAt, dueAt: due }))
}

const sweepCounter = (tree: Tree, budget: Key, at: number, now: number): void => {
  const { endsAt } = parseCounter(tree.get(counterKey(budget)))
  if (endsAt + GRACE_MS < now) tree.removeSync(counterKey(budget))
  forget(tree, 'c', budget, at)
}
