/** What a sample of times says. */
export type Sample = { readonly count: number; readonly mean: number; readonly variance: number }

/** A share of the slowest is left out, as dudect does: what the machine did besides says nothing of us. */
const KEPT = 0.95

/** The middle of a sorted list. */
export const medianOf = (times: readonly number[]): number =>
  [...times].sort((a, b) => a - b)[times.length >> 1] as number

/** The sample without its slowest twentieth. */
export const sampleOf = (times: readonly number[]): Sample => {
  const kept = [...times].sort((a, b) => a - b).slice(0, Math.floor(times.length * KEPT))
  const mean = kept.reduce((sum, time) => sum + time, 0) / kept.length
  const squares = kept.reduce((sum, time) => sum + (time - mean) ** 2, 0)
  return { count: kept.length, mean, variance: squares / (kept.length - 1) }
}

/** Welch's t: how many standard errors two means are apart. */
export const welch = (a: Sample, b: Sample): number =>
  (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count)
