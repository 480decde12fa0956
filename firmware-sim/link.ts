import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { backoffMs } from './backoff.ts'
import { type Connection, dial } from './connection.ts'
import { Unreachable } from './failure.ts'
import type { Message } from './platforms/platform.ts'
import { within } from './within.ts'

/** What happens to a link that its owner may want to tell. */
export type LinkNews =
  | { readonly kind: 'up'; readonly denied: readonly string[] }
  | { readonly kind: 'retry'; readonly inMs: number; readonly why: string }
  | { readonly kind: 'over'; readonly error: unknown }

/** How to reach the broker. `timeoutMs` (default 30 s) bounds the first connecting and every publish. */
export type LinkOptions = {
  readonly url: string
  readonly token: string
  readonly protocol?: 4 | 5 | undefined
  readonly timeoutMs?: number | undefined
  /** Aborted: gives up the first connecting. An open link is ended by `close`. */
  readonly signal?: AbortSignal | undefined
  readonly onNews?: ((news: LinkNews) => void) | undefined
}

/** A connection kept alive: it comes back, with growing waits, until it is closed. */
export type Link = {
  /** Publishes with QoS 1, again after a reconnect, until the PUBACK. Rejects with `Refused` or `Unreachable`. */
  readonly say: (message: Message) => Promise<void>
  readonly close: () => Promise<void>
}

const DEFAULT_TIMEOUT_MS = 30_000
// A connection that held this long was a good one: the next wait starts small again.
const STEADY_MS = 10_000

/** Opens a link; resolves when it is connected and subscribed for the first time. */
export const openLink = async (
  options: LinkOptions & {
    isAnonymous?: boolean | undefined
    subscriptions: readonly string[]
    onMessage: (topic: string, payload: string) => void
  },
): Promise<Link> => {
  const closing = new AbortController()
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const clientId = `sim-${randomBytes(8).toString('hex')}`
  const news = options.onNews ?? (() => {})
  let attempt = 0

  const wait = async (why: string, until: AbortSignal): Promise<void> => {
    const inMs = Math.round(backoffMs(attempt, Math.random))
    attempt += 1
    news({ kind: 'retry', inMs, why })
    await pause(inMs, undefined, { signal: until }).catch(() => {
      throw new Unreachable(why)
    })
  }

  const connect = async (until: AbortSignal): Promise<Connection> => {
    for (;;) {
      try {
        const connection = await dial({ ...options, clientId, protocol: options.protocol ?? 4 })
        news({ kind: 'up', denied: connection.denied })
        return connection
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
        await wait(error.message, until)
      }
    }
  }

  const keep = async (first: Connection): Promise<void> => {
    for (let connection = first; ; ) {
      const since = performance.now()
      await connection.ended
      if (closing.signal.aborted) return
      if (performance.now() - since > STEADY_MS) attempt = 0
      current = wait('connection lost', closing.signal).then(() => connect(closing.signal))
      try {
        connection = await current
      } catch (error) {
        if (!closing.signal.aborted) news({ kind: 'over', error })
        return
      }
    }
  }

  const patience = [closing.signal, AbortSignal.timeout(timeoutMs)]
  const first = await connect(
    AbortSignal.any(options.signal ? [...patience, options.signal] : patience),
  )
  let current = Promise.resolve(first)
  void keep(first)

  const deliver = async (message: Message, until: AbortSignal): Promise<void> => {
    for (;;) {
      try {
        return await (await current).publish(message)
      } catch (error) {
        if (!(error instanceof Unreachable) || until.aborted || closing.signal.aborted) throw error
        // The connection is going down: its end, and so the next one, is a few ticks away.
        await pause(20)
      }
    }
  }

  return {
    say: (message) => within(timeoutMs, 'PUBACK', deliver(message, AbortSignal.timeout(timeoutMs))),
    async close() {
      if (closing.signal.aborted) return
      closing.abort()
      await current.then(
        (connection) => connection.close(),
        () => {},
      )
    },
  }
}
