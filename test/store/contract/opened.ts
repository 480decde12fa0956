import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Change, Entry, Key, Store } from '../../../shared/store/port.ts'

/** A store under test. `reopen`: closes it and opens another on the same data. */
export type Opened = {
  readonly store: Store
  readonly reopen?: () => Promise<Store>
  readonly dispose: () => Promise<void>
}

export type OpenStore = () => Promise<Opened>

/** Keys under one tag that no other test uses. */
export const freshKeys = (): ((name: string) => Key) => {
  const tag = randomUUID()
  return (name) => `{${tag}}${name}` as Key
}

/** What lies under one key. */
export const readOne = async (store: Store, key: Key): Promise<Entry | undefined> =>
  (await store.read([key]))[0]

/** Puts one value, whatever was there. */
export const putOne = (store: Store, key: Key, value: string): Promise<boolean> =>
  store.commit({ put: [{ key, value }] })

/** Appends items to a log that keeps plenty. */
export const appendAll = async (
  store: Store,
  log: Key,
  items: readonly string[],
): Promise<boolean> =>
  store.commit({ append: items.map((item) => ({ log, item, keep: 1000 })) } satisfies Change)

/** Looks until it is so; for what a store does in its own time. Ends with the last look. */
export const eventually = async <T>(
  look: () => Promise<T> | T,
  good: (seen: T) => boolean,
  withinMs = 5000,
): Promise<T> => {
  const end = Date.now() + withinMs
  for (;;) {
    const seen = await look()
    if (good(seen) || Date.now() > end) return seen
    await sleep(10)
  }
}

/** Texts that break careless spelling of keys and values. */
export const UNUSUAL = [
  'ünïcödé 🔑 漢字',
  'line\nbreak\r\n',
  'nul\0inside',
  '{}',
  '{a}{b}',
  '__proto__',
  'constructor',
  ' leading and trailing ',
  '"quoted" \\ and $1 %s *?[a-z]',
  '\u{10ffff}\uffff\u0001',
]
