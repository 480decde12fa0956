import { audited } from '../audit/line.ts'
import { boxKeyOf, secretDigest } from '../claim/box-key-text.ts'
import type { DeviceId, ProjectId, UserId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { linesOf, put, readMany, readOne, transact, unchanged } from '../store/transact.ts'
import type { ImportsContext } from './context.ts'
import {
  type ImportFormat,
  MOST_OPEN,
  type OpenImports,
  type Operation,
  type RowFaults,
  type RowResult,
  type Spool,
} from './records.ts'
import { SPOOL_MS } from './spool.ts'

/** Where nodes hear that there is an import to work on. */
export const IMPORTS_CHANNEL = 'imports'

/** Results that are read at once: as many commits' worth. */
const COMMITS_AT_ONCE = 5

export type NewOperation = {
  readonly project: ProjectId
  readonly user: UserId
  readonly format: ImportFormat
  readonly generates: boolean
  readonly spool: Spool
}

/** A device that an import was about. Credential and box key stand where this very row has made them. */
export type Imported = RowResult & {
  readonly present?: Device
  readonly token?: string
  readonly boxKey?: string
}

/** Imports as they are asked for and asked about. */
export const createOperations = (context: ImportsContext) => {
  const { store, digests, devices, now, newId, log } = context

  const openIn = async (project: ProjectId): Promise<readonly string[]> =>
    (await readOne<OpenImports>(store, keys.imports(project))).value?.open ?? []

  /** Whether the project may have another one. */
  const hasRoom = async (project: ProjectId): Promise<boolean> =>
    (await openIn(project)).length < MOST_OPEN

  /** `'too-many'`: as many as may wait do so already; the file is then still the caller's. */
  const create = async (wanted: NewOperation): Promise<Operation | 'too-many'> => {
    const operation: Operation = {
      ...wanted,
      id: newId(),
      state: 'waiting',
      ...{ rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0, read: 0 },
      createdAt: now(),
    }
    const { project, id } = operation
    const made = await transact<Operation | 'too-many'>(store, async () => {
      const list = await readOne<OpenImports>(store, keys.imports(project))
      const open = list.value?.open ?? []
      if (open.length >= MOST_OPEN) return { result: 'too-many' }
      return {
        result: operation,
        change: {
          expect: [unchanged(list)],
          put: [
            put(list.key, { open: [...open, id] } satisfies OpenImports),
            put(keys.operation(project, id), operation, now() + SPOOL_MS),
          ],
        },
      }
    })
    if (made !== 'too-many')
      store.announce(IMPORTS_CHANNEL, project).catch((cause: unknown) => {
        log.debug({ cause }, 'a wake-up was lost; the import is found by the next round')
      })
    return made
  }

  const get = async (project: ProjectId, id: string): Promise<Operation | undefined> =>
    (await readOne<Operation>(store, keys.operation(project, id))).value

  /** What is wrong with the file, in the order of its lines; `next` is the place of the last one of a full page. */
  const faultsOf = async ({ project, id }: Operation, after: string | undefined, limit: number) => {
    const lines = await store.tail(keys.operationFaults(project, id), after, limit)
    return {
      items: linesOf<RowFaults>('a fault', lines),
      next: lines.length === limit ? lines.at(-1)?.place : undefined,
    }
  }

  const importedAs = (result: RowResult, present: Device | undefined): Imported => {
    if (present === undefined) return result
    const isNew = result.outcome === 'created'
    const boxKey = result.generated ? boxKeyOf(digests, present.id) : undefined
    // A key that was used up or replaced is no longer worth printing.
    const isGood =
      boxKey !== undefined && present.boxKey?.secret === secretDigest(digests, present.id, boxKey)
    return {
      ...result,
      present,
      ...(isNew ? { token: devices.tokenOf(present) } : {}),
      ...(isGood ? { boxKey } : {}),
    }
  }

  /** What the import has made so far, row by row, however many they are. Only for who sent it: there are credentials in it. */
  async function* results({ project, id }: Operation): AsyncGenerator<Imported> {
    let after: string | undefined
    for (;;) {
      const items = await store.tail(keys.operationResults(project, id), after, COMMITS_AT_ONCE)
      after = items.at(-1)?.place
      for (const rows of linesOf<readonly RowResult[]>('a page of results', items)) {
        const found = await readMany<Device>(
          store,
          rows.map(({ device }) => keys.device(project, device as DeviceId)),
        )
        for (const [place, row] of rows.entries()) yield importedAs(row, found[place]?.value)
      }
      if (items.length < COMMITS_AT_ONCE) return
    }
  }

  /** That somebody reads them is written down. */
  const noteShown = async ({ project, id: what, created: count }: Operation): Promise<void> => {
    await store.commit({
      append: [audited({ at: now(), project, type: 'credential.shown', what, count })],
    })
  }

  return { hasRoom, openIn, create, get, faultsOf, results, noteShown }
}

export type Operations = ReturnType<typeof createOperations>
