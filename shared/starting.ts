/** Ends what has begun. */
type End = () => Promise<unknown>

/**
 * Something that begins with the first who needs it, once for all. A beginning that failed is none: the next who needs it
 * tries again.
 */
export const startOnce = (begin: () => Promise<End>) => {
  let begun: Promise<End> | undefined
  return {
    /** Resolves when it has begun. */
    start: async (): Promise<void> => {
      begun ??= begin().catch((cause: unknown) => {
        begun = undefined
        throw cause
      })
      await begun
    },
    /** Ends it, if anybody has needed it. */
    end: async (): Promise<void> => {
      const end = await begun?.catch(() => undefined)
      await end?.()
    },
  }
}
