import type {
  Final,
  Line,
  Listener,
  Logout,
  Notice,
  Offer,
  Operation,
  Result,
  Sighting,
  Trouble,
  Try,
  Use,
} from '../../faults/history.ts'

/** Hand-made lines of a history. Times are written in milliseconds: from the call to the return. */
type Span = readonly [calledMs: number, returnedMs: number]

export const MS = 1_000_000
export const ok: Result = { kind: 'ok' }
export const again: Result = { kind: 'ok', again: true }
export const unknown: Result = { kind: 'unknown' }
export const refused = (reason: string): Result => ({ kind: 'refused', reason })

const timed = ([called, returned]: Span, result: Result) => ({
  process: 'p',
  device: 'd',
  called: called * MS,
  returned: returned * MS,
  result,
})

export const claim = (by: string, span: Span, result: Result = ok, half?: string): Operation => ({
  ...timed(span, result),
  op: 'claim',
  by,
  ...(half === undefined ? {} : { half }),
})

export const release = (by: string, span: Span, result: Result = ok): Operation => ({
  ...timed(span, result),
  op: 'release',
  by,
})

export const makerRelease = (span: Span, result: Result = ok): Operation => ({
  ...timed(span, result),
  op: 'release',
  by: 'maker',
  maker: true,
})

export const read = (owner: string | null, span: Span): Operation => ({
  ...timed(span, ok),
  op: 'read',
  by: 'maker',
  owner,
})

export const offer = (
  half: string,
  span: Span,
  durationMs: number,
  result: Result = ok,
): Offer => ({
  ...timed(span, result),
  op: 'offer',
  half,
  proof: 'window',
  durationMs,
})

export const final = (node: string, owner: string | null): Final => ({
  op: 'final',
  node,
  device: 'd',
  owner,
})

export const outage = ([from, to]: Span): Trouble => ({
  op: 'fault',
  fault: 'F3',
  what: 'redis is gone',
  from: from * MS,
  to: to * MS,
  isOutage: true,
})

/** There is a store, and no room in it. */
export const full = ([from, to]: Span): Trouble => ({
  op: 'fault',
  fault: 'F7',
  what: 'redis is full',
  from: from * MS,
  to: to * MS,
  isFull: true,
})

/** Who is told of every change, or of the one device's state. */
export const listener = (hears: Listener['hears']): Listener => ({
  op: 'listener',
  process: 'app',
  hears,
  ...(hears === 'state' ? { device: 'd' } : {}),
})

export const notice = (id: string, epoch: number, atMs: number): Notice => ({
  op: 'notice',
  process: 'app',
  device: 'd',
  id,
  epoch,
  at: atMs * MS,
})

export const ended = (epoch: number): Final => ({ ...final('a', null), epoch })

const session = (span: Span, result: Result) => {
  const { device: _device, ...rest } = timed(span, result)
  return { ...rest, by: 'ann', session: 's' }
}

export const logout = (span: Span, result: Result = ok): Logout => ({
  ...session(span, result),
  op: 'logout',
})

export const use = (span: Span, result: Result = ok): Use => ({
  ...session(span, result),
  op: 'use',
})

/** One of several tries of a claim. */
export const tried = (span: Span, result: Result): Try => {
  const { device: _device, ...rest } = timed(span, result)
  return { ...rest, op: 'try', what: 'POST claims', isWrite: true }
}

export const sighting = (invariant: string): Sighting => ({
  op: 'sighting',
  invariant,
  what: 'seen',
  at: 0,
})

/** The invariants that are broken, each once. */
export const named = (violations: readonly { invariant: string }[]): readonly string[] => [
  ...new Set(violations.map(({ invariant }) => invariant)),
]

export type { Line }
