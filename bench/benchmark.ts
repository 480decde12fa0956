/** One line of a benchmark: CPU time of the server process for one piece of work, microseconds. */
export type Row = {
  readonly cpuUs: number
  readonly perSecond: number
  /** The least and the most of the rounds. */
  readonly range?: readonly [number, number]
  /** CPU over that of the line it is measured against, in the same run. */
  readonly ratio?: number
  /** Resident memory for each connection, KiB. */
  readonly kib?: number
}

export type Rows = Readonly<Record<string, Row>>

/** `about`: what one piece of work is, and against what it is held. */
export type Benchmark = {
  readonly name: string
  readonly about: string
  readonly run: () => Promise<Rows>
}
