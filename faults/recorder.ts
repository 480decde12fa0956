import type { Line } from './history.ts'

/** What a campaign writes down, in the order it came. Bounded by what a campaign does. */
export type Recorder = {
  /** Nanoseconds since the campaign began, on the monotonic clock. */
  readonly now: () => number
  readonly note: (line: Line) => void
  /** Notes that an invariant was broken before somebody's eyes. */
  readonly saw: (invariant: string, what: string) => void
  readonly lines: () => readonly Line[]
}

/** An empty history whose time begins now. */
export const createRecorder = (): Recorder => {
  const began = process.hrtime.bigint()
  const lines: Line[] = []
  const now = () => Number(process.hrtime.bigint() - began)
  return {
    now,
    note: (line) => {
      lines.push(line)
    },
    saw: (invariant, what) => {
      lines.push({ op: 'sighting', invariant, what: what.slice(0, 4096), at: now() })
    },
    lines: () => lines,
  }
}
