import { FEED_CHANNEL } from '../shared/delivery/feed.ts'
import { createFollower } from '../shared/delivery/follower.ts'
import { happeningOf, placeAfter } from '../shared/delivery/replay.ts'
import type { Log } from '../shared/log.ts'
import type { Happening } from '../shared/model/events.ts'
import type { ProjectId, UserId } from '../shared/model/ids.ts'
import { startOnce } from '../shared/starting.ts'
import { keys } from '../shared/store/keys.ts'
import type { Logged, Store } from '../shared/store/port.ts'
import { type Audience, createRooms, mayHear } from './live-rooms.ts'

export type { Audience } from './live-rooms.ts'

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
  /** Resolves when little waits to be read: what was missed is told no faster than that. */
  readonly drained?: () => Promise<void>
  /** Called once, at the end, whoever ended it. */
  readonly end: (why: Ending) => void
}

/** An open stream. Nothing is said, and nothing ended, before `begin`; `close` does not call `end`. */
export type Stream = { readonly begin: () => void; readonly close: () => void }

/** Why a stream was not opened. */
export type NotOpened = 'not-permitted' | 'unknown-place' | 'too-many'

type Open = Listening & {
  place: string | undefined
  /** What came while it still read what it had missed. */
  passed: string | undefined
  hasBegun: boolean
  isLive: boolean
  /** `over` and the like: it has ended, though nobody could be told before it began. */
  state: 'open' | 'closed' | Ending
  lines: readonly string[]
  /** How often it was asked what it may hear, and which of these answers holds. */
  asked: number
  answered: number
}

const MOST_STREAMS = 10_000
/** Of what was missed so much is read at once. */
const AT_ONCE = 50
/** Who reads nothing for so long does not read. */
const PATIENCE_MS = 30_000
/** What lets a stream in is looked at so often: a wake-up may be lost. */
const RENEW_MS = 800
const RENEWALS_AT_ONCE = 64

type LiveOptions = { readonly store: Store; readonly log: Log; readonly patienceMs?: number }

const withinTime = async (work: Promise<void>, ms: number): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Live streams of events, whatever carries them (SSE, WebSocket, a long poll). Each node reads the feed of a project once,
 * as long as somebody here listens, and hands every event to those who may hear it.
 */
export const createLive = ({ store, log, patienceMs = PATIENCE_MS }: LiveOptions) => {
  const streams = new Set<Open>()
  const rooms = createRooms<Open>()

  const close = (stream: Open, state: 'closed' | Ending = 'closed'): boolean => {
    if (stream.state !== 'open') return false
    stream.state = state
    streams.delete(stream)
    if (!rooms.leave(stream)) follower.leave(stream.project)
    return true
  }

  const end = (stream: Open, why: Ending): void => {
    if (close(stream, why) && stream.hasBegun) stream.end(why)
  }

  const hand = (stream: Open, happening: Happening, place: string): void => {
    stream.place = place
    if (stream.wants?.(happening) === false) return
    if (!stream.say(happening)) end(stream, 'slow')
  }

  const onLine = (project: ProjectId, line: Logged): void => {
    if (!rooms.has(project)) return
    const happening = happeningOf(line)
    if (happening === undefined) return
    for (const stream of rooms.hearing(project, happening)) {
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

  /** One event that was missed, and then the time to read it. */
  const handMissed = async (stream: Open, line: Logged): Promise<void> => {
    const happening = happeningOf(line)
    if (happening === undefined || !mayHear(stream, happening)) {
      stream.place = line.place
      return
    }
    hand(stream, happening, line.place)
    if (stream.state !== 'open' || stream.drained === undefined) return
    if (!(await withinTime(stream.drained(), patienceMs))) end(stream, 'slow')
  }

  /** Reads what lies behind its place; ends in the same turn in which the stream becomes live, so that nothing falls between. */
  const catchUp = async (stream: Open): Promise<void> => {
    for (;;) {
      const lines = await store.tail(keys.events(stream.project), stream.place, AT_ONCE)
      for (const line of lines) {
        if (stream.state !== 'open') return
        await handMissed(stream, line)
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
    stream.asked += 1
    const { asked } = stream
    const audience = await stream.audience().catch((cause: unknown) => {
      log.debug({ err: cause }, 'a stream ends: nobody can tell whether it may go on')
      return 'unavailable' as const
    })
    // Who asked later knows more, and may have been answered sooner.
    if (stream.state !== 'open' || asked < stream.answered) return
    stream.answered = asked
    if (audience === 'unavailable') return end(stream, 'unavailable')
    if (audience === undefined) return end(stream, 'over')
    rooms.place(stream, audience)
  }

  const renewAll = async (): Promise<void> => {
    const turn = [...streams].values()
    const worker = async () => {
      for (const stream of turn) if (stream.state === 'open') await renew(stream)
    }
    await Promise.all(Array.from({ length: Math.min(RENEWALS_AT_ONCE, streams.size) }, worker))
  }

  const renewOf = (user: string): void => {
    for (const stream of streams) if (stream.user === user) void renew(stream)
  }

  const listening = startOnce(async () => {
    const unwatch = await store.watch('sessions', renewOf)
    const stop = await follower.start().catch(async (cause: unknown) => {
      await unwatch()
      throw cause
    })
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
  })

  const begin = (stream: Open): void => {
    stream.hasBegun = true
    const { state } = stream
    if (state === 'closed') return
    if (state !== 'open') {
      stream.end(state)
      return
    }
    catchUp(stream).catch((cause: unknown) => {
      log.debug({ err: cause }, 'a stream ends: the store is down')
      end(stream, 'unavailable')
    })
  }

  /** Begins to listen: first what lies behind `after`, then what comes. */
  const open = async (wanted: Listening): Promise<Stream | NotOpened> => {
    if (streams.size >= MOST_STREAMS) return 'too-many'
    await listening.start()
    const audience = await wanted.audience()
    if (audience === undefined) return 'not-permitted'
    const stream: Open = {
      ...wanted,
      ...{ place: undefined, passed: undefined, hasBegun: false, isLive: false },
      ...{ state: 'open', lines: [], asked: 0, answered: 0 },
    }
    streams.add(stream)
    rooms.place(stream, audience)
    try {
      await follower.follow(wanted.project)
      const place = await placeOf(wanted)
      if (place === undefined) {
        close(stream)
        return 'unknown-place'
      }
      stream.place = place === '' ? undefined : place
    } catch (cause) {
      close(stream)
      throw cause
    }
    return { begin: () => begin(stream), close: () => void close(stream) }
  }

  const stop = async (): Promise<void> => {
    for (const stream of [...streams]) end(stream, 'closing')
    await listening.end()
  }

  return { open, close: stop }
}

export type Live = ReturnType<typeof createLive>
