import type { Row } from './benchmark.ts'
import type { Measured } from './child.ts'
import { timed } from './load.ts'

/** CPU of a server and the rate, for `count` pieces of work, `atOnce` of them under way. */
export const measured = async (
  server: Measured,
  count: number,
  atOnce: number,
  work: (i: number) => Promise<unknown>,
): Promise<Row> => {
  const before = server.cpuUs()
  const seconds = await timed(count, atOnce, work)
  return { cpuUs: (server.cpuUs() - before) / count, perSecond: count / seconds }
}

const middle = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] as number

/** The median of several rounds, with the range of their CPU times. */
export const summary = (rows: readonly Row[]): Row => {
  const times = rows.map(({ cpuUs }) => cpuUs)
  return {
    cpuUs: middle(times),
    perSecond: middle(rows.map(({ perSecond }) => perSecond)),
    range: [Math.min(...times), Math.max(...times)],
  }
}

/** Median of what was seen. */
export const median = middle

/** Rounds of several contenders in turn, so that whatever else the machine does meets them all; the first round warms up. */
export const alternating = async (
  rounds: number,
  contenders: Readonly<Record<string, () => Promise<Row>>>,
): Promise<Record<string, Row>> => {
  const seen = new Map<string, Row[]>()
  for (let round = 0; round <= rounds; round++)
    for (const [name, play] of Object.entries(contenders)) {
      const row = await play()
      if (round > 0) seen.set(name, [...(seen.get(name) ?? []), row])
    }
  return Object.fromEntries([...seen].map(([name, rows]) => [name, summary(rows)]))
}

/** Each line held against one of them. */
export const against = (floor: number, rows: Readonly<Record<string, Row>>): Record<string, Row> =>
  Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [name, { ...row, ratio: row.cpuUs / floor }]),
  )
