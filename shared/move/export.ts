import { randomUUID } from 'node:crypto'
import { audited } from '../audit/line.ts'
import { type AuditType, INSTANCE } from '../audit/records.ts'
import { StoreUnfit } from '../errors.ts'
import type { Digests } from '../guard/digests.ts'
import type { Log } from '../log.ts'
import { schemaFault, schemaOf } from '../schema/prepare.ts'
import { openReader } from '../store/archive.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/port.ts'
import { type Counts, FORMAT, type Header } from './format.ts'
import { fileOf } from './write-file.ts'

/** What the operator's commands work with. */
export type MoveContext = {
  readonly url: string
  readonly allowUnsafe: boolean
  readonly digests: Pick<Digests, 'secret'>
  readonly log: Log
  readonly now: () => number
}

/** Names the instance key in a file without telling anything of it. */
export const keyName = ({ secret }: Pick<Digests, 'secret'>): string =>
  secret('the instance', 'moved').slice(0, 22)

/** That the operator has moved everything, for makers of `default` to read. */
export const noteMove = (
  store: Store,
  type: AuditType & ('export' | 'import'),
  id: string,
  at: number,
) =>
  store.commit({
    append: [
      audited({ at, project: INSTANCE, type, by: { kind: 'operator', id: 'cli' }, what: id }),
    ],
  })

/** An export that has begun. `isNoted`: it is in the audit of the store. */
export type Exporting = {
  readonly header: Header
  readonly isNoted: boolean
  /** How many records there are about. */
  readonly about: () => Promise<number>
  readonly lines: (done: (counts: Counts) => void) => AsyncIterable<string>
  readonly close: () => Promise<void>
}

type Look = { readonly schema: number; readonly isNoted: boolean }

/** Opens the store as a server does: what is fit for no server is not worth to be moved. `undefined`: a server has it. */
const lookAt = async (
  { url, allowUnsafe, log, now }: MoveContext,
  id: string,
): Promise<Look | undefined> => {
  let store: Store
  try {
    store = await openStore({ url, log, allowUnsafe })
  } catch (cause) {
    if (url.startsWith('embedded:') && cause instanceof StoreUnfit) return undefined
    throw cause
  }
  try {
    const schema = await schemaOf(store)
    const fault = schemaFault(schema)
    if (fault !== undefined || schema.under !== undefined)
      throw new StoreUnfit([fault ?? 'the store is just being migrated'])
    await noteMove(store, 'export', id, now())
    return { schema: schema.version, isNoted: true }
  } finally {
    await store.close()
  }
}

/**
 * Begins to export a store: everything but counters, as digests where it was digests. An embedded store is read as it is
 * at one moment, also beside a running server; so is a Redis with `hold`, while commits wait. Without it every record
 * is of one moment, but not all of the same; `placesOf` sees to it that what is read is found again.
 */
export const beginExport = async (
  context: MoveContext,
  { hold, embeddedSchema }: { readonly hold: boolean; readonly embeddedSchema: number },
): Promise<Exporting> => {
  const { url, log, digests, now } = context
  const id = randomUUID()
  const look = await lookAt(context, id)
  const reader = await openReader({ url, log, hold })
  const header: Header = {
    ...{ latchkey: 'export', format: FORMAT, id, at: now(), key: keyName(digests) },
    schema: look?.schema ?? embeddedSchema,
    isSnapshot: reader.isSnapshot,
  }
  return {
    header,
    isNoted: look?.isNoted ?? false,
    about: reader.about,
    lines: (done) => fileOf(header, reader, done),
    close: reader.close,
  }
}
