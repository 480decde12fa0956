import { statfs } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreDown } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { ANSWER_WITHIN_MS, within } from '../within.ts'
import { messageOf } from './message.ts'
import type { Tree } from './tree.ts'

/** What a job found: its answer, and what has to be written to make it true. */
export type Verdict<T> = { readonly answer: T; readonly write?: () => void }

/** Group commit: jobs that wait at the same time share one transaction and one flush to the disk. */
export type Group = {
  /** `decide` reads inside the transaction and is followed by its `write` at once. Durable when it resolves. */
  run<T>(decide: () => Verdict<T>): Promise<T>
  /** Whether the last transaction failed. */
  failing(): boolean
  /** Settles when nothing waits any more. */
  idle(): Promise<void>
}

type Job = { attempt(): void; done(): void; fail(cause: string): void }

// How long one transaction may hold the loop.
const ABOARD_FOR_MS = 4
const CAUSE_WITHIN_MS = 100
const CANNOT_WRITE = 'the embedded store cannot write'
const PAUSE_MS = 100

/** Group commit on a tree. One transaction is under way at a time; what comes meanwhile is the next. */
export const createGroup = (tree: Tree, folder: string, log: Log): Group => {
  let waiting: Job[] = []
  let flight: Promise<void> | undefined
  let failing = false

  const fly = async (): Promise<void> => {
    // Lets all of this turn of the loop aboard, and callers after an answer: one flush for them all.
    while (waiting.length > 0) {
      let aboard: Job[] = []
      try {
        // A child, because only that takes back what was written before an error.
        await tree.childTransaction(() => {
          const end = performance.now() + ABOARD_FOR_MS
          const all = waiting
          do {
            const job = all[aboard.length]
            if (job === undefined) break
            aboard.push(job)
            job.attempt()
          } while (performance.now() < end)
          waiting = all.slice(aboard.length)
        })
        for (const job of aboard) job.done()
        if (failing) log.info({}, 'the embedded store can write again')
        failing = false
      } catch (error) {
        const cause = await causeOf(error)
        if (!failing) log.error({ cause, freeBytes: await freeBytes(folder) }, CANNOT_WRITE)
        failing = true
        // Without a transaction nobody came aboard: then it is those who wait.
        if (aboard.length === 0) [aboard, waiting] = [waiting, []]
        for (const job of aboard) job.fail(cause)
        // lmdb prints a line for each failure: a full disk must not be filled by them.
        await sleep(PAUSE_MS)
      }
    }
    flight = undefined
  }

  return {
    run: <T>(decide: () => Verdict<T>) =>
      new Promise<T>((resolve, reject) => {
        let outcome: { answer: T } | { refused: unknown } | undefined
        const timer = setTimeout(() => {
          waiting = waiting.filter((other) => other !== job)
          reject(new StoreDown(`the disk did not answer within ${ANSWER_WITHIN_MS} ms`))
        }, ANSWER_WITHIN_MS)
        const job: Job = {
          attempt() {
            let verdict: Verdict<T>
            try {
              verdict = decide()
            } catch (error) {
              outcome = { refused: error }
              return
            }
            verdict.write?.()
            outcome = { answer: verdict.answer }
          },
          done() {
            clearTimeout(timer)
            if (outcome === undefined) reject(new StoreDown('a job was lost'))
            else if ('refused' in outcome) reject(down(outcome.refused))
            else resolve(outcome.answer)
          },
          fail(cause) {
            clearTimeout(timer)
            reject(new StoreDown(`${CANNOT_WRITE}: ${cause}`))
          },
        }
        waiting.push(job)
        flight ??= fly()
      }),
    failing: () => failing,
    idle: async () => {
      await flight
    },
  }
}

const down = (error: unknown): StoreDown =>
  error instanceof StoreDown
    ? error
    : new StoreDown(`the embedded store cannot read: ${messageOf(error)}`)

/** lmdb hides why a commit failed in a promise of its own, which nobody else would catch. */
const causeOf = async (error: unknown): Promise<string> => {
  const commitError: unknown = (error as { commitError?: unknown }).commitError
  if (commitError === undefined) return messageOf(error)
  try {
    await within(Promise.resolve(commitError), 'lmdb', CAUSE_WITHIN_MS)
    return 'unknown'
  } catch (cause) {
    return messageOf(cause)
  }
}

const freeBytes = async (folder: string): Promise<number | undefined> => {
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: Number.NaN, bsize: 1 }))
  return Number.isNaN(bavail) ? undefined : bavail * bsize
}
