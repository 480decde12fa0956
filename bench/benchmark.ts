/** One line of a benchmark. `ratio`: CPU over that of the bare parts in the same run. */
export type Row = {
  readonly cpuUs: number
  readonly perSecond: number
  readonly range?: readonly [number, number]
  readonly ratio?: number
}

export type Benchmark = {
  readonly name: string
  readonly about: string
  readonly run: () => Promise<Readonly<Record<string, Row>>>
}
