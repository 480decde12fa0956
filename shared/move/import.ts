import { StoreUnfit } from '../errors.ts'
import { MIGRATIONS } from '../schema/migrations.ts'
import { type Schema, schemaOf } from '../schema/prepare.ts'
import { type Kept, openReader, openWriter, type Writer } from '../store/archive.ts'
import { keys } from '../store/keys.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/port.ts'
import { put } from '../store/transact.ts'
import { keyName, type MoveContext, noteMove } from './export.ts'
import type { Counts, Header } from './format.ts'
import { placesOf } from './found-again.ts'
import { FileUnfit, type Part, partsOf } from './read-file.ts'

/** How far it is: bytes that were read, in both passes. */
export type Progress = (bytes: number) => void

type Checked = { readonly header: Header; readonly counts: Counts }

/** Reads the whole file before anything is written. */
const check = async (path: string, progress: Progress): Promise<Checked> => {
  let header: Header | undefined
  let counts: Counts | undefined
  let bytes = 0
  for await (const part of partsOf(path)) {
    if (part.kind === 'header') header = part.header
    if (part.kind === 'end') counts = part.counts
    if (part.kind !== 'piece') continue
    bytes += part.bytes
    progress(bytes)
  }
  if (header === undefined || counts === undefined) throw new FileUnfit('the file is empty')
  return { header, counts }
}

const headerFault = ({ key, schema }: Header, context: MoveContext): string | undefined => {
  if (key !== keyName(context.digests))
    return 'the file belongs to another instance key: bring the key file of its server along'
  const newest = MIGRATIONS.at(-1)?.to ?? 1
  return schema > newest
    ? `the file was written by a newer program (version ${schema} of its records; this one knows ${newest})`
    : undefined
}

/** A store is only filled when nobody has written to it, or when it is this file that has not got to its end. */
const isFree = async ({ url, log }: MoveContext): Promise<boolean> => {
  const reader = await openReader({ url, log })
  try {
    for await (const piece of reader.all())
      if (piece.some((one) => one.kind !== 'entry' || one.key !== keys.schema())) return false
    return true
  } finally {
    await reader.close()
  }
}

const withStore = async <T>(
  { url, log, allowUnsafe }: MoveContext,
  work: (store: Store) => Promise<T>,
): Promise<T> => {
  const store = await openStore({ url, log, allowUnsafe })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

const marked = (schema: Schema) => ({ put: [put(keys.schema(), schema)] })

const begin = async (context: MoveContext, { id, schema }: Header): Promise<void> => {
  const present = await withStore(context, schemaOf)
  if (present.filledBy === id) return
  if (present.filledBy !== undefined)
    throw new StoreUnfit(['another file was being moved into the store: empty the store first'])
  if (!(await isFree(context)))
    throw new StoreUnfit(['the store is not empty: a file is only moved into an empty one'])
  await withStore(context, (store) => store.commit(marked({ version: schema, filledBy: id })))
}

/** The word about the store itself is written by whoever fills it. */
const isOurs = (one: Kept) => !(one.kind === 'entry' && one.key === keys.schema())

const fill = async (writer: Writer, part: Extract<Part, { kind: 'piece' }>, settle: boolean) => {
  const kept = part.kept.filter(isOurs)
  const places = settle ? kept.flatMap((one) => (one.kind === 'entry' ? placesOf(one) : [])) : []
  // Behind everything else: a log and its items stay together.
  await writer.write([...kept, ...places.map((place) => ({ kind: 'member', ...place }) as const)])
}

/**
 * Moves an export into an empty store. The file is read through before, so that a wrong one changes nothing; one that was
 * cut off half-way is moved in again from the beginning, and until it is whole no server starts on that store.
 */
export const importFile = async (
  context: MoveContext,
  path: string,
  progress: Progress,
): Promise<Checked> => {
  const checked = await check(path, progress)
  const { header } = checked
  const fault = headerFault(header, context)
  if (fault !== undefined) throw new FileUnfit(fault)
  await begin(context, header)
  const { url, log, now } = context
  const writer = await openWriter({ url, log })
  try {
    let bytes = 0
    for await (const part of partsOf(path)) {
      if (part.kind !== 'piece') continue
      await fill(writer, part, !header.isSnapshot)
      bytes += part.bytes
      progress(bytes)
    }
  } finally {
    await writer.close()
  }
  await withStore(context, async (store) => {
    await noteMove(store, 'import', header.id, now())
    await store.commit(marked({ version: header.schema }))
  })
  return checked
}
