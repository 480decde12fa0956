import { WrongUsage } from './failure.ts'
import { fields, parseJson, text } from './json.ts'

/** What a simulated device starts from. The name is known only when the list or the maker told it. */
export type Identity = { readonly name: string | undefined; readonly token: string }

const identity = (line: string, index: number): Identity => {
  if (!line.startsWith('{')) return { name: undefined, token: line }
  const row = fields(parseJson(line))
  const token = text(row, 'token')
  if (token === undefined) throw new WrongUsage(`line ${index + 1} of the token file has no token`)
  return { name: text(row, 'name'), token }
}

/** Reads a list of tokens: one token a line, or NDJSON with `{name, token}`. Empty lines are skipped. */
export const readIdentities = (list: string): Identity[] =>
  list.split('\n').flatMap((raw, index) => {
    const line = raw.trim()
    return line === '' ? [] : [identity(line, index)]
  })

/** `prefix` and a number from 1, of the width of the largest, so that names sort in order. */
export const namesOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const width = String(count).length
    return `${prefix}${String(index + 1).padStart(width, '0')}`
  })

/** Runs `work` on every item, at most `width` at a time; the results keep the items' order. */
export const inParallel = async <T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = []
  const queue = items.entries()
  const lane = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
  return results
}
