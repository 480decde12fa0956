import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import type { Place } from './traceparent.ts'

/** OTLP's numbers for it: work inside, a request of somebody else's, a request of ours, a message. */
export const KINDS = { internal: 1, server: 2, client: 3, consumer: 5 } as const
export type Kind = keyof typeof KINDS

/** Texts and numbers of a bounded set. Never a secret, an id of a person, a path or a topic as it was sent. */
export type Attributes = Readonly<Record<string, string | number>>

/** A piece of work that is over. */
export type FinishedSpan = Place & {
  readonly parent?: string
  readonly name: string
  readonly kind: Kind
  /** Nanoseconds since 1970. */
  readonly startedAt: bigint
  readonly endedAt: bigint
  readonly attributes: Attributes
  readonly isFailed: boolean
}

/** A piece of work under way. */
export type Span = Place & {
  /** Once; further calls do nothing. */
  readonly end: (attributes?: Attributes, isFailed?: boolean) => void
}

export type Tracer = {
  /** Begins a piece of work under the present one; a `caller` from outside, if there is one, stands above it. */
  readonly begin: (name: string, kind: Kind, attributes?: Attributes, caller?: Place) => Span
  /** What runs in there is under the span. */
  readonly within: <T>(span: Span, work: () => T) => T
  /** Sends what is there, for two seconds at most. */
  readonly close: () => Promise<void>
}

type TracerOptions = {
  readonly share: number
  readonly followsCaller: boolean
  readonly keep: (span: FinishedSpan) => void
  readonly close: () => Promise<void>
}

const LARGEST = 0xffffffff

/** The same trace is recorded by all nodes or by none: its id decides. */
const isShared = (trace: string, share: number): boolean =>
  Number.parseInt(trace.slice(-8), 16) < share * (LARGEST + 1)

const clockBase = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
const nowNs = (): bigint => clockBase + process.hrtime.bigint()

/** Spans of one process. What is not recorded still has a place, so that what is under it is not recorded either. */
export const createTracer = ({ share, followsCaller, keep, close }: TracerOptions): Tracer => {
  const present = new AsyncLocalStorage<Span>()

  const begin: Tracer['begin'] = (name, kind, attributes = {}, caller) => {
    const above: Place | undefined = present.getStore() ?? caller
    const trace = above?.trace ?? randomBytes(16).toString('hex')
    const isCallers = above !== undefined && (followsCaller || above !== caller)
    const isSampled = isCallers ? above.isSampled : isShared(trace, share)
    const span = randomBytes(8).toString('hex')
    const startedAt = isSampled ? nowNs() : 0n
    let isOver = !isSampled
    const end: Span['end'] = (more = {}, isFailed = false) => {
      if (isOver) return
      isOver = true
      keep({
        ...{ trace, span, isSampled, name, kind, isFailed, startedAt, endedAt: nowNs() },
        ...(above === undefined ? {} : { parent: above.span }),
        attributes: { ...attributes, ...more },
      })
    }
    return { trace, span, isSampled, end }
  }

  return { begin, within: (span, work) => present.run(span, work), close }
}
