import { type TProperties, type TSchema, Type } from 'typebox'

/** Nothing but what is named: replies are held to this by the tests. */
export const exactly = <P extends TProperties>(members: P, description?: string) =>
  Type.Object(members, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  })

export const Id = Type.String({ format: 'uuid' })
export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' })
export const Epoch = Type.Integer({
  minimum: 0,
  description: 'Counts the ownership changes of the device; only rises',
})
export const Text = Type.String()
/** A secret that is shown once, or as long as it is open. */
export const Shown = Type.String({ minLength: 1, description: 'Shown only now' })
export const oneOf = <const T extends string>(words: readonly T[]) =>
  Type.Union(words.map((word) => Type.Literal(word)))
export const optional = Type.Optional

/** A list that has no more pages. */
export const listOf = (item: TSchema) => exactly({ items: Type.Array(item) })
/** A page; `next` is the `after` of the page behind it. */
export const pageOf = (item: TSchema) =>
  exactly({
    items: Type.Array(item),
    next: optional(Type.String({ description: 'Give it as `after` for what comes next' })),
  })
