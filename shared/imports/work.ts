import { audited } from '../audit/line.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { LogItem } from '../store/port.ts'
import { joined, put, readOne, transact, unchanged } from '../store/transact.ts'
import { type Batch, createBatches } from './batch.ts'
import type { ImportsContext } from './context.ts'
import { faultOf } from './reader.ts'
import {
  MOST_FAULTS,
  MOST_ROWS,
  type OpenImports,
  type Operation,
  ROWS_AT_ONCE,
  type RowFaults,
  type RowResult,
} from './records.ts'
import { type ReadRow, rowsIn } from './rows.ts'
import { createSpools, SPOOL_MS, SpoolOver } from './spool.ts'

/** A node that does not say anything for so long has lost its import to another one. */
const LEASE_MS = 10_000
/** What is known of an import, and its results, are there for so long after it is done: as an Idempotency-Key is. */
export const KEPT_MS = 86_400_000
/** Commits that write results, none of which may be dropped by the log. */
const MOST_COMMITS = 2 * (MOST_ROWS / ROWS_AT_ONCE)

/** Thrown inside only: somebody else works on the import, or it is over. */
class Lost extends Error {}

const countOf = (results: readonly RowResult[], wanted: RowResult['outcome']) =>
  results.filter(({ outcome }) => outcome === wanted).length

