import { withQuery } from './api.ts'

/** The pages that stand in the navigation, in order. */
export const PAGES = [
  'overview',
  'devices',
  'import',
  'accounts',
  'homes',
  'policy',
  'keys',
  'projects',
] as const
export type PageName = (typeof PAGES)[number]

/** Pages of one thing, by the page that lists such things. */
const SINGLE = { devices: 'device', accounts: 'account', homes: 'home' } as const
export type SingleName = (typeof SINGLE)[keyof typeof SINGLE]

/** What an address of the console shows. */
export type Route =
  | { readonly page: PageName; readonly query: URLSearchParams }
  | {
      readonly page: SingleName
      readonly in: PageName
      readonly id: string
      readonly query: URLSearchParams
    }
  | { readonly page: 'unknown'; readonly query: URLSearchParams }

const ROOT = '/console'

const decoded = (word: string): string | undefined => {
  try {
    return decodeURIComponent(word)
  } catch {
    return undefined
  }
}

/** Reads an address. */
export const routeOf = ({ pathname, searchParams: query }: URL): Route => {
  const [first = '', second, ...more] = pathname
    .slice(ROOT.length)
    .replace(/^\/|\/$/g, '')
    .split('/')
  const name = first === '' ? 'overview' : first
  const page = PAGES.find((one) => one === name)
  if (page === undefined || more.length > 0) return { page: 'unknown', query }
  if (second === undefined) return { page, query }
  const single = page in SINGLE ? SINGLE[page as keyof typeof SINGLE] : undefined
  const id = decoded(second)
  if (single === undefined || id === undefined) return { page: 'unknown', query }
  return { page: single, in: page, id, query }
}

/** The address of a page, of one thing on it, in a project (absent: the maker's own). */
export const hrefOf = (
  page: PageName,
  id?: string,
  query: Readonly<Record<string, string | undefined>> = {},
): string => {
  const path = page === 'overview' ? ROOT : `${ROOT}/${page}`
  return withQuery(id === undefined ? path : `${path}/${encodeURIComponent(id)}`, query)
}
