import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RecordUnreadable, StoreUnfit } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { forgetAt } from '../bounds.ts'
import type { Kept, Reader, Writer } from '../kept.ts'
import { parsePlace } from '../place.ts'
import type { Key } from '../port.ts'
import { createStamps } from '../stamp.ts'
import { decideChange, remember } from './apply.ts'
import { createGroup } from './group.ts'
import { holdFolder } from './holder.ts'
import {
  itemKey,
  logKey,
  NEWEST_PLACE,
  parseEntry,
  parseLog,
  parseMember,
  rangeAfter,
  spellLog,
} from './layout.ts'
import { messageOf } from './message.ts'
import { openTree, openTreeForReading, type Tree } from './tree.ts'

const PIECE = 500

const textOf = (key: Uint8Array): string => Buffer.from(key).toString()

const rangeOf = (kind: 'e' | 'l' | 'm') => ({
  start: Buffer.from(kind),
  end: Buffer.from(String.fromCharCode(kind.charCodeAt(0) + 1)),
})

const ending = (expiresAt: number | undefined) => (expiresAt === undefined ? {} : { expiresAt })

/** What we have not written comes as it is: the doctor names it. */
const readable = (text: string): Pick<ReturnType<typeof parseEntry>, 'value' | 'expiresAt'> => {
  try {
    return parseEntry(text)
  } catch (cause) {
    if (cause instanceof RecordUnreadable) return { value: text, expiresAt: undefined }
    throw cause
  }
}

function* keptIn(tree: Tree): Generator<Kept> {
  const transaction = tree.useReadTransaction()
  try {
    for (const { key, value } of tree.getRange({ ...rangeOf('e'), transaction })) {
      const { value: text, expiresAt } = readable(value)
      yield {
        ...{ kind: 'entry', key: textOf(key).slice(1) as Key, value: text },
        ...ending(expiresAt),
      }
    }
    for (const { key, value } of tree.getRange({ ...rangeOf('l'), transaction })) {
      const log = textOf(key).slice(1) as Key
      const { expiresAt } = parseLog(value)
      if (expiresAt !== undefined && Date.now() >= expiresAt) continue
      yield { kind: 'log', log, ...ending(expiresAt) }
      const { start, end, skip } = rangeAfter('i', log, undefined)
      for (const line of tree.getRange({ start, end, transaction })) {
        const place = Buffer.from(line.key).subarray(skip).toString()
        yield { kind: 'item', log, place, item: line.value.slice(1) }
      }
    }
    for (const { key } of tree.getRange({ ...rangeOf('m'), transaction }))
      yield { kind: 'member', ...parseMember(key) }
  } finally {
    transaction.done()
  }
}

/**
 * Reads the tree of a folder as it is at one moment, also while a server works on it: readers and the one writer of
 * LMDB do not wait for each other. The file may grow meanwhile, because what is being read is not reused.
 */
export const openEmbeddedReader = (path: string): Reader => {
  const folder = resolve(path)
  if (!existsSync(join(folder, 'data.mdb')))
    throw new StoreUnfit([`there is no store in ${folder}`])
  let tree: Tree
  try {
    tree = openTreeForReading(folder)
  } catch (error) {
    throw new StoreUnfit([`the store in ${folder} cannot be read: ${messageOf(error)}`])
  }
  let closing: Promise<void> | undefined
  return {
    isSnapshot: true,
    about: async () => (tree.getStats() as { entryCount?: number }).entryCount ?? 0,
    async *all() {
      let piece: Kept[] = []
      for (const one of keptIn(tree)) {
        piece.push(one)
        if (piece.length < PIECE) continue
        yield piece
        piece = []
      }
      yield piece
    },
    close() {
      closing ??= tree.close()
      return closing
    },
  }
}

const newest = (one: string, other: string): string => (one > other ? one : other)

const writeItem = (tree: Tree, { log, place, item }: Extract<Kept, { kind: 'item' }>): void => {
  const key = itemKey(log, place)
  if (parsePlace(place) === undefined || tree.get(key) !== undefined) return
  const state = parseLog(tree.get(logKey(log)))
  tree.putSync(key, `=${item}`)
  tree.putSync(logKey(log), spellLog({ ...state, count: state.count + 1 }))
  tree.putSync(NEWEST_PLACE, newest(tree.get(NEWEST_PLACE) ?? '', place))
}

const writeLog = (tree: Tree, { log, expiresAt }: Extract<Kept, { kind: 'log' }>): void => {
  if (tree.get(logKey(log)) !== undefined) return
  const dueAt = expiresAt === undefined ? undefined : forgetAt(expiresAt)
  if (dueAt !== undefined) remember(tree, 'l', log, dueAt)
  tree.putSync(logKey(log), spellLog({ count: 0, expiresAt, dueAt }))
}

/** Fills the tree of a folder, for this process alone. */
export const openEmbeddedWriter = async (path: string, log: Log): Promise<Writer> => {
  const folder = resolve(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const release = await holdFolder(folder)
  let tree: Tree
  try {
    tree = openTree(folder)
  } catch (error) {
    release()
    throw new StoreUnfit([`the store in ${folder} cannot be opened: ${messageOf(error)}`])
  }
  const group = createGroup(tree, folder, log)
  const stamp = createStamps()
  let closing: Promise<void> | undefined

  const writeAll = (piece: readonly Kept[], now: number): void => {
    const put = piece.flatMap((one) => (one.kind === 'entry' ? [one] : []))
    const add = piece.flatMap((one) => (one.kind === 'member' ? [one] : []))
    decideChange(tree, { put, add }, stamp(), now).write?.()
    for (const one of piece) {
      if (one.kind === 'log') writeLog(tree, one)
      if (one.kind === 'item') writeItem(tree, one)
    }
  }

  return {
    async write(piece) {
      await group.run(() => ({ answer: true, write: () => writeAll(piece, Date.now()) }))
    },
    close() {
      closing ??= group
        .idle()
        .then(() => tree.close())
        .then(release)
      return closing
    },
  }
}
