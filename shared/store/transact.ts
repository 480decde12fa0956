import { setTimeout as sleep } from 'node:timers/promises'
import { RecordUnreadable, StoreDown } from '../errors.ts'
import { kindOf, type LineKind, shapeFault } from '../model/shapes.ts'
import type { Change, Entry, Key, Logged, Put, Store } from './port.ts'

/** What a step decided: its answer, and the change that makes it true (none: nothing has to change). */
export type Step<T> = { readonly result: T; readonly change?: Change }

const TRIES = 40
const LONGEST_WAIT_MS = 40

/**
 * Reads, decides and commits, again from the start when what was read had changed meanwhile.
 * Throws `StoreDown` when it still loses after 40 tries: never a wrong answer.
 */
export const transact = async <T>(store: Store, step: () => Promise<Step<T>>): Promise<T> => {
  for (let tries = 0; tries < TRIES; tries++) {
    const { result, change } = await step()
    if (change === undefined || (await store.commit(change))) return result
    await sleep(Math.random() * Math.min(LONGEST_WAIT_MS, 2 ** tries))
  }
  throw new StoreDown('too much contention on one record')
}

/** A record as it was read, with what a commit has to expect of it. */
export type Found<T> = {
  readonly key: Key
  readonly version: string | undefined
  readonly value: T | undefined
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Turns an entry into a record; what is not JSON there, or has not the members that are always there, fails closed. */
export const found = <T>(key: Key, entry: Entry | undefined): Found<T> => {
  if (entry === undefined) return { key, version: undefined, value: undefined }
  const value = parsed(entry.value)
  if (value === undefined || shapeFault(kindOf(key)?.kind ?? '', value) !== undefined)
    throw new RecordUnreadable()
  return { key, version: entry.version, value: value as T }
}

/** A line of a log. `undefined`: it is not one of ours, and is passed over, so that what comes after it is not held up. */
export const lineOf = <T extends object>(
  kind: LineKind,
  { item }: Pick<Logged, 'item'>,
): T | undefined => {
  const value = parsed(item)
  return shapeFault(kind, value) === undefined ? (value as T) : undefined
}

/** The lines of a log that can be read. */
export const linesOf = <T extends object>(kind: LineKind, lines: readonly Logged[]): T[] =>
  lines.map((line) => lineOf<T>(kind, line)).filter((value) => value !== undefined)

/** Reads one record. */
export const readOne = async <T>(store: Store, key: Key): Promise<Found<T>> => {
  const [entry] = await store.read([key])
  return found<T>(key, entry)
}

/** Reads many records of one kind and one tag. */
export const readMany = async <T>(store: Store, wanted: readonly Key[]): Promise<Found<T>[]> => {
  if (wanted.length === 0) return []
  const entries = await store.read(wanted)
  return wanted.map((key, place) => found<T>(key, entries[place]))
}

/** What cannot be read is as good as not there. Never decide by it. */
const seen = <T>(key: Key, entry: Entry | undefined): T | undefined => {
  try {
    return found<T>(key, entry).value
  } catch (cause) {
    if (cause instanceof RecordUnreadable) return undefined
    throw cause
  }
}

/** Records of one kind and one tag, in their order, for whoever only looks: one that cannot be read does not hide all others. */
export const readSeen = async <T>(
  store: Store,
  wanted: readonly Key[],
): Promise<(T | undefined)[]> => {
  if (wanted.length === 0) return []
  try {
    const entries = await store.read(wanted)
    return wanted.map((key, place) => seen<T>(key, entries[place]))
  } catch (cause) {
    if (!(cause instanceof RecordUnreadable)) throw cause
    if (wanted.length === 1) return [undefined]
    // A store answers nothing where it cannot answer all.
    return (await Promise.all(wanted.map((key) => readSeen<T>(store, [key])))).flat()
  }
}

/** The same, those that are there. */
export const readListed = async <T>(store: Store, wanted: readonly Key[]): Promise<T[]> =>
  (await readSeen<T>(store, wanted)).filter((value) => value !== undefined)

/** "Nothing has changed here since it was read." */
export const unchanged = ({ key, version }: Found<unknown>) => ({ key, version })

/** Several changes as one. */
export const joined = (...changes: readonly Change[]): Change => {
  const ends = changes.flatMap(({ before }) => before ?? [])
  return {
    expect: changes.flatMap(({ expect }) => expect ?? []),
    put: changes.flatMap(({ put: puts }) => puts ?? []),
    remove: changes.flatMap(({ remove }) => remove ?? []),
    add: changes.flatMap(({ add }) => add ?? []),
    drop: changes.flatMap(({ drop }) => drop ?? []),
    append: changes.flatMap(({ append }) => append ?? []),
    ...(ends.length === 0 ? {} : { before: Math.min(...ends) }),
    ...(changes.some(({ whenFull }) => whenFull) ? { whenFull: true } : {}),
  }
}

/** A record to be written. */
export const put = (key: Key, record: unknown, expiresAt?: number): Put =>
  expiresAt === undefined
    ? { key, value: JSON.stringify(record) }
    : { key, value: JSON.stringify(record), expiresAt }
