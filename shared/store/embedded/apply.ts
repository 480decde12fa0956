import { forgetAt, whole } from '../bounds.ts'
import { nextPlace, parsePlace, placeOf } from '../place.ts'
import type { Change, Count, Key, LogItem, Put } from '../port.ts'
import type { Verdict } from './group.ts'
import {
  counterKey,
  dueAtOf,
  entryKey,
  expiryKey,
  itemKey,
  logKey,
  type Mortal,
  memberKey,
  NEWEST_PLACE,
  parseCounter,
  parseEntry,
  parseLog,
  rangeAfter,
  spellCounter,
  spellEntry,
  spellLog,
} from './layout.ts'
import type { Tree } from './tree.ts'

// All of this runs inside a transaction of the group, so it reads what it is about to write over.

/** Whether everything expected is still so, and the writes of a change. */
export const decideChange = (
  tree: Tree,
  change: Change,
  stamp: string,
  now: number,
): Verdict<boolean> => {
  if (change.before !== undefined && now >= change.before) return { answer: false }
  for (const { key, version } of change.expect ?? [])
    if (versionOf(tree, key) !== version) return { answer: false }
  return {
    answer: true,
    write() {
      for (const put of change.put ?? []) writeEntry(tree, put, stamp)
      for (const key of change.remove ?? []) removeEntry(tree, key)
      for (const { index, member } of change.add ?? []) tree.putSync(memberKey(index, member), '1')
      for (const { index, member } of change.drop ?? []) tree.removeSync(memberKey(index, member))
      appendAll(tree, change.append ?? [], now)
    },
  }
}

/** Counts, in the running window or in a new one. */
export const decideCount = (
  tree: Tree,
  budget: Key,
  windowMs: number,
  by: number,
  now: number,
): Verdict<Count> => {
  const old = parseCounter(tree.get(counterKey(budget)))
  const runs = now < old.endsAt
  const endsAt = runs ? old.endsAt : now + windowMs
  const count = (runs ? old.count : 0) + by
  return {
    answer: { count, resetInMs: endsAt - now },
    write() {
      tree.putSync(counterKey(budget), spellCounter({ count, endsAt }))
      if (runs) return
      forget(tree, 'c', budget, forgetAt(old.endsAt))
      remember(tree, 'c', budget, forgetAt(endsAt))
    },
  }
}

/** Removes an entry and its expiry record. */
export const removeEntry = (tree: Tree, key: Key): void => {
  const place = entryKey(key)
  const due = dueOf(tree.get(place))
  if (due !== undefined) forget(tree, 'e', key, due)
  tree.removeSync(place)
}

/** Removes at most `most` items of a log, oldest first; says whether that was all. */
export const removeItems = (tree: Tree, log: Key, most: number): boolean => {
  const range = rangeAfter('i', log, undefined)
  const oldest = Array.from(tree.getKeys({ ...range, limit: most }))
  for (const key of oldest) tree.removeSync(key)
  return oldest.length < most
}

/** Makes, or removes, the record by which the sweep finds something at its time. */
export const remember = (tree: Tree, kind: Mortal, key: Key, due: number): void => {
  tree.putSync(expiryKey(due, kind, key), '1')
}
export const forget = (tree: Tree, kind: Mortal, key: Key, due: number): void => {
  tree.removeSync(expiryKey(due, kind, key))
}

const versionOf = (tree: Tree, key: Key): string | undefined => {
  const text = tree.get(entryKey(key))
  return text === undefined ? undefined : parseEntry(text).version
}

const writeEntry = (tree: Tree, { key, value, expiresAt }: Put, stamp: string): void => {
  const place = entryKey(key)
  const oldDue = dueOf(tree.get(place))
  const newDue = dueAtOf({ expiresAt })
  if (oldDue !== undefined && oldDue !== newDue) forget(tree, 'e', key, oldDue)
  if (newDue !== undefined && oldDue !== newDue) remember(tree, 'e', key, newDue)
  tree.putSync(place, spellEntry(stamp, value, expiresAt))
}

// What cannot be read is written over like nothing: that is how such a key is healed.
const dueOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  try {
    return dueAtOf(parseEntry(text))
  } catch {
    return undefined
  }
}

/** One row of places for all logs, kept outside of them: none is used twice, whatever is trimmed or dies. */
const appendAll = (tree: Tree, items: readonly LogItem[], now: number): void => {
  if (items.length === 0) return
  let newest = parsePlace(tree.get(NEWEST_PLACE)) ?? { ms: 0, seq: 0 }
  for (const item of items) {
    newest = nextPlace(newest, now)
    append(tree, item, placeOf(newest), now)
  }
  tree.putSync(NEWEST_PLACE, placeOf(newest))
}

const append = (
  tree: Tree,
  { log, item, keep: kept, ttlMs }: LogItem,
  place: string,
  now: number,
): void => {
  const keep = whole(kept)
  const old = parseLog(tree.get(logKey(log)))
  const dead = old.expiresAt !== undefined && now >= old.expiresAt
  if (dead) removeItems(tree, log, Number.MAX_SAFE_INTEGER)
  tree.putSync(itemKey(log, place), `=${item}`)

  let count = (dead ? 0 : old.count) + 1
  if (count > keep + slackOf(keep)) {
    removeItems(tree, log, count - keep)
    count = keep
  }
  const expiresAt = ttlMs === undefined ? undefined : now + whole(ttlMs)
  let { dueAt } = old
  if (dueAt === undefined && expiresAt !== undefined) {
    dueAt = forgetAt(expiresAt)
    remember(tree, 'l', log, dueAt)
  }
  tree.putSync(logKey(log), spellLog({ count, expiresAt, dueAt }))
}

// Trimming one by one would cost a search at each append.
const slackOf = (keep: number): number => Math.max(8, keep >> 3)
