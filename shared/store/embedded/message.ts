/** What an error says; also one that native code made in another realm, which no `instanceof` knows. */
export const messageOf = (error: unknown): string => {
  const message: unknown = (error as { message?: unknown } | undefined)?.message
  return typeof message === 'string' ? message : 'unknown'
}
