const FIRST_MS = 500
const LONGEST_MS = 30_000

/**
 * How long a device waits before trying the connection again, in ms: the ceiling doubles from 500 ms to 30 s,
 * and the wait lies in its upper half, so that a fleet that lost its broker together does not return together.
 * `attempt` counts from 0; `random` gives a number in [0, 1).
 */
export const backoffMs = (attempt: number, random: () => number): number => {
  const ceilingMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt)
  return ceilingMs / 2 + (random() * ceilingMs) / 2
}
