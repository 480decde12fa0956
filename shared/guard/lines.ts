/** How many more may go wrong, as it is known now. Below 1: nobody is let in. */
type Look = { readonly left: number }

/** What became of who asked to come in. `leave` must be called once; `full`: too many wait already. */
export type Entry<L extends Look> =
  | { readonly kind: 'in'; leave(): void }
  | { readonly kind: 'none-left'; readonly look: L }
  | { readonly kind: 'full' }

type Line = {
  inFlight: number
  /** Who looks, or waits to look again. */
  outside: number
  /** How many have left so far. */
  departed: number
  readonly waiting: (() => void)[]
}

/**
 * Lines by name: no more are let in at once than may still go wrong, so a burst of parallel guesses gains nothing, and
 * right ones in parallel are not refused. A line lives as long as somebody is in it.
 */
export const createLines = (longest: number) => {
  const lines = new Map<string, Line>()

  const lineOf = (name: string): Line => {
    const line = lines.get(name) ?? { inFlight: 0, outside: 0, departed: 0, waiting: [] }
    lines.set(name, line)
    return line
  }

  const tidy = (name: string, { inFlight, outside }: Line) => {
    if (inFlight === 0 && outside === 0) lines.delete(name)
  }

  const leave = (name: string, line: Line) => {
    line.inFlight -= 1
    line.departed += 1
    line.waiting.shift()?.()
    tidy(name, line)
  }

  /** Looks, and again after every wait, until there is a place or nothing is left. */
  const queue = async <L extends Look>(line: Line, look: () => Promise<L>) => {
    for (;;) {
      const before = line.departed
      const seen = await look()
      if (seen.left < 1) return { kind: 'none-left', look: seen } as const
      // Who has left meanwhile may have gone wrong after it was looked.
      const unseen = line.departed - before
      if (line.inFlight + unseen < seen.left) {
        // In the same step as the comparison.
        line.inFlight += 1
        return { kind: 'in' } as const
      }
      if (unseen > 0) continue
      if (line.waiting.length >= longest) return { kind: 'full' } as const
      await new Promise<void>((resolve) => line.waiting.push(resolve))
    }
  }

  const enter = async <L extends Look>(name: string, look: () => Promise<L>): Promise<Entry<L>> => {
    const line = lineOf(name)
    line.outside += 1
    try {
      const answer = await queue(line, look)
      if (answer.kind !== 'in') {
        line.waiting.shift()?.()
        return answer
      }
      return { kind: 'in', leave: () => leave(name, line) }
    } catch (cause) {
      line.waiting.shift()?.()
      throw cause
    } finally {
      line.outside -= 1
      tidy(name, line)
    }
  }

  return { enter }
}
