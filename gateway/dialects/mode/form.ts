import type { Fault } from './faults.ts'

/** What a field of a form may be. Texts may come as numbers, numbers and booleans as texts: a form knows only texts. */
type Kind = 'text' | 'integer' | 'boolean'
type ValueOf<K extends Kind> = K extends 'integer' ? number : K extends 'boolean' ? boolean : string
type Fields = Readonly<Record<string, Kind>>

/** A form that was read: what was not sent, or sent empty, is absent. */
export type Form<F extends Fields> = { readonly [Name in keyof F]?: ValueOf<F[Name]> }

const LONGEST_TEXT = 1000
const INTEGER = /^-?\d{1,15}$/
const BOOLEANS = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  [1, true],
  [0, false],
  ['1', true],
  ['0', false],
  ['true', true],
  ['false', false],
])

const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.length <= LONGEST_TEXT ? value : undefined
}

const integerOf = (value: unknown): number | undefined => {
  if (typeof value === 'string' && INTEGER.test(value.trim())) return Number(value)
  return Number.isSafeInteger(value) ? (value as number) : undefined
}

const readAs = (kind: Kind, value: unknown): string | number | boolean | undefined => {
  switch (kind) {
    case 'text':
      return textOf(value)
    case 'integer':
      return integerOf(value)
    case 'boolean':
      return BOOLEANS.get(value)
  }
}

const isNothing = (value: unknown) => value === undefined || value === null || value === ''

/** The members of a body by their names; of what is no object, none. */
export const membersOf = (body: unknown): ReadonlyMap<string, unknown> =>
  typeof body === 'object' && body !== null && !Array.isArray(body)
    ? new Map(Object.entries(body))
    : new Map()

/** Makes a reader of a form. Members that it does not know are passed over, as the platform does. */
export const formOf =
  <const F extends Fields>(fields: F) =>
  (body: unknown): Form<F> | { readonly fault: Fault } => {
    const members = membersOf(body)
    const read: Record<string, unknown> = {}
    for (const [name, kind] of Object.entries(fields)) {
      const sent = members.get(name)
      if (isNothing(sent)) continue
      const value = readAs(kind, sent)
      if (value === undefined) return { fault: 'INVALID_PARAMETER' }
      read[name] = value
    }
    return read as Form<F>
  }

/** A public number in a path or a query. `undefined`: it is none. */
export const numberOf = (text: unknown): number | undefined =>
  typeof text === 'string' && /^\d{1,12}$/.test(text) ? Number(text) : undefined
