/** The server understood and said no to something the simulation cannot go on without. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** The server could not be reached, was out of order, or did not answer in time. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/** The command line, or a file that it names, cannot be understood. Messages never repeat a value given. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage'
}

/** The words of anything that was thrown; for a joined network error, those of its parts. */
export const wordsOf = (thrown: unknown): string => {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return thrown.errors.map(wordsOf).join(', ')
  }
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause === undefined ? thrown.message : wordsOf(thrown.cause)
}
