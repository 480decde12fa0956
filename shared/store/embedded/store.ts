import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { StoreDown, StoreUnfit } from '../../errors.ts'
import { type Log, silentLog } from '../../log.ts'
import { checkChange, checkCount, checkKey, whole } from '../bounds.ts'
import { knownPlace } from '../place.ts'
import type { Entry, Key, Logged, Store } from '../port.ts'
import { createStamps } from '../stamp.ts'
import { createWatchers } from '../watchers.ts'
import { within } from '../within.ts'
import { decideChange, decideCount } from './apply.ts'
import { createGroup } from './group.ts'
import { holdFolder } from './holder.ts'
import {
  counterKey,
  entryKey,
  logKey,
  PROBE,
  parseCounter,
  parseEntry,
  parseLog,
  rangeAfter,
  rangeBack,
} from './layout.ts'
import { messageOf } from './message.ts'
import { startSweep } from './sweep.ts'
import { openTree, openTreeForReading, type Tree } from './tree.ts'

/** `path`: the folder, made if missing; `now`: the store's clock (epoch ms); `onlyReads`: beside the process that has it. */
export type EmbeddedOptions = {
  readonly path: string
  readonly log?: Log
  readonly now?: () => number
  readonly onlyReads?: boolean
}

// More than any claim writes, so that a full disk refuses it first.
const LARGE_PROBE = '0'.repeat(64 * 1024)

/**
 * Opens the embedded store, the LMDB tree of one folder, for this process alone.
 * Throws `StoreUnfit` when another process holds the folder or it cannot be used.
 */
export const openEmbedded = async (options: EmbeddedOptions): Promise<Store> => {
  const { log = silentLog, now = Date.now, onlyReads = false } = options
  const folder = resolve(options.path)
  if (!onlyReads) makeFolder(folder)
  const release = onlyReads ? () => {} : await holdFolder(folder)
  let tree: Tree
  try {
    tree = onlyReads ? openTreeForReading(folder) : openTree(folder)
  } catch (error) {
    release()
    throw new StoreUnfit([`the store in ${folder} cannot be opened: ${messageOf(error)}`])
  }
  const group = createGroup(tree, folder, log)
  const watchers = createWatchers(log)
  const stamp = createStamps()
  const endSweep = onlyReads ? () => {} : startSweep(tree, group, { now, log })
  let closing: Promise<void> | undefined

  const open = (): void => {
    if (closing !== undefined) throw new StoreDown('the store is closed')
  }
  const writable = (): void => {
    open()
    if (onlyReads) throw new StoreDown('the store is only read here')
  }
  const deadLog = (key: Key): boolean => {
    const { expiresAt } = parseLog(tree.get(logKey(key)))
    return expiresAt !== undefined && now() >= expiresAt
  }
  const end = async (): Promise<void> => {
    endSweep()
    watchers.clear()
    try {
      await within(
        group.idle().then(() => tree.close()),
        'the disk',
      )
      release()
    } catch (error) {
      // What hangs on the disk may still be written, so the folder is held until the process ends.
      log.error({ cause: messageOf(error) }, 'the embedded store could not be closed')
    }
  }

  return {
    async read(keys) {
      open()
      for (const key of keys) checkKey(key)
      return guarded(() => keys.map((key) => readEntry(tree, key)))
    },
    async commit(change) {
      writable()
      checkChange(change)
      const version = stamp()
      return group.run(() => decideChange(tree, change, version, now()))
    },
    async list(index, { after, limit }) {
      open()
      checkKey(index, after)
      if (limit <= 0) return []
      const { start, end, skip } = rangeAfter('m', index, after)
      return guarded(() => Array.from(tree.getKeys({ start, end, limit }), textAfter(skip)))
    },
    async tail(key, after, limit) {
      open()
      checkKey(key)
      const { start, end, skip } = rangeAfter('i', key, knownPlace(after))
      return guarded(() => {
        if (limit <= 0 || deadLog(key)) return []
        return Array.from(tree.getRange({ start, end, limit }), logged(skip))
      })
    },
    async last(key, limit) {
      open()
      checkKey(key)
      const { start, end, skip } = rangeBack('i', key)
      return guarded(() => {
        if (limit <= 0 || deadLog(key)) return []
        return Array.from(tree.getRange({ start, end, limit, reverse: true }), logged(skip))
      })
    },
    async count(budget, windowMs, by) {
      open()
      checkCount(budget, windowMs, by)
      if (by !== 0) writable()
      if (by !== 0) return group.run(() => decideCount(tree, budget, whole(windowMs), by, now()))
      return guarded(() => {
        const { count, endsAt } = parseCounter(tree.get(counterKey(budget)))
        const resetInMs = endsAt - now()
        return resetInMs > 0 ? { count, resetInMs } : { count: 0, resetInMs: 0 }
      })
    },
    async announce(channel, message) {
      open()
      watchers.tell(channel, message)
    },
    async watch(channel, listener) {
      open()
      const remove = watchers.add(channel, listener)
      return async () => {
        remove()
      }
    },
    async ping() {
      writable()
      const probe = `${group.failing() ? LARGE_PROBE : ''}${now()}`
      await group.run(() => ({ answer: true, write: () => tree.putSync(PROBE, probe) }))
    },
    close() {
      closing ??= end()
      return closing
    },
  }
}

const makeFolder = (folder: string): void => {
  const fresh = !existsSync(folder)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (fresh) chmodSync(folder, 0o700)
  } catch (error) {
    throw new StoreUnfit([`the folder ${folder} cannot be made: ${messageOf(error)}`])
  }
}

const readEntry = (tree: Tree, key: Key): Entry | undefined => {
  const text = tree.get(entryKey(key))
  if (text === undefined) return undefined
  const { value, version } = parseEntry(text)
  return { value, version }
}

const textAfter = (skip: number) => (key: Uint8Array) =>
  Buffer.from(key.buffer, key.byteOffset + skip, key.byteLength - skip).toString()

const logged = (skip: number) => {
  const placeOf = textAfter(skip)
  return ({ key, value }: { key: Uint8Array; value: string }): Logged => ({
    place: placeOf(key),
    item: value.slice(1),
  })
}

/** Whatever LMDB throws is an outage to the rooms above. */
const guarded = <T>(read: () => T): T => {
  try {
    return read()
  } catch (error) {
    if (error instanceof StoreDown) throw error
    throw new StoreDown(`the embedded store cannot read: ${messageOf(error)}`)
  }
}
