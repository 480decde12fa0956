import type { Row } from './benchmark.ts'

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] as number

/** The median of several rounds, with the range of their CPU times. */
export const summary = (rows: readonly Row[]): Row => ({
  cpuUs: median(rows.map(({ cpuUs }) => cpuUs)),
  perSecond: median(rows.map(({ perSecond }) => perSecond)),
  range: [Math.min(...rows.map(({ cpuUs }) => cpuUs)), Math.max(...rows.map(({ cpuUs }) => cpuUs))],
})
