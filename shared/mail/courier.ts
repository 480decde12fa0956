import { setTimeout as sleep } from 'node:timers/promises'
import { RecordUnreadable, StoreDown } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Change, Store } from '../store/port.ts'
import { readOne, transact, unchanged } from '../store/transact.ts'
import { redacted } from './addresses.ts'
import { type Carried, postponed } from './carriers/carrier.ts'
import { ended, moved, readMember, type WaitingLetter, type Way } from './queue.ts'

export type CourierOptions = {
  readonly store: Store
  readonly way: Way
  /** Writes the message and gives it to the carrier. */
  readonly send: (letter: WaitingLetter, signal: AbortSignal) => Promise<Carried>
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** A random integer from 0 (inclusive) to `below` (exclusive). */
  readonly random: (below: number) => number
  /** Aborted: what is under way is given back. */
  readonly signal: AbortSignal
}

/** Who took a letter has this long; then another node may take it. */
export const LEASE_MS = 60_000
const SEND_WITHIN_MS = 30_000
const AT_ONCE = 8
const MOST_TRIES = 100
const SHORTEST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 900_000
const NOTE_AGAIN_MS = 1000

/** A second after the first failure, twice that after each more, a quarter of an hour at most; half of it by chance. */
export const pauseAfter = (tries: number, random: (below: number) => number): number => {
  const longest = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** (tries - 1))
  return Math.ceil(longest / 2) + random(Math.floor(longest / 2) + 1)
}

/**
 * Sends what waits in the queues of one way. A letter is taken by a commit that moves it a lease ahead, which of several nodes
 * one wins; it leaves the queue when it was sent or is given up. So it is sent at least once, and twice only when a node
 * dies, or loses the store for a minute, between sending and noting it.
 */
export const createCourier = (options: CourierOptions) => {
  const { store, way, send, log, metrics, now, random, signal } = options

  /** Makes a change to a letter, if it is still as we have it. */
  const change = (letter: WaitingLetter, step: Change): Promise<boolean> =>
    transact<boolean>(store, async () => {
      const present = await readOne<WaitingLetter>(store, keys.letter(letter.project, letter.id))
      if (present.value?.tries !== letter.tries) return { result: false }
      return { result: true, change: { ...step, expect: [unchanged(present)] } }
    })

  const giveUp = async (letter: WaitingLetter, cause: string): Promise<void> => {
    if (!(await change(letter, ended(letter)))) return
    const { id, project, to, tries } = letter
    metrics.message(way, 'given-up')
    log.error({ id, project, way, to: redacted(to), tries, cause }, 'a message is given up')
  }

  /** Takes a letter that is due, or ends it. `undefined`: there is nothing to send. */
  const take = async (project: ProjectId, member: string): Promise<WaitingLetter | undefined> => {
    const { id, dueAt } = readMember(member)
    const present = await readOne<WaitingLetter>(store, keys.letter(project, id))
    const letter = present.value
    if (letter === undefined) {
      await store.commit({
        expect: [unchanged(present)],
        drop: [{ index: keys.letters(project, way), member }],
      })
      return undefined
    }
    if (letter.dueAt !== dueAt) return undefined
    if (now() >= letter.until || letter.tries >= MOST_TRIES) {
      await giveUp(letter, 'its time is over')
      return undefined
    }
    const taken = { ...letter, dueAt: now() + LEASE_MS, tries: letter.tries + 1 }
    const isOurs = await store.commit({ ...moved(letter, taken), expect: [unchanged(present)] })
    return isOurs ? taken : undefined
  }

  const settle = async (letter: WaitingLetter, carried: Carried): Promise<void> => {
    const { id, project, tries } = letter
    if (carried.state === 'sent') {
      await change(letter, ended(letter))
      metrics.message(way, 'sent', (now() - letter.askedAt) / 1000)
      log.info({ id, project, way, tries }, 'a message was sent')
      return
    }
    const { cause } = carried
    if (carried.isFinal) return giveUp(letter, cause)
    const after = { ...letter, dueAt: now() + pauseAfter(tries, random) }
    if (!(await change(letter, moved(letter, after)))) return
    metrics.message(way, 'postponed')
    log.warn({ id, project, way, tries, cause }, 'a message could not be sent yet')
  }

  /** While the lease lasts, an outage of the store is waited for: else what was sent would be sent again. */
  const settleInTime = async (letter: WaitingLetter, carried: Carried): Promise<void> => {
    for (;;) {
      try {
        return await settle(letter, carried)
      } catch (cause) {
        if (!(cause instanceof StoreDown) || signal.aborted || now() >= letter.dueAt) throw cause
        await sleep(NOTE_AGAIN_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  const deliver = async (project: ProjectId, member: string): Promise<void> => {
    const letter = await take(project, member).catch(async (cause: unknown) => {
      if (!(cause instanceof RecordUnreadable)) throw cause
      // Nobody can send it, and what comes after it must not wait for ever.
      await store.commit({ drop: [{ index: keys.letters(project, way), member }] })
      log.error({ project, way }, 'a message cannot be read and is given up')
      return undefined
    })
    if (letter === undefined) return
    const within = AbortSignal.any([signal, AbortSignal.timeout(SEND_WITHIN_MS)])
    const carried = await send(letter, within).catch((cause: unknown) => {
      log.error({ err: cause, way }, 'a carrier broke')
      return postponed('the carrier broke')
    })
    await settleInTime(letter, carried)
  }

  /** Tries some of what is due in a project, and answers when the next is due (epoch ms). */
  const round = async (project: ProjectId): Promise<number | undefined> => {
    const queue = keys.letters(project, way)
    const due = (await store.list(queue, { limit: AT_ONCE })).filter(
      (member) => readMember(member).dueAt <= now(),
    )
    const ends = await Promise.allSettled(due.map((member) => deliver(project, member)))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return nextDue(store, project, way)
  }

  return { round }
}

/** When something in a queue is due (epoch ms). `undefined`: nothing waits. */
export const nextDue = async (
  store: Store,
  project: ProjectId,
  way: Way,
): Promise<number | undefined> => {
  const [first] = await store.list(keys.letters(project, way), { limit: 1 })
  return first === undefined ? undefined : readMember(first).dueAt
}
