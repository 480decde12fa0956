import { StoreDown } from '../../shared/errors.ts'
import type { Change, Entry, Key, Logged, Store } from '../../shared/store/port.ts'

type Log = { items: Logged[]; diesAt: number }

const MAX_KEY_BYTES = 1900
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** The port said again in plain maps, from its doc comments alone: what the real stores are compared with. */
export const createModel = (): Store => {
  const entries = new Map<Key, Entry>()
  const indexes = new Map<Key, Set<string>>()
  const logs = new Map<Key, Log>()
  const counters = new Map<Key, { count: number; endsAt: number }>()
  const ears: { channel: string; listener: (message: string) => void }[] = []
  let ticks = 0
  let closed = false

  const check = (...names: string[]): void => {
    if (closed) throw new StoreDown('closed')
    for (const name of names)
      if (name === '' || Buffer.byteLength(name) > MAX_KEY_BYTES || /\p{Surrogate}/u.test(name))
        throw new RangeError('not a key')
  }
  const membersOf = (index: Key): string[] => [...(indexes.get(index) ?? [])].sort(byBytes)
  const itemsOf = (log: Key): Logged[] => {
    const found = logs.get(log)
    return found === undefined || Date.now() >= found.diesAt ? [] : found.items
  }
  const apply = (change: Change): void => {
    const version = `v${++ticks}`
    for (const { key, value } of change.put ?? []) entries.set(key, { value, version })
    for (const key of change.remove ?? []) entries.delete(key)
    for (const { index, member } of change.add ?? [])
      indexes.set(index, (indexes.get(index) ?? new Set()).add(member))
    for (const { index, member } of change.drop ?? []) indexes.get(index)?.delete(member)
    for (const { log, item, keep, ttlMs } of change.append ?? []) {
      const items = [...itemsOf(log), { place: String(++ticks).padStart(9, '0'), item }]
      const diesAt = ttlMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + ttlMs
      logs.set(log, { items: items.slice(-keep), diesAt })
    }
  }

  return {
    async read(keys) {
      check(...keys)
      return keys.map((key) => entries.get(key))
    },
    async commit(change) {
      const { expect = [], put = [], remove = [], add = [], drop = [], append = [] } = change
      check(...[...expect, ...put].map(({ key }) => key), ...remove)
      check(...[...add, ...drop].map(({ index, member }) => index + member))
      check(...append.map(({ log }) => log))
      if (change.before !== undefined && Date.now() >= change.before) return false
      if (expect.some(({ key, version }) => entries.get(key)?.version !== version)) return false
      apply(change)
      return true
    },
    async list(index, { after, limit }) {
      check(index)
      const from = membersOf(index).filter((m) => after === undefined || byBytes(m, after) > 0)
      return from.slice(0, Math.max(0, limit))
    },
    async tail(log, after, limit) {
      check(log)
      const from = after !== undefined && /^\d{9}$/.test(after) ? after : ''
      return itemsOf(log)
        .filter(({ place }) => place > from)
        .slice(0, limit)
    },
    async last(log, limit) {
      check(log)
      return itemsOf(log).toReversed().slice(0, limit)
    },
    async count(budget, windowMs, by) {
      check(budget)
      const now = Date.now()
      const old = counters.get(budget)
      const runs = old !== undefined && now < old.endsAt
      if (by === 0 && !runs) return { count: 0, resetInMs: 0 }
      const endsAt = runs ? old.endsAt : now + windowMs
      const count = (runs ? old.count : 0) + by
      counters.set(budget, { count, endsAt })
      return { count, resetInMs: endsAt - now }
    },
    async announce(channel, message) {
      check()
      for (const ear of [...ears])
        setImmediate(() => {
          if (ear.channel === channel && ears.includes(ear))
            try {
              ear.listener(message)
            } catch {
              // Harms no other.
            }
        })
    },
    async watch(channel, listener) {
      check()
      const ear = { channel, listener }
      ears.push(ear)
      return async () => {
        if (ears.includes(ear)) ears.splice(ears.indexOf(ear), 1)
      }
    },
    async ping() {
      check()
    },
    async close() {
      closed = true
    },
  }
}
