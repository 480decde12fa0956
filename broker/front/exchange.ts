import { asBrokerPort, type PublishPacket } from '../port.ts'
import { storedSessionsOf } from '../session-port.ts'
import { type FrontEvent, REASON_CODES } from './fault.ts'
import type { LuggageRoom } from './luggage.ts'
import { newSession, type Session } from './session.ts'
import { costOf } from './window.ts'

/** What a connection of MQTT 5 shares with all others behind the same broker. */
export type Visit = {
  readonly session: Session
  /** Whether there was a session before it. */
  readonly isPresent: boolean
  /** Whether the broker stores the session. */
  readonly isLasting: () => boolean
  readonly luggage: LuggageRoom
  readonly now: () => number
}

/** How a client comes. */
type Coming = {
  readonly id: string
  /** Its stream. */
  readonly holder: object
  /** Clean Start: what was before is forgotten. */
  readonly isFresh: boolean
  /** Whether the broker had a session of it. */
  readonly isStored: boolean
  /** The Session Expiry Interval that it asks for. */
  readonly expirySeconds: number
  /** Ends its connection with a reason. */
  readonly end: (reasonCode: number) => void
}

/** How its connection ends. */
type Going = {
  readonly holder: object
  /** As its DISCONNECT says, if it says so. */
  readonly expirySeconds: number | undefined
  /** What it has not acknowledged. */
  readonly bytes: number
  /** Its will, where it is to be sent, and how long it is held back. */
  readonly will: { readonly send: () => void; readonly delaySeconds: number } | undefined
}

/**
 * What the clients of MQTT 5 on an embedding program's own topics need beyond what the broker of 3.1.1 knows: one for
 * a broker, given to every front before it.
 */
export type Exchange = {
  readonly luggage: LuggageRoom
  readonly now: () => number
  /** A client is let in. */
  readonly open: (coming: Coming) => Visit
  /** Its connection ends. Only the first word counts, and only that of the session's present connection. */
  readonly leave: (session: Session, going: Going) => void
  /** How many sessions last or wait for their clients. */
  readonly size: () => number
  /** Forgets what waits; before the broker is closed. */
  readonly close: () => void
}

export type ExchangeOptions = {
  /** Bytes that may lie stored for one session while its client is away. */
  readonly backlogBytes: number
  /** Sessions that may last; beyond that a client is told that its own does not. Usually 10 000. */
  readonly sessions?: number
  /** The longest that one lasts, at most 2 000 000 s (a timer's range). Usually a week. */
  readonly sessionSeconds?: number
  readonly onEvent?: (event: FrontEvent) => void
  /** Only a test passes its own. */
  readonly now?: () => number
}

const WEEK_S = 7 * 24 * 3600
const LONGEST_S = 2_000_000

const after = (seconds: number, then: () => void): NodeJS.Timeout =>
  setTimeout(then, seconds * 1000).unref()

/** Adds sessions, delayed wills and the properties of MQTT 5 to a broker's own topics. */
export const createExchange = (aedes: object, options: ExchangeOptions): Exchange => {
  const { backlogBytes, sessions: most = 10_000, sessionSeconds = WEEK_S } = options
  const { onEvent, now = Date.now } = options
  const longest = Math.min(sessionSeconds, LONGEST_S)
  const stored = storedSessionsOf(asBrokerPort(aedes))
  const luggage: LuggageRoom = new WeakMap()
  /** All that last, and those that did when they came back. */
  const book = new Map<string, Session>()
  const ends = new WeakMap<object, Coming['end']>()

  const dropWill = (session: Session): (() => void) | undefined => {
    const { will } = session
    clearTimeout(will?.timer)
    session.will = undefined
    return will?.send
  }

  const end = (session: Session): void => {
    clearTimeout(session.ending)
    book.delete(session.id)
    // [MQTT5-3.1.3-9]: the will is sent when the session ends, if not before.
    dropWill(session)?.()
  }

  /** Somebody is there with the id of a session: it is his, or it is over. */
  const settle = (session: Session, goesOn: boolean): void => {
    if (!goesOn) {
      end(session)
      return
    }
    clearTimeout(session.ending)
    dropWill(session)
  }

  const open = ({ id, holder, isFresh, isStored, expirySeconds, end: hangUp }: Coming): Visit => {
    ends.set(holder, hangUp)
    const present = book.get(id)
    if (present !== undefined) settle(present, !isFresh)
    const kept = isFresh ? undefined : present
    const session = kept ?? newSession(id, holder)
    const isPresent = kept !== undefined || (isStored && !isFresh)
    session.holder = holder
    const mayLast = isPresent || book.size < most
    session.expirySeconds = mayLast ? Math.min(expirySeconds, longest) : 0
    if (isPresent || session.expirySeconds > 0) book.set(id, session)
    return { session, isPresent, isLasting: () => book.get(id) === session, luggage, now }
  }

  const expire = (session: Session): void => {
    end(session)
    stored.forget(session.id)
  }

  const leave = (session: Session, { holder, expirySeconds, bytes, will }: Going): void => {
    if (session.holder !== holder) return
    session.holder = undefined
    if (book.get(session.id) !== session) {
      // Somebody has begun a new session with its id.
      will?.send()
      return
    }
    if (expirySeconds !== undefined) session.expirySeconds = Math.min(expirySeconds, longest)
    if (session.expirySeconds === 0) {
      will?.send()
      expire(session)
      return
    }
    session.storedBytes = bytes
    session.ending = after(session.expirySeconds, () => expire(session))
    if (will === undefined) return
    session.will = { send: will.send, timer: after(will.delaySeconds, () => dropWill(session)?.()) }
  }

  const admit = (id: string, packet: PublishPacket): boolean => {
    const session = book.get(id)
    if (session === undefined || session.holder !== undefined) return true
    const cost = costOf(packet)
    if (session.storedBytes + cost > backlogBytes) {
      onEvent?.({ what: 'throttled', rule: 'bytes stored for a session' })
      return false
    }
    session.storedBytes += cost
    return true
  }

  stored.guard(admit)
  // [MQTT5-3.1.4-3]
  stored.onReplaced(({ conn }) => ends.get(conn)?.(REASON_CODES.sessionTakenOver))
  stored.onReady((client) => {
    const session = book.get(client.id)
    // A client of 3.1.1, whose sessions are the broker's own business.
    if (session === undefined || session.holder === client.conn) return
    settle(session, !client.clean)
    book.delete(session.id)
  })

  return {
    luggage,
    now,
    open,
    leave,
    size: () => book.size,
    close: () => {
      for (const session of book.values()) {
        clearTimeout(session.ending)
        dropWill(session)
      }
      book.clear()
    },
  }
}
