import { FEED_CHANNEL } from '../delivery/feed.ts'
import { RecordUnreadable } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { INSTANCE } from './records.ts'
import type { Sealer } from './sealer.ts'

/** What somebody has been woken for is sealed within this time, ms. */
const SOON_MS = 1000
/** Everything else within this one. */
const ROUND_MS = 30_000
const PAGE = 100
/** Projects that wait to be sealed; the next round finds the others. */
const MOST_WAITING = 10_000

type Sealing = { readonly store: Store; readonly sealer: Sealer; readonly log: Log }

/** Seals what this node is woken for, and all projects in turn. */
export const keepSealing = async ({ store, sealer, log }: Sealing) => {
  const waiting = new Set<ProjectId>([INSTANCE])
  let ended = false
  let under: Promise<void> | undefined

  /** A chain of one project that cannot be gone on with holds up no other. */
  const seal = (project: ProjectId): Promise<void> =>
    sealer.seal(project).catch((cause: unknown) => {
      if (!(cause instanceof RecordUnreadable)) throw cause
      log.warn({ err: cause, project }, 'audit: not sealed; latchkey doctor says more')
    })

  const sealWaiting = async (): Promise<void> => {
    for (const project of waiting) {
      waiting.delete(project)
      if (!ended) await seal(project)
    }
  }

  const all = async (): Promise<void> => {
    await seal(INSTANCE)
    let after: string | undefined
    while (!ended) {
      const page = after === undefined ? { limit: PAGE } : { after, limit: PAGE }
      const projects = (await store.list(keys.projects(), page)) as ProjectId[]
      for (const project of projects) if (!ended) await seal(project)
      after = projects.at(-1)
      if (projects.length < PAGE) return
    }
  }

  const go = (work: () => Promise<void>): void => {
    under ??= work()
      .catch((cause: unknown) => log.warn({ err: cause }, 'audit: not sealed; later again'))
      .finally(() => {
        under = undefined
      })
  }

  const unwatch = await store.watch(FEED_CHANNEL, (project) => {
    if (waiting.size < MOST_WAITING) waiting.add(project as ProjectId)
  })
  const soon = setInterval(() => waiting.size > 0 && go(sealWaiting), SOON_MS)
  const round = setInterval(() => go(all), ROUND_MS)
  soon.unref()
  round.unref()
  go(all)

  /** Ends with what is under way. Idempotent. */
  return async (): Promise<void> => {
    clearInterval(soon)
    clearInterval(round)
    await unwatch().catch(() => undefined)
    ended = true
    await under
  }
}
