import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { startOnce } from '../shared/starting.ts'
import type { Store } from '../shared/store/port.ts'

/** A wake-up may be lost: whoever waits looks this often by himself. */
const LOOK_MS = 1000
const MOST_WAITING = 10_000

/** Long polls: requests that wait until something has come of a claim, or of what else a channel tells the ids of. */
export const createWaits = (store: Store, channel = 'claims') => {
  const waiting = new Map<string, Set<() => void>>()
  let count = 0
  const watching = startOnce(() => store.watch(channel, wake))
  let isClosing = false

  const wake = (id: string): void => {
    for (const go of waiting.get(id) ?? []) go()
  }

  /** Resolves at a wake-up, after `ms`, or when the client has gone. */
  const pause = (id: string, ms: number, socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      const line = waiting.get(id) ?? new Set()
      waiting.set(id, line)
      const go = () => {
        clearTimeout(timer)
        socket.off('close', go)
        if (line.delete(go) && line.size === 0) waiting.delete(id)
        resolve()
      }
      const timer = setTimeout(go, ms)
      socket.once('close', go)
      line.add(go)
    })

  /** Asks until the answer is final or the time is over. With too many waiting it answers at once. */
  const until = async <T>(
    id: string,
    ask: () => Promise<T>,
    isFinal: (answer: T) => boolean,
    waitMs: number,
    // A request whose body was read counts as closed: its socket tells whether somebody still waits.
    { socket }: Pick<IncomingMessage, 'socket'>,
  ): Promise<T> => {
    const end = performance.now() + waitMs
    let answer = await ask()
    if (waitMs === 0 || isFinal(answer) || count >= MOST_WAITING) return answer
    count += 1
    try {
      await watching.start()
      // Something may have come before we listened.
      answer = await ask()
      while (!isFinal(answer) && !socket.destroyed && !isClosing) {
        const left = end - performance.now()
        if (left <= 0) break
        await pause(id, Math.min(LOOK_MS, left), socket)
        answer = await ask()
      }
      return answer
    } finally {
      count -= 1
    }
  }

  /** Whoever waits is answered now, with what there is. */
  const close = async (): Promise<void> => {
    isClosing = true
    for (const line of waiting.values()) for (const go of line) go()
    await watching.end()
  }

  return { until, close }
}

export type Waits = ReturnType<typeof createWaits>
