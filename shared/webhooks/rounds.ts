import { FEED_CHANNEL } from '../delivery/feed.ts'
import type { Log } from '../log.ts'
import type { ProjectId } from '../model/ids.ts'
import { MOST_WEBHOOKS, WEBHOOKS_CHANNEL } from '../registry/webhooks.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'

type RoundsOptions = {
  readonly store: Store
  readonly turn: (project: ProjectId, id: string) => Promise<number | undefined>
  readonly log: Log
  readonly now: () => number
}

/** A wake-up may be lost, and a node die: every webhook is looked at this often. */
const SWEEP_MS = 5000
const PAGE = 500
const AT_ONCE = 64
const AFTER_OUTAGE_MS = 1000

type Round = { readonly project: ProjectId; readonly id: string; again: boolean }

/** Gives every webhook its turn when something may have happened, each on its own. Answers its end. */
export const startRounds = async (options: RoundsOptions): Promise<() => Promise<void>> => {
  const { store, turn, log, now } = options
  const known = new Map<ProjectId, ReadonlySet<string>>()
  const running = new Map<string, Round>()
  const waiting = new Map<string, Round>()
  const timers = new Map<string, NodeJS.Timeout>()
  const underWay = new Set<Promise<void>>()
  let isOver = false

  const planAt = (round: Round, at: number): void => {
    clearTimeout(timers.get(round.id))
    const timer = setTimeout(() => {
      timers.delete(round.id)
      wake(round.project, round.id)
    }, at - now())
    timer.unref()
    timers.set(round.id, timer)
  }

  const run = async (round: Round): Promise<void> => {
    const next = await turn(round.project, round.id).catch((cause: unknown) => {
      log.warn({ err: cause, webhook: round.id }, 'a webhook waits for the store')
      return now() + AFTER_OUTAGE_MS
    })
    running.delete(round.id)
    if (isOver) return
    if (round.again || (next !== undefined && next <= now())) wake(round.project, round.id)
    else if (next !== undefined) planAt(round, next)
  }

  const begin = (): void => {
    for (const [id, round] of waiting) {
      if (running.size >= AT_ONCE || isOver) return
      waiting.delete(id)
      running.set(id, round)
      const done: Promise<void> = run(round).finally(() => {
        underWay.delete(done)
        begin()
      })
      underWay.add(done)
    }
  }

  /** A webhook that is having its turn gets another one after it. */
  const wake = (project: ProjectId, id: string): void => {
    const present = running.get(id)
    if (present !== undefined) present.again = true
    else waiting.set(id, { project, id, again: false })
    begin()
  }

  const wakeAll = (project: ProjectId): void => {
    for (const id of known.get(project) ?? []) wake(project, id)
  }

  const lookAt = async (project: ProjectId): Promise<void> => {
    const ids = await store.list(keys.webhooks(project), { limit: MOST_WEBHOOKS })
    if (ids.length === 0) known.delete(project)
    else known.set(project, new Set(ids))
    wakeAll(project)
  }

  const sweep = async (): Promise<void> => {
    let after: string | undefined
    do {
      const page = { limit: PAGE, ...(after === undefined ? {} : { after }) }
      const projects = (await store.list(keys.projectsWithWebhooks(), page)) as ProjectId[]
      for (const project of projects) if (!isOver) await lookAt(project)
      after = projects.length < PAGE ? undefined : projects.at(-1)
    } while (after !== undefined && !isOver)
  }

  const later = (work: Promise<void>): void => {
    const done: Promise<void> = work
      .catch((cause: unknown) => log.warn({ err: cause }, 'webhooks wait for the store'))
      .finally(() => underWay.delete(done))
    underWay.add(done)
  }

  const unwatches = [
    await store.watch(FEED_CHANNEL, (project) => wakeAll(project as ProjectId)),
    await store.watch(WEBHOOKS_CHANNEL, (project) => later(lookAt(project as ProjectId))),
  ]
  let sweeping = false
  const startSweep = (): void => {
    if (sweeping) return
    sweeping = true
    later(
      sweep().finally(() => {
        sweeping = false
      }),
    )
  }
  startSweep()
  const clock = setInterval(startSweep, SWEEP_MS)
  clock.unref()
  return async () => {
    isOver = true
    clearInterval(clock)
    for (const timer of timers.values()) clearTimeout(timer)
    await Promise.all([...unwatches.map((unwatch) => unwatch()), ...underWay])
  }
}
