/** How many more may go wrong, as it is known now. Below 1: nobody is let in. */
type Look = { readonly left: number }

/** What became of who asked to come in. `leave` must be called once; `full`: too many wait already. */
export type Entry<L extends Look> =
  | { readonly kind: 'in'; leave(): void }
  | { readonly kind: 'none-left'; readonly look: L }
  | { readonly kind: 'full' }

type Line = { inFlight: number; readonly waiting: (() => void)[] }

/**
 * Lines by name: no more are let in at once than may still go wrong, so a burst of parallel guesses gains nothing, and
 * right ones in parallel are not refused. A line lives as long as somebody is in it.
 */
export const createLines = (longest: number) => {
  const lines = new Map<string, Line>()

  const callNext = (name: string) => {
    const line = lines.get(name)
    const next = line?.waiting.shift()
    if (next !== undefined) next()
    else if (line?.inFlight === 0) lines.delete(name)
  }

  const leave = (name: string) => {
    const line = lines.get(name)
    if (line !== undefined) line.inFlight -= 1
    callNext(name)
  }

  /** Looks, and again after every wait, until there is a place or nothing is left. */
  const enter = async <L extends Look>(name: string, look: () => Promise<L>): Promise<Entry<L>> => {
    for (;;) {
      const seen = await look().catch((cause: unknown) => {
        callNext(name)
        throw cause
      })
      if (seen.left < 1) {
        callNext(name)
        return { kind: 'none-left', look: seen }
      }
      const line = lines.get(name) ?? { inFlight: 0, waiting: [] }
      lines.set(name, line)
      if (line.inFlight < seen.left) {
        line.inFlight += 1
        return { kind: 'in', leave: () => leave(name) }
      }
      if (line.waiting.length >= longest) return { kind: 'full' }
      await new Promise<void>((resolve) => line.waiting.push(resolve))
    }
  }

  return { enter }
}