/** Rows in batches, and what was done before left out. */
async function* batched(rows: AsyncIterable<ReadRow>, done: number): AsyncGenerator<ReadRow[]> {
  let batch: ReadRow[] = []
  let seen = 0
  for await (const row of rows) {
    seen += 1
    if (seen > MOST_ROWS) {
      if (done > MOST_ROWS) return
      const faults = faultOf(`more than ${MOST_ROWS} rows: send the rest as another file`)
      yield [...batch, { line: row.line, end: row.end, ok: false, faults }]
      return
    }
    if (seen <= done) continue
    batch.push(row)
    if (batch.length < ROWS_AT_ONCE) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Rows, and a fault instead of the rest of a file that is not there any more. */
async function* untilOver(rows: AsyncIterable<ReadRow>): AsyncGenerator<ReadRow> {
  let last = { line: 0, end: 0 }
  try {
    for await (const row of rows) {
      last = row
      yield row
    }
  } catch (cause) {
    if (!(cause instanceof SpoolOver)) throw cause
    const { line, end } = last
    yield {
      line: line + 1,
      end,
      ok: false,
      faults: faultOf('the file waited too long: send it again'),
    }
  }
}

/** Devices that have come into being or were changed, for the audit: a line for each batch, in its commit. */
const told = ({ id: what, project, user }: Operation, { results }: Batch, at: number) => {
  const count = results.length - countOf(results, 'unchanged')
  return count === 0 ? [] : [audited({ at, project, type: 'devices.imported', user, what, count })]
}

/** Works on imports. Rows and progress are one commit, so that a row counts once, whatever crashes and whoever goes on. */
export const createWork = (context: ImportsContext, node: string) => {
  const { store, now } = context
  const batches = createBatches(context)
  const spools = createSpools(context)

  const isOthers = ({ worker, until = 0 }: Operation) => worker !== node && now() < until

  /** Takes the import for this node. `'over'`: there is none any more. */
  const take = (project: ProjectId, id: string): Promise<Operation | 'others' | 'over'> =>
    transact<Operation | 'others' | 'over'>(store, async () => {
      const present = await readOne<Operation>(store, keys.operation(project, id))
      const operation = present.value
      if (operation === undefined || operation.state === 'done') return { result: 'over' }
      if (isOthers(operation)) return { result: 'others' }
      const taken = {
        ...operation,
        state: 'running',
        worker: node,
        until: now() + LEASE_MS,
      } as const
      return {
        result: taken,
        change: { expect: [unchanged(present)], put: [put(present.key, taken, now() + SPOOL_MS)] },
      }
    })

  /** Leaves it to whoever comes next, at once. */
  const give = (project: ProjectId, id: string): Promise<void> =>
    transact<void>(store, async () => {
      const present = await readOne<Operation>(store, keys.operation(project, id))
      if (present.value?.worker !== node) return { result: undefined }
      const { worker: _worker, until: _until, ...operation } = present.value
      return {
        result: undefined,
        change: {
          expect: [unchanged(present)],
          put: [put(present.key, operation, now() + SPOOL_MS)],
        },
      }
    })

  const appended = (
    { project, id, failed }: Operation,
    results: readonly RowResult[],
    faults: readonly RowFaults[],
  ): LogItem[] => {
    const told = faults.slice(0, Math.max(0, MOST_FAULTS - failed)).map((one) => ({
      log: keys.operationFaults(project, id),
      item: JSON.stringify(one),
      keep: MOST_FAULTS,
      ttlMs: SPOOL_MS,
    }))
    if (results.length === 0) return told
    const made = {
      log: keys.operationResults(project, id),
      item: JSON.stringify(results),
      keep: MOST_COMMITS,
      ttlMs: SPOOL_MS,
    }
    return [...told, made]
  }

  const advanced = (operation: Operation, rows: readonly ReadRow[], batch: Batch): Operation => ({
    ...operation,
    rows: operation.rows + rows.length,
    created: operation.created + countOf(batch.results, 'created'),
    updated: operation.updated + countOf(batch.results, 'updated'),
    unchanged: operation.unchanged + countOf(batch.results, 'unchanged'),
    failed: operation.failed + batch.faults.length,
    read: rows.at(-1)?.end ?? operation.read,
    until: now() + LEASE_MS,
  })

  /** One commit of a hundred rows, tried again when a device has changed meanwhile. Throws `Lost`. */
  const doRows = ({ project, id }: Operation, rows: readonly ReadRow[]): Promise<void> =>
    transact<void>(store, async () => {
      const present = await readOne<Operation>(store, keys.operation(project, id))
      const operation = present.value
      if (operation?.worker !== node || operation.state !== 'running') throw new Lost()
      const batch = await batches.plan(operation, rows)
      // An index entry alone opens nothing; each lies in a shard of its own.
      await Promise.all(batch.credentials.map((one) => store.commit({ put: [one] })))
      const after = advanced(operation, rows, batch)
      return {
        result: undefined,
        change: joined(batch.change, {
          expect: [unchanged(present)],
          put: [put(present.key, after, now() + SPOOL_MS)],
          append: [
            ...appended(operation, batch.results, batch.faults),
            ...told(operation, batch, now()),
          ],
        }),
      }
    })

  /** The import is done, or there is none any more: its place is free. */
  const finish = (project: ProjectId, id: string): Promise<void> =>
    transact<void>(store, async () => {
      const list = await readOne<OpenImports>(store, keys.imports(project))
      const present = await readOne<Operation>(store, keys.operation(project, id))
      const open = (list.value?.open ?? []).filter((one) => one !== id)
      const left = open.length === 0 ? { remove: [list.key] } : { put: [put(list.key, { open })] }
      const expect = [unchanged(list), unchanged(present)]
      if (present.value === undefined)
        return { result: undefined, change: joined({ expect }, left) }
      const { worker: _worker, until: _until, ...operation } = present.value
      const done: Operation = { ...operation, state: 'done', finishedAt: now() }
      const kept = { put: [put(present.key, done, now() + KEPT_MS)] }
      return { result: undefined, change: joined({ expect }, kept, left) }
    })

  /** Works on an import until it is done, or `signal` says stop; then any node goes on. `false`: another node works on it. */
  const run = async (project: ProjectId, id: string, signal: AbortSignal): Promise<boolean> => {
    const operation = await take(project, id)
    if (operation === 'others') return false
    if (operation === 'over') {
      await finish(project, id)
      return true
    }
    const { format, spool, rows: done } = operation
    try {
      for await (const rows of batched(untilOver(rowsIn(format, spools.read(spool))), done)) {
        if (signal.aborted) {
          await give(project, id)
          return true
        }
        await doRows(operation, rows)
      }
      await finish(project, id)
      await spools.remove(spool)
      return true
    } catch (cause) {
      if (cause instanceof Lost) return false
      throw cause
    }
  }

  return { run }
}
