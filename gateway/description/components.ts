import type { TSchema } from 'typebox'

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** Puts references where a schema has a name of its own: the same schema always reads the same. */
export const createComponents = (named: Readonly<Record<string, TSchema>>) => {
  const names = new Map(Object.entries(named).map(([name, schema]) => [textOf(schema), name]))

  const within = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(referring)
    if (typeof value !== 'object' || value === null) return value
    const members = Object.entries(value as Readonly<Record<string, Json>>)
    return Object.fromEntries(members.map(([name, member]) => [name, referring(member)]))
  }

  const referring = (value: Json): Json => {
    const name = typeof value === 'object' ? names.get(textOf(value)) : undefined
    return name === undefined ? within(value) : { $ref: `#/components/schemas/${name}` }
  }

  return {
    /** A schema, or a reference to it. */
    refer: (schema: TSchema): Json => referring(plain(schema)),
    /** All that have a name, each with references to the others. */
    schemas: Object.fromEntries(
      Object.entries(named).map(([name, schema]) => [name, within(plain(schema))]),
    ),
  }
}

const textOf = (value: unknown): string => JSON.stringify(value)

/** Without what TypeBox keeps for itself. */
const plain = (schema: TSchema): Json => JSON.parse(textOf(schema)) as Json
