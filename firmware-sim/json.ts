/** An object that somebody else wrote, read once: names are looked up in a map, values are still unknown. */
export type Fields = ReadonlyMap<string, unknown>

/** The members of an object; undefined for everything that is not a plain object. */
export const fields = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value))
    : undefined

/** The value of a JSON text, or undefined when it is none. */
export const parseJson = (source: string): unknown => {
  try {
    return JSON.parse(source)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A text member; undefined when absent or of another type. */
export const text = (from: Fields | undefined, name: string): string | undefined => {
  const value = from?.get(name)
  return typeof value === 'string' ? value : undefined
}

/** A number member; undefined when absent or of another type. */
export const number = (from: Fields | undefined, name: string): number | undefined => {
  const value = from?.get(name)
  return typeof value === 'number' ? value : undefined
}
