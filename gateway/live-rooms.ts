import type { Happening } from '../shared/model/events.ts'
import type { HomeId, ProjectId, UserId } from '../shared/model/ids.ts'

/** Who may hear: all of the project, or what is about these homes and this account. */
export type Audience =
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly homes: ReadonlySet<HomeId>; readonly user?: UserId }

/** Somebody who listens, and under which names. */
type Listener = { readonly project: ProjectId; lines: readonly string[] }

const ALL = 'all'
/** Every listener stands here too, so that a room lasts as long as somebody is in it. */
const HERE = 'here'

const linesOf = (audience: Audience): readonly string[] => {
  if (audience.kind === 'all') return [HERE, ALL]
  const { homes, user } = audience
  return [HERE, ...homes, ...(user === undefined ? [] : [user])]
}

const linesFor = ({ home, user }: Happening): readonly string[] => [
  ALL,
  ...(home === undefined ? [] : [home]),
  ...(user === undefined ? [] : [user]),
]

/** Whether a listener may hear of it. */
export const mayHear = ({ lines }: Listener, happening: Happening): boolean =>
  linesFor(happening).some((name) => lines.includes(name))

/** Who listens to which project, by home, account or `all`, so that an event looks only at those who may hear it. */
export const createRooms = <L extends Listener>() => {
  const rooms = new Map<ProjectId, Map<string, Set<L>>>()

  const drop = (listener: L, names: readonly string[]): void => {
    const room = rooms.get(listener.project)
    for (const name of names) {
      const line = room?.get(name)
      if (line?.delete(listener) && line.size === 0) room?.delete(name)
    }
    if (room?.size === 0) rooms.delete(listener.project)
  }

  /** From now on the listener stands for that audience, and for no other. */
  const place = (listener: L, audience: Audience): void => {
    const room = rooms.get(listener.project) ?? new Map<string, Set<L>>()
    rooms.set(listener.project, room)
    const former = listener.lines
    listener.lines = linesOf(audience)
    for (const name of listener.lines) {
      const line = room.get(name) ?? new Set()
      room.set(name, line.add(listener))
    }
    drop(
      listener,
      former.filter((name) => !listener.lines.includes(name)),
    )
  }

  /** It listens no more. `false`: nobody listens to the project now. */
  const leave = (listener: L): boolean => {
    drop(listener, listener.lines)
    return rooms.has(listener.project)
  }

  /** Who may hear of it, each once. */
  const hearing = (project: ProjectId, happening: Happening): ReadonlySet<L> => {
    const room = rooms.get(project)
    return new Set(linesFor(happening).flatMap((name) => [...(room?.get(name) ?? [])]))
  }

  return { place, leave, hearing, has: (project: ProjectId) => rooms.has(project) }
}
