import type { Log } from '../log.ts'
import { isUuid, type ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { nextDue } from './courier.ts'
import { CHANNELS, type Way } from './queue.ts'

type RoundsOptions = {
  readonly store: Store
  readonly way: Way
  readonly round: (project: ProjectId) => Promise<number | undefined>
  readonly log: Log
  readonly now: () => number
}

/** A wake-up may be lost, and a node die: all queues are looked at this often, */
const SWEEP_MS = 5000
/** but not for more than a twentieth of the time. */
const SWEEP_REST = 20
const PAGE = 500
const AFTER_OUTAGE_MS = 1000
const LONGEST_TIMER_MS = 60_000

const earliest = (due: ReadonlyMap<ProjectId, number>) => {
  let first: readonly [ProjectId, number] | undefined
  for (const one of due) if (first === undefined || one[1] < first[1]) first = one
  return first
}

/** Goes round the projects where something is due, one after the other. Answers its end, which waits for the round under way. */
export const startRounds = async (options: RoundsOptions): Promise<() => Promise<void>> => {
  const { store, way, round, log, now } = options
  const due = new Map<ProjectId, number>()
  let running: Promise<void> | undefined
  let sweeping: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let ended = false

  const plan = (project: ProjectId, at: number): void => {
    if (ended) return
    due.set(project, Math.min(at, due.get(project) ?? at))
    turn()
  }

  const visit = async (project: ProjectId): Promise<void> => {
    try {
      const next = await round(project)
      // What is due is due now, behind others that have waited: a long queue does not hold up a short one.
      if (next !== undefined) plan(project, Math.max(next, now()))
    } catch (cause) {
      log.warn({ err: cause, project, way }, 'messages wait for the store')
      plan(project, now() + AFTER_OUTAGE_MS)
    }
  }

  const turn = (): void => {
    const first = earliest(due)
    if (ended || running !== undefined || first === undefined) return
    clearTimeout(timer)
    const waitMs = first[1] - now()
    if (waitMs > 0) {
      timer = setTimeout(turn, Math.min(waitMs, LONGEST_TIMER_MS)).unref()
      return
    }
    due.delete(first[0])
    running = visit(first[0]).finally(() => {
      running = undefined
      turn()
    })
  }

  const lookAtAll = async (): Promise<void> => {
    let after: string | undefined
    do {
      const page = { limit: PAGE, ...(after === undefined ? {} : { after }) }
      const projects = (await store.list(keys.projects(), page)) as ProjectId[]
      for (const project of projects) {
        const next = ended ? undefined : await nextDue(store, project, way)
        if (next !== undefined) plan(project, next)
      }
      after = projects.length < PAGE ? undefined : projects.at(-1)
    } while (after !== undefined && !ended)
  }

  let sweepTimer: NodeJS.Timeout | undefined
  const sweep = async (): Promise<void> => {
    const began = performance.now()
    await lookAtAll().catch((cause: unknown) =>
      log.warn({ err: cause, way }, 'messages wait for the store'),
    )
    const rest = Math.max(SWEEP_MS, SWEEP_REST * (performance.now() - began))
    if (!ended) sweepTimer = setTimeout(startSweep, rest).unref()
  }
  const startSweep = (): void => {
    sweeping = sweep()
  }

  const unwatch = await store.watch(CHANNELS[way], (project) => {
    if (isUuid(project)) plan(project as ProjectId, now())
  })
  startSweep()
  return async () => {
    ended = true
    clearTimeout(timer)
    clearTimeout(sweepTimer)
    await Promise.all([unwatch(), running, sweeping])
  }
}
