import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnfit } from '../errors.ts'
import { type Log, silentLog } from '../log.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import { MIGRATIONS, type Migration } from './migrations.ts'

/** The form of what a store keeps. `under`: who is changing it, and how far he is. */
export type Schema = {
  readonly version: number
  readonly under?: {
    readonly to: number
    readonly cursor?: string
    readonly worker: string
    readonly until: number
  }
  /** The file that is being moved in: until that is done the store is nobody's. */
  readonly filledBy?: string
}

/** Who does not say anything for so long has lost his work to another node, ms. */
const LEASE_MS = 30_000
const LOOK_AGAIN_MS = 200

type PrepareOptions = {
  readonly store: Store
  readonly now: () => number
  readonly newId: () => string
  readonly log?: Log
  readonly migrations?: readonly Migration[]
}

/** What a store says of itself. A store of the first programs says nothing, and is of version 1. */
export const schemaOf = async (store: Store): Promise<Schema> =>
  (await readOne<Schema>(store, keys.schema())).value ?? { version: 1 }

/** Why this program must not use a store. `undefined`: it may. */
export const schemaFault = (
  { version, filledBy }: Schema,
  migrations: readonly Migration[] = MIGRATIONS,
): string | undefined => {
  if (filledBy !== undefined)
    return 'a file is being moved into the store, and is not whole: end "latchkey import" first'
  const newest = migrations.at(-1)?.to ?? 1
  return version > newest
    ? `the store was written by a newer program (version ${version} of its records; this one knows ${newest})`
    : undefined
}

/**
 * Makes the store fit for this program: at a start, once, whoever comes first. Work is done under a lease, in pieces, and
 * how far it is lies in the store, so that any node goes on where another has stopped. Throws `StoreUnfit`.
 */
export const prepareStore = async (options: PrepareOptions): Promise<void> => {
  const { store, now, newId, log = silentLog, migrations = MIGRATIONS } = options
  const worker = newId()

  /** What is to be done now, if it is ours to do. */
  const take = () =>
    transact<Migration | 'done' | 'others'>(store, async () => {
      const present = await readOne<Schema>(store, keys.schema())
      const schema = present.value ?? { version: 1 }
      const fault = schemaFault(schema, migrations)
      if (fault !== undefined) throw new StoreUnfit([fault])
      const expect = [unchanged(present)]
      const next = migrations.find(({ to }) => to > schema.version)
      if (next === undefined)
        return present.value === undefined
          ? { result: 'done', change: { expect, put: [put(present.key, schema)] } }
          : { result: 'done' }
      const { under } = schema
      if (under !== undefined && under.worker !== worker && now() < under.until)
        return { result: 'others' }
      const cursor = under?.to === next.to ? under.cursor : undefined
      const ours = { to: next.to, worker, until: now() + LEASE_MS }
      const after: Schema = {
        ...schema,
        under: cursor === undefined ? ours : { ...ours, cursor },
      }
      return { result: next, change: { expect, put: [put(present.key, after)] } }
    })

  /** One piece, and how far it got. `false`: another node has taken the work over. */
  const work = async ({ to, name, piece }: Migration): Promise<boolean> => {
    const before = await readOne<Schema>(store, keys.schema())
    const under = before.value?.under
    if (under?.worker !== worker || under.to !== to) return false
    const cursor = await piece(store, under.cursor)
    const { under: _under, ...rest } = before.value as Schema
    const after: Schema =
      cursor === undefined
        ? { ...rest, version: to }
        : { ...rest, under: { to, cursor, worker, until: now() + LEASE_MS } }
    if (cursor === undefined) log.info({ version: to, migration: name }, 'the store was migrated')
    return store.commit({ expect: [unchanged(before)], put: [put(before.key, after)] })
  }

  for (;;) {
    const next = await take()
    if (next === 'done') return
    if (next === 'others') await sleep(LOOK_AGAIN_MS)
    else await work(next)
  }
}
