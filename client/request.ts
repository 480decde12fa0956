import { badRequest, type Refused } from './result.ts'

/** One call, ready to be sent. `path`: behind `/latchkey/v1`. */
export type Request = {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  /** How long the server was asked to wait before it answers. */
  readonly waitMs: number
}

export type Given = Readonly<Record<string, unknown>>

/** What a URL would not carry as a part of a path, however it is written (WHATWG URL, 4.4). */
const LOST = new Set(['', '.', '..'])

/** A body that says nothing is one: `PUT` puts exactly that. */
const hasBody = (method: string, members: readonly unknown[]): boolean =>
  method === 'PUT' || method === 'PATCH' || (method === 'POST' && members.length > 0)

/**
 * What is sent for a row of `CALLS`: names in its path and behind its question mark are taken from what was given, the rest is the
 * body. Refused: an id that no path can hold.
 */
export const requestOf = (place: string, given: Given): Request | Refused => {
  const [method = '', template = ''] = place.split(' ')
  const [path = '', query = ''] = template.split('?')
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)
  const inQuery = query === '' ? [] : query.split('&')

  const lost = inPath.find((name) => LOST.has(String(given[name] ?? '')))
  if (lost !== undefined) return badRequest(lost, 'cannot stand in an address')
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(given[name])))

  const asked = new URLSearchParams()
  for (const name of inQuery) if (given[name] !== undefined) asked.set(name, String(given[name]))
  const behind = asked.size === 0 ? '' : `?${asked}`

  const taken = new Set([...inPath, ...inQuery])
  const members = Object.entries(given).filter(
    ([name, value]) => !taken.has(name) && value !== undefined,
  )
  return {
    method,
    path: `${filled}${behind}`,
    body: hasBody(method, members) ? JSON.stringify(Object.fromEntries(members)) : undefined,
    waitMs: Number(asked.get('waitMs') ?? 0),
  }
}
