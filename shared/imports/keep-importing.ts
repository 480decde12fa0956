import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { ImportsContext } from './context.ts'
import { createOperations, IMPORTS_CHANNEL } from './operations.ts'
import { createWork } from './work.ts'

/** How often a node looks for imports that a wake-up did not tell it of, or that another node has left, ms. */
const ROUND_MS = 5000
/** Projects that one node works for at once; one import of a project after the other. */
const AT_ONCE = 2
const PAGE = 500

/** Works on imports on this node, from now on. Any number of nodes may. Answers its end. Idempotent. */
export const keepImporting = async (context: ImportsContext): Promise<() => Promise<void>> => {
  const { store, log, newId } = context
  const { openIn } = createOperations(context)
  const { run } = createWork(context, newId())
  const stop = new AbortController()
  const waiting = new Set<ProjectId>()
  const running = new Map<ProjectId, Promise<void>>()

  const workFor = async (project: ProjectId): Promise<void> => {
    for (const id of await openIn(project)) {
      if (stop.signal.aborted) return
      // They are done in their order, so the next one waits for a node that has the first.
      if (!(await run(project, id, stop.signal))) return
    }
  }

  const begin = (): void => {
    for (const project of waiting) {
      if (running.size >= AT_ONCE || stop.signal.aborted) return
      if (running.has(project)) continue
      waiting.delete(project)
      const work = workFor(project)
        .catch((cause: unknown) => log.warn({ err: cause }, 'an import waits; later again'))
        .finally(() => {
          running.delete(project)
          begin()
        })
      running.set(project, work)
    }
  }

  const wake = (project: ProjectId): void => {
    waiting.add(project)
    begin()
  }

  const lookAround = async (): Promise<void> => {
    let after: string | undefined
    for (;;) {
      const page = after === undefined ? { limit: PAGE } : { after, limit: PAGE }
      const projects = (await store.list(keys.projects(), page)) as ProjectId[]
      for (const project of projects) if ((await openIn(project)).length > 0) wake(project)
      after = projects.at(-1)
      if (projects.length < PAGE || stop.signal.aborted) return
    }
  }

  let round: Promise<void> | undefined
  const look = (): void => {
    round ??= lookAround()
      .catch((cause: unknown) => log.debug({ err: cause }, 'imports wait for the store'))
      .finally(() => {
        round = undefined
      })
  }

  const unwatch = await store.watch(IMPORTS_CHANNEL, (project) => wake(project as ProjectId))
  look()
  const timer = setInterval(look, ROUND_MS)
  timer.unref()
  return async () => {
    stop.abort()
    clearInterval(timer)
    waiting.clear()
    await Promise.all([unwatch(), round, ...running.values()])
  }
}
