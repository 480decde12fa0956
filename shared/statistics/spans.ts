const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** What counts are kept by: how long one is, how many are shown, and how long it is kept. */
export const SPANS = {
  minute: { lengthMs: MINUTE_MS, shown: 60, keptMs: 2 * HOUR_MS },
  hour: { lengthMs: HOUR_MS, shown: 168, keptMs: 8 * 24 * HOUR_MS },
} as const

export type Span = keyof typeof SPANS
export const SPAN_NAMES = ['minute', 'hour'] as const satisfies readonly Span[]

/** When the one began that a time lies in. */
export const beginOf = (span: Span, at: number): number =>
  Math.floor(at / SPANS[span].lengthMs) * SPANS[span].lengthMs
