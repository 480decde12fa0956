import { chmodSync, closeSync, existsSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb'

/** The one LMDB tree: binary keys in the order of their bytes, text values. */
export type Tree = RootDatabase<string, Uint8Array>

type Options = RootDatabaseOptionsWithPath & { readonly eventTurnBatching: boolean }

/**
 * Opens the tree of a folder. `overlappingSync: false`: a transaction is seen, by us too, only once
 * it is on the disk; measured, it is also the faster mode when every commit is waited for.
 * `eventTurnBatching: false`: else each failed commit rejects a promise that nobody holds, which ends the process.
 */
export const openTree = (folder: string): Tree => {
  checkHeader(join(folder, 'data.mdb'))
  // Made before LMDB makes them, because it would make them readable for others.
  for (const name of ['data.mdb', 'lock.mdb']) {
    const path = join(folder, name)
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
  }
  return open<string, Uint8Array>(optionsFor(folder))
}

/** Opens it beside a process that works on it. Makes nothing, writes nothing. */
export const openTreeForReading = (folder: string): Tree => {
  checkHeader(join(folder, 'data.mdb'))
  return open<string, Uint8Array>({ ...optionsFor(folder), readOnly: true })
}

const optionsFor = (path: string): Options => ({
  path,
  noSubdir: false,
  keyEncoding: 'binary',
  encoding: 'string',
  overlappingSync: false,
  eventTurnBatching: false,
})

const HEADER_BYTES = 32
const MAGIC_AT = 24
const MAGIC = 0xbeefc0de
const VERSION_AT = 28
const VERSION = 2

/** lmdb 3.5.6 ends the process with a segmentation fault on a file that is not its own, so we look first. */
const checkHeader = (path: string): void => {
  if (!existsSync(path)) return
  const file = openSync(path, 'r')
  const header = Buffer.alloc(HEADER_BYTES)
  const length = readSync(file, header, 0, HEADER_BYTES, 0)
  closeSync(file)
  if (length === 0) return
  const known =
    header.readUInt32LE(MAGIC_AT) === MAGIC && header.readUInt16LE(VERSION_AT) === VERSION
  if (!known) throw new Error('data.mdb is not a store of this version')
}
