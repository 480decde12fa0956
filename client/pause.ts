/** Resolves after `ms`; rejects with the signal's reason as soon as it is given up. */
export const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })

const FIRST_MS = 300
const LONGEST_MS = 10_000

/** How long to wait after the `turn`-th failure in a row, from 1: doubled each time, and nobody at the same time as everybody else. */
export const backoffMs = (turn: number): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** (turn - 1)) * (0.5 + Math.random() / 2)
