import { StoreDown } from '../../errors.ts'
import { type Log, silentLog } from '../../log.ts'
import { checkChange, checkCount, checkKey } from '../bounds.ts'
import { parsePlace } from '../place.ts'
import type { Change, Key, Store } from '../port.ts'
import type { Replicas } from '../replicas.ts'
import { createStamps } from '../stamp.ts'
import { parseAddress } from './address.ts'
import { commitChange } from './commit.ts'
import { connect } from './connect.ts'
import { countIn } from './count.ts'
import { answered } from './failure.ts'
import { checkFitness } from './fitness.ts'
import { createLayout, PREFIX, parseEntry, parseItem } from './layout.ts'
import { createWitness, type Witness } from './replicas.ts'
import { createWakeups } from './wakeups.ts'

/**
 * `url`: see `parseAddress`; `allowUnsafe`: run even on a Redis that could lose ownership; `replicas`: what is answered
 * is on so many of them; `prefix`: of all keys.
 */
export type RedisOptions = {
  readonly url: string
  readonly log?: Log
  readonly allowUnsafe?: boolean
  readonly replicas?: Replicas
  readonly prefix?: string
}

/**
 * Opens a store on a Redis, a Redis Cluster or a master that sentinels name. Rejects with `StoreDown` when it is not
 * there within 4 s, with `StoreUnfit` when it is and must not be used.
 */
export const openRedis = async (options: RedisOptions): Promise<Store> => {
  const { log = silentLog, allowUnsafe = false, replicas, prefix = PREFIX } = options
  const address = parseAddress(options.url)
  const layout = createLayout(prefix)
  const connection = await connect(address, log)
  const { commands } = connection
  try {
    await checkFitness(commands, address, layout, { allowUnsafe, replicas, log })
  } catch (error) {
    connection.end()
    throw error
  }
  const wakeups = createWakeups(connection, layout, log)
  const witnessed = replicas === undefined ? atOnce : createWitness(commands, layout, replicas)
  const stamp = createStamps()
  const pending = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  const open = (): void => {
    if (closing !== undefined) throw new StoreDown('the store is closed')
  }
  const held = <T>(answer: Promise<T>): Promise<T> => {
    const settled = () => pending.delete(answer)
    pending.add(answer)
    answer.then(settled, settled)
    return answer
  }
  const ask = <T>(key: Key, send: () => Promise<T>): Promise<T> =>
    held(answered(witnessed(key, send)))
  const end = async (): Promise<void> => {
    wakeups.end()
    await Promise.allSettled(pending)
    connection.end()
  }
  const probe = '{~probe}ping' as Key

  return {
    async read(keys) {
      open()
      for (const key of keys) checkKey(key)
      const [only, ...more] = keys
      if (only === undefined) return []
      // MGET would take a foreign type for nothing.
      if (more.length === 0)
        return [parseEntry(await ask(only, () => commands.get(layout.entry(only))))]
      return (await ask(only, () => commands.mget(keys.map(layout.entry)))).map(parseEntry)
    },
    async commit(change) {
      open()
      checkChange(change)
      const key = keyOf(change) ?? probe
      return ask(key, () => commitChange(commands, layout, change, stamp()))
    },
    async list(index, { after, limit }) {
      open()
      checkKey(index, after)
      if (limit <= 0) return []
      const from = after === undefined ? '-' : `(${after}`
      return ask(index, () =>
        commands.zrangebylex(layout.index(index), from, '+', 'LIMIT', 0, limit),
      )
    },
    async tail(log, after, limit) {
      open()
      checkKey(log)
      if (limit <= 0) return []
      const place = parsePlace(after)
      const from = place === undefined ? '-' : `(${place.ms}-${place.seq}`
      return (
        await ask(log, () => commands.xrange(layout.log(log), from, '+', 'COUNT', limit))
      ).map(parseItem)
    },
    async last(log, limit) {
      open()
      checkKey(log)
      if (limit <= 0) return []
      return (
        await ask(log, () => commands.xrevrange(layout.log(log), '+', '-', 'COUNT', limit))
      ).map(parseItem)
    },
    async count(budget, windowMs, by) {
      open()
      checkCount(budget, windowMs, by)
      // Not witnessed: a limit may forget, and must not be slow.
      return held(answered(countIn(commands, layout.counter(budget), windowMs, by)))
    },
    async announce(channel, message) {
      open()
      await held(answered(wakeups.announce(channel, message)))
    },
    async watch(channel, listener) {
      open()
      return wakeups.watch(channel, listener)
    },
    async ping() {
      open()
      const put = [{ key: probe, value: '', expiresAt: Date.now() }]
      await ask(probe, () => commitChange(commands, layout, { put }, stamp()))
    },
    close() {
      closing ??= end()
      return closing
    },
  }
}

/** One key of a change: all of them lie on one node. */
const keyOf = ({ expect, put, remove, add, drop, append }: Change): Key | undefined =>
  expect?.[0]?.key ??
  put?.[0]?.key ??
  remove?.[0] ??
  add?.[0]?.index ??
  drop?.[0]?.index ??
  append?.[0]?.log

/** Without replicas an answer counts as it comes. */
const atOnce: Witness = (_key, ask) => ask()
