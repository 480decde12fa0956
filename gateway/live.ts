import { FEED_CHANNEL } from '../shared/delivery/feed.ts'
import { createFollower } from '../shared/delivery/follower.ts'
import { happeningOf, placeAfter } from '../shared/delivery/replay.ts'
import type { Log } from '../shared/log.ts'
import type { Happening } from '../shared/model/events.ts'
import type { HomeId, ProjectId, UserId } from '../shared/model/ids.ts'
import { keys } from '../shared/store/keys.ts'
import type { Logged, Store, Unwatch } from '../shared/store/port.ts'

/** Who may hear: all of the project, or what is about these homes and this account. */
export type Audience =
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly homes: ReadonlySet<HomeId>; readonly user?: UserId }

/** Why a stream ended: what let it in is gone, it does not read, we stop, or nobody can tell. */
export type Ending = 'over' | 'slow' | 'closing' | 'unavailable'

export type Listening = {
  readonly project: ProjectId
  /** Behind the event of that id; else from now on. */
  readonly after?: string | undefined
  /** Whose sessions let it in: looked at again as soon as one of them ends. */
  readonly user?: UserId | undefined
  /** Asked at the start, and again every second: what may be heard now. `undefined`: nothing any more. */
  readonly audience: () => Promise<Audience | undefined>
  /** Which of it is wanted. */
  readonly wants?: (happening: Happening) => boolean
  /** Writes one event. `false`: it is not read. */
  readonly say: (happening: Happening) => boolean
  /** Called once, at the end, whoever ended it. */
  readonly end: (why: Ending) => void
}

/** An open stream. Nothing is said before `begin`; `close` does not call `end`. */
export type Stream = { readonly begin: () => void; readonly close: () => void }

/** Why a stream was not opened. */
export type NotOpened = 'not-permitted' | 'unknown-place' | 'too-many'

type Open = Listening & {
  place: string | undefined
  /** What came while it still read what it had missed. */
  passed: string | undefined
  isLive: boolean
  isClosed: boolean
  lines: readonly string[]
}

const MOST_STREAMS = 10_000
const AT_ONCE = 500
/** What lets a stream in is looked at so often: a wake-up may be lost. */
const RENEW_MS = 800
const RENEWALS_AT_ONCE = 64
const ALL = 'all'

const linesOf = (audience: Audience): readonly string[] => {
  if (audience.kind === 'all') return [ALL]
  return audience.user === undefined ? [...audience.homes] : [...audience.homes, audience.user]
}

const linesFor = ({ home, user }: Happening): readonly string[] => [
  ALL,
  ...(home === undefined ? [] : [home]),
  ...(user === undefined ? [] : [user]),
]

type LiveOptions = { readonly store: Store; readonly log: Log }

/**
 * Live streams of events, whatever carries them (SSE, WebSocket, a long poll). Each node reads the feed of a project once,
 * as long as somebody here listens, and hands every event to those who may hear it.
 */
