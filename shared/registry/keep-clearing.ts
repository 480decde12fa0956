import type { Log } from '../log.ts'
import type { Clearing } from './clearing.ts'

/** How often a node looks for what has been left over, ms. */
const ROUND_MS = 60_000

/** Looks at once, and then again and again, for what a crash or a large end has left over. */
export const keepClearing = ({ resume }: Pick<Clearing, 'resume'>, log: Log) => {
  let round: Promise<void> | undefined

  const look = (): void => {
    round ??= resume()
      .catch((cause: unknown) => {
        log.warn({ err: cause }, 'what is over could not be cleared away; later again')
      })
      .finally(() => {
        round = undefined
      })
  }

  look()
  const timer = setInterval(look, ROUND_MS)
  timer.unref()

  /** Ends with the round that is under way. Idempotent. */
  const close = async (): Promise<void> => {
    clearInterval(timer)
    await round
  }

  return { close }
}
