import { StoreDown } from '../../shared/errors.ts'
import type { Key, Store } from '../../shared/store/port.ts'

type Call = 'read' | 'commit' | 'list' | 'tail' | 'last' | 'count' | 'watch'

/** A real store that tells what was asked of it, and whose answers can be held up or refused. */
export type WatchedStore = Store & {
  /** How many calls of a kind were made. */
  readonly calls: (call: Call) => number
  /** Everything that was read: records, members of indexes, items of logs. */
  readonly taken: () => {
    readonly records: number
    readonly members: number
    readonly items: number
  }
  /** Everything that was written: records put or removed, members of indexes, items of logs. */
  readonly given: () => number
  /** From now on answers of that kind wait; `reached` resolves with the first one, the answer lets all go. */
  readonly hold: (call: Call) => { readonly reached: Promise<void>; readonly release: () => void }
  /** The next call of that kind finds the store down. */
  readonly failNext: (call: Call) => void
}

export const watchStore = (store: Store): WatchedStore => {
  const calls = new Map<Call, number>()
  const taken = { records: 0, members: 0, items: 0 }
  let given = 0
  const failing = new Set<Call>()
  const held = new Map<Call, { readonly reach: () => void; readonly gate: Promise<void> }>()

  const asked = async <T>(call: Call, work: () => Promise<T>): Promise<T> => {
    calls.set(call, (calls.get(call) ?? 0) + 1)
    if (failing.delete(call)) throw new StoreDown('for this test')
    const answer = await work()
    const hold = held.get(call)
    hold?.reach()
    await hold?.gate
    return answer
  }

  return {
    read: (keys: readonly Key[]) => {
      taken.records += keys.length
      return asked('read', () => store.read(keys))
    },
    commit: (change) => {
      const { put = [], remove = [], add = [], drop = [], append = [] } = change
      given += [put, remove, add, drop, append].reduce((sum, { length }) => sum + length, 0)
      return asked('commit', () => store.commit(change))
    },
    list: async (index, page) => {
      const members = await asked('list', () => store.list(index, page))
      taken.members += members.length
      return members
    },
    tail: async (log, after, limit) => {
      const items = await asked('tail', () => store.tail(log, after, limit))
      taken.items += items.length
      return items
    },
    last: async (log, limit) => {
      const items = await asked('last', () => store.last(log, limit))
      taken.items += items.length
      return items
    },
    watch: (channel, listener) => asked('watch', () => store.watch(channel, listener)),
    count: (budget, windowMs, by) => asked('count', () => store.count(budget, windowMs, by)),
    announce: (channel, message) => store.announce(channel, message),
    ping: () => store.ping(),
    close: () => store.close(),
    calls: (call) => calls.get(call) ?? 0,
    taken: () => ({ ...taken }),
    given: () => given,
    failNext: (call) => void failing.add(call),
    hold: (call) => {
      let reach: () => void = () => undefined
      let open: () => void = () => undefined
      const reached = new Promise<void>((resolve) => {
        reach = resolve
      })
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      held.set(call, { reach, gate })
      const release = () => {
        held.delete(call)
        open()
      }
      return { reached, release }
    },
  }
}
