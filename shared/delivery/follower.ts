import type { Log } from '../log.ts'
import type { ProjectId } from '../model/ids.ts'
import type { Key, Logged, Store } from '../store/port.ts'

const AT_ONCE = 500
/** A wake-up may be lost; each log is looked through this often at the latest. */
const SWEEP_MS = 1000

type Options = {
  readonly store: Store
  readonly log: Log
  /** The wake-up that names a project whose log has grown. */
  readonly channel: string
  readonly logOf: (project: ProjectId) => Key
  /** Told every line once on this node, in order. */
  readonly onLine: (project: ProjectId, line: Logged) => Promise<void> | void
}

/**
 * Reads a log of each project on, from the moment somebody here cares for that project. Every node reads by itself, so
 * there is nothing to be taken over from a node that died; what was missed meanwhile is in the log.
 */
export const createFollower = ({ store, log, channel, logOf, onLine }: Options) => {
  /** How far each project was read; absent before anybody cares for it. */
  const places = new Map<ProjectId, string | undefined>()
  const running = new Map<ProjectId, Promise<void>>()
  const starting = new Map<ProjectId, Promise<void>>()

  const begin = async (project: ProjectId): Promise<void> => {
    const [newest] = await store.last(logOf(project), 1)
    places.set(project, newest?.place)
  }

  /** From now on. Resolves when nothing that comes later is missed. */
  const follow = async (project: ProjectId): Promise<void> => {
    if (places.has(project)) return
    const started = starting.get(project) ?? begin(project)
    starting.set(project, started)
    try {
      await started
    } finally {
      starting.delete(project)
    }
  }

  /** Nobody here cares any more. */
  const leave = (project: ProjectId): void => {
    places.delete(project)
  }

  const readOn = async (project: ProjectId): Promise<void> => {
    while (places.has(project)) {
      const lines = await store.tail(logOf(project), places.get(project), AT_ONCE)
      for (const line of lines) {
        await onLine(project, line)
        if (places.has(project)) places.set(project, line.place)
      }
      if (lines.length < AT_ONCE) return
    }
  }

  /** One reader for each project; a wake-up during a reading makes it read once more. */
  const again = new Set<ProjectId>()
  const wake = (project: ProjectId): void => {
    if (!places.has(project)) return
    if (running.has(project)) {
      again.add(project)
      return
    }
    const reading = readOn(project)
      .catch((cause: unknown) => log.warn({ err: cause, project, channel }, 'waits for the store'))
      .finally(() => {
        running.delete(project)
        if (again.delete(project)) wake(project)
      })
    running.set(project, reading)
  }

  const start = async (): Promise<() => Promise<void>> => {
    const unwatch = await store.watch(channel, (project) => wake(project as ProjectId))
    const timer = setInterval(() => {
      for (const project of places.keys()) wake(project)
    }, SWEEP_MS)
    timer.unref()
    return async () => {
      clearInterval(timer)
      await unwatch()
      places.clear()
      await Promise.all(running.values())
    }
  }

  return { follow, leave, start }
}

export type Follower = ReturnType<typeof createFollower>
