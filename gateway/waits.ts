import type { IncomingMessage } from 'node:http'
import type { Store, Unwatch } from '../shared/store/port.ts'

const CHANNEL = 'claims'
/** A wake-up may be lost: whoever waits looks this often by himself. */
const LOOK_MS = 1000
const MOST_WAITING = 10_000

/** Long polls: requests that wait until something has come of a claim. */
export const createWaits = (store: Store) => {
  const waiting = new Map<string, Set<() => void>>()
  let count = 0
  let watched: Promise<Unwatch> | undefined

  const wake = (id: string): void => {
    for (const go of waiting.get(id) ?? []) go()
  }

  /** Resolves at a wake-up, after `ms`, or when the client has gone. */
  const pause = (id: string, ms: number, request: IncomingMessage): Promise<void> =>
    new Promise((resolve) => {
      const line = waiting.get(id) ?? new Set()
      waiting.set(id, line)
      const go = () => {
        clearTimeout(timer)
        request.off('close', go)
        if (line.delete(go) && line.size === 0) waiting.delete(id)
        resolve()
      }
      const timer = setTimeout(go, ms)
      request.once('close', go)
      line.add(go)
    })

  /** Asks until the answer is final or the time is over. With too many waiting it answers at once. */
  const until = async <T>(
    id: string,
    ask: () => Promise<T>,
    isFinal: (answer: T) => boolean,
    waitMs: number,
    request: IncomingMessage,
  ): Promise<T> => {
    const end = performance.now() + waitMs
    let answer = await ask()
    if (waitMs === 0 || isFinal(answer) || count >= MOST_WAITING) return answer
    count += 1
    try {
      watched ??= store.watch(CHANNEL, wake)
      await watched
      // Something may have come before we listened.
      answer = await ask()
      while (!isFinal(answer) && !request.destroyed) {
        const left = end - performance.now()
        if (left <= 0) break
        await pause(id, Math.min(LOOK_MS, left), request)
        answer = await ask()
      }
      return answer
    } finally {
      count -= 1
    }
  }

  const close = async (): Promise<void> => {
    for (const line of waiting.values()) for (const go of line) go()
    await watched?.then((unwatch) => unwatch())
  }

  return { until, close }
}

export type Waits = ReturnType<typeof createWaits>
