import cliProgress from 'cli-progress'
import { type Io, isTerminal } from './command.ts'

/** How far something is, for a person who looks at stderr; in a pipe, nothing. */
export const createProgress = ({ stderr }: Pick<Io, 'stderr'>) => {
  const bar = isTerminal(stderr)
    ? new cliProgress.SingleBar({
        stream: stderr,
        format: '{bar} {percentage} %, {eta_formatted} left',
      })
    : undefined
  let isShown = false
  return {
    at(value: number, total: number) {
      if (!isShown) bar?.start(total, 0)
      isShown = true
      bar?.update(value)
    },
    end() {
      if (isShown) bar?.stop()
    },
  }
}