export const createLive = ({ store, log }: LiveOptions) => {
  const streams = new Set<Open>()
  /** By project, then by home, account or `all`. */
  const rooms = new Map<ProjectId, Map<string, Set<Open>>>()

  const enter = (stream: Open, lines: readonly string[]): void => {
    const room = rooms.get(stream.project) ?? new Map<string, Set<Open>>()
    rooms.set(stream.project, room)
    for (const name of lines) {
      const line = room.get(name) ?? new Set()
      line.add(stream)
      room.set(name, line)
    }
    stream.lines = lines
  }

  const drop = (stream: Open, names: readonly string[]): void => {
    const room = rooms.get(stream.project)
    for (const name of names) {
      const line = room?.get(name)
      if (line?.delete(stream) && line.size === 0) room?.delete(name)
    }
  }

  const leave = (stream: Open): void => {
    drop(stream, stream.lines)
    if (rooms.get(stream.project)?.size !== 0) return
    rooms.delete(stream.project)
    follower.leave(stream.project)
  }

  const close = (stream: Open): boolean => {
    if (stream.isClosed) return false
    stream.isClosed = true
    streams.delete(stream)
    leave(stream)
    return true
  }

  const end = (stream: Open, why: Ending): void => {
    if (close(stream)) stream.end(why)
  }

  const hand = (stream: Open, happening: Happening, place: string): void => {
    stream.place = place
    if (stream.wants?.(happening) === false) return
    if (!stream.say(happening)) end(stream, 'slow')
  }

  const onLine = (project: ProjectId, line: Logged): void => {
    const room = rooms.get(project)
    if (room === undefined) return
    const happening = happeningOf(line)
    for (const name of linesFor(happening))
      for (const stream of room.get(name) ?? []) {
        if (!stream.isLive) stream.passed = line.place
        else if (stream.place === undefined || stream.place < line.place)
          hand(stream, happening, line.place)
      }
  }

  const follower = createFollower({
    store,
    log,
    channel: FEED_CHANNEL,
    logOf: keys.events,
    onLine,
  })

  const mayHear = (stream: Open, happening: Happening): boolean =>
    linesFor(happening).some((name) => stream.lines.includes(name))

  /** Reads what lies behind its place; ends in the same turn in which the stream becomes live, so that nothing falls between. */
  const catchUp = async (stream: Open): Promise<void> => {
    for (;;) {
      const lines = await store.tail(keys.events(stream.project), stream.place, AT_ONCE)
      for (const line of lines) {
        if (stream.isClosed) return
        const happening = happeningOf(line)
        if (mayHear(stream, happening)) hand(stream, happening, line.place)
        else stream.place = line.place
      }
      const isBehind = stream.passed !== undefined && stream.passed > (stream.place ?? '')
      if (lines.length < AT_ONCE && !isBehind) break
    }
    stream.isLive = true
  }

  const placeOf = async ({ project, after }: Listening): Promise<string | undefined> => {
    if (after !== undefined) return placeAfter(store, keys.events(project), after)
    const [newest] = await store.last(keys.events(project), 1)
    return newest?.place ?? ''
  }

  const renew = async (stream: Open): Promise<void> => {
    const audience = await stream.audience().catch((cause: unknown) => {
      log.debug({ err: cause }, 'a stream ends: nobody can tell whether it may go on')
      return 'unavailable' as const
    })
    if (stream.isClosed) return
    if (audience === 'unavailable') return end(stream, 'unavailable')
    if (audience === undefined) return end(stream, 'over')
    const lines = linesOf(audience)
    if (lines.length === stream.lines.length && lines.every((name) => stream.lines.includes(name)))
      return
    const former = stream.lines
    enter(stream, lines)
    drop(
      stream,
      former.filter((name) => !lines.includes(name)),
    )
  }

  const renewAll = async (): Promise<void> => {
    const turn = [...streams].values()
    const worker = async () => {
      for (const stream of turn) if (!stream.isClosed) await renew(stream)
    }
    await Promise.all(Array.from({ length: Math.min(RENEWALS_AT_ONCE, streams.size) }, worker))
  }

  const renewOf = (user: string): void => {
    for (const stream of streams) if (stream.user === user) void renew(stream)
  }

  let started: Promise<() => Promise<void>> | undefined

  const start = async (): Promise<() => Promise<void>> => {
    const stop = await follower.start()
    const unwatch: Unwatch = await store.watch('sessions', renewOf)
    let isRenewing = false
    const timer = setInterval(() => {
      if (isRenewing) return
      isRenewing = true
      void renewAll().finally(() => {
        isRenewing = false
      })
    }, RENEW_MS)
    timer.unref()
    return async () => {
      clearInterval(timer)
      await unwatch()
      await stop()
    }
  }

  /** Begins to listen: first what lies behind `after`, then what comes. */
  const open = async (listening: Listening): Promise<Stream | NotOpened> => {
    if (streams.size >= MOST_STREAMS) return 'too-many'
    started ??= start()
    await started
    const audience = await listening.audience()
    if (audience === undefined) return 'not-permitted'
    const stream: Open = {
      ...listening,
      place: undefined,
      passed: undefined,
      isLive: false,
      isClosed: false,
      lines: [],
    }
    streams.add(stream)
    enter(stream, linesOf(audience))
    try {
      await follower.follow(listening.project)
      const place = await placeOf(listening)
      if (place === undefined) {
        close(stream)
        return 'unknown-place'
      }
      stream.place = place === '' ? undefined : place
    } catch (cause) {
      close(stream)
      throw cause
    }
    const begin = () => {
      catchUp(stream).catch((cause: unknown) => {
        log.debug({ err: cause }, 'a stream ends: the store is down')
        end(stream, 'unavailable')
      })
    }
    return { begin, close: () => void close(stream) }
  }

  const stop = async (): Promise<void> => {
    for (const stream of [...streams]) end(stream, 'closing')
    await started?.then((end) => end())
  }

  return { open, close: stop }
}

export type Live = ReturnType<typeof createLive>
