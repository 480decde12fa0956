/** Random choices that a seed repeats: a run can be made again. */
export type Random = {
  /** In [0, 1). */
  readonly next: () => number
  /** A whole number in [0, below). */
  readonly below: (below: number) => number
  /** In [from, to). */
  readonly between: (from: number, to: number) => number
  readonly pick: <T>(items: readonly T[]) => T
  /** Whether something of this probability happens. */
  readonly happens: (probability: number) => boolean
  /** Other choices, from the same seed and a name: what one part draws does not shift another's. */
  readonly fork: (name: string) => Random
}

/** mulberry32, by Tommy Ettinger (public domain): 32 bits of state are enough to choose among faults. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (most: number) => Math.floor(next() * most)
  return {
    next,
    below,
    between: (from, to) => from + next() * (to - from),
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new RangeError('there is nothing to pick from')
      return items[below(items.length)] as T
    },
    happens: (probability) => next() < probability,
    fork: (name) => {
      let mixed = seed >>> 0
      for (const char of name) mixed = Math.imul(mixed ^ char.charCodeAt(0), 0x01000193) >>> 0
      return createRandom(mixed)
    },
  }
}
