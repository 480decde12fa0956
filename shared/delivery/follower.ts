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

/** A project from the moment somebody here cares for it until nobody does; who comes again begins anew. */
type Followed = {
  readonly project: ProjectId
  readonly begun: Promise<void>
  /** How far it was read. */
  place: string | undefined
  state: 'beginning' | 'resting' | 'reading' | 'woken'
}

/**
 * Reads a log of each project on, from the moment somebody here cares for that project. Every node reads by itself, so
 * there is nothing to be taken over from a node that died; what was missed meanwhile is in the log.
 */
export const createFollower = ({ store, log, channel, logOf, onLine }: Options) => {
  const followed = new Map<ProjectId, Followed>()
  const running = new Set<Promise<void>>()

  const isFollowed = (one: Followed): boolean => followed.get(one.project) === one

  const begin = (project: ProjectId): Followed => {
    const look = async () => {
      try {
        const [newest] = await store.last(logOf(project), 1)
        one.place = newest?.place
        one.state = 'resting'
      } catch (cause) {
        if (isFollowed(one)) followed.delete(project)
        throw cause
      }
    }
    const one: Followed = { project, begun: look(), place: undefined, state: 'beginning' }
    followed.set(project, one)
    return one
  }

  /** From now on. Resolves when nothing that comes later is missed. */
  const follow = (project: ProjectId): Promise<void> =>
    (followed.get(project) ?? begin(project)).begun

  /** Nobody here cares any more. */
  const leave = (project: ProjectId): void => {
    followed.delete(project)
  }

  const readOn = async (one: Followed): Promise<void> => {
    while (isFollowed(one)) {
      const lines = await store.tail(logOf(one.project), one.place, AT_ONCE)
      for (const line of lines) {
        if (!isFollowed(one)) return
        await onLine(one.project, line)
        one.place = line.place
      }
      if (lines.length < AT_ONCE) return
    }
  }

  /** One reader for each project; a wake-up during a reading makes it read once more. */
  const wake = (project: ProjectId): void => {
    const one = followed.get(project)
    if (one === undefined || one.state === 'beginning') return
    if (one.state !== 'resting') {
      one.state = 'woken'
      return
    }
    one.state = 'reading'
    const reading = readOn(one)
      .catch((cause: unknown) => log.warn({ err: cause, project, channel }, 'waits for the store'))
      .finally(() => {
        running.delete(reading)
        const isWoken = one.state === 'woken'
        one.state = 'resting'
        if (isWoken && isFollowed(one)) wake(project)
      })
    running.add(reading)
  }

  const start = async (): Promise<() => Promise<void>> => {
    const unwatch = await store.watch(channel, (project) => wake(project as ProjectId))
    const timer = setInterval(() => {
      for (const project of followed.keys()) wake(project)
    }, SWEEP_MS)
    timer.unref()
    return async () => {
      clearInterval(timer)
      await unwatch()
      followed.clear()
      await Promise.all(running)
    }
  }

  return { follow, leave, start }
}

export type Follower = ReturnType<typeof createFollower>
