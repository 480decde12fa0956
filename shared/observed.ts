import type { Attributes, Kind, Tracer } from './trace/tracer.ts'

type Seen<T> = {
  /** How long it took, in seconds, and what came of it; `undefined`: it was thrown. */
  readonly took: (seconds: number, outcome: T | undefined) => void
  /** What stands in the span besides. */
  readonly told?: (outcome: T) => Attributes
}

/** Runs a piece of work, and says how long it took; with a tracer, in a span. What is thrown is thrown on. */
export const observed = async <T>(
  tracer: Tracer | undefined,
  name: string,
  kind: Kind,
  attributes: Attributes,
  { took, told }: Seen<T>,
  work: () => Promise<T>,
): Promise<T> => {
  const began = performance.now()
  const span = tracer?.begin(name, kind, attributes)
  try {
    const outcome = await (tracer === undefined || span === undefined
      ? work()
      : tracer.within(span, work))
    took((performance.now() - began) / 1000, outcome)
    span?.end(told?.(outcome))
    return outcome
  } catch (cause) {
    took((performance.now() - began) / 1000, undefined)
    span?.end({}, true)
    throw cause
  }
}
