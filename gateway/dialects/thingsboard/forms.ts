import { type TSchema, Type } from 'typebox'

// Clients send whole entities back that they got, with members absent, `null` or unknown to us: all three are
// taken, as there (research/thingsboard.md 1.4).

/** A member that may be absent or `null`. */
export const orNull = <S extends TSchema>(schema: S) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

/** An id inside a body; its `entityType` is not looked at. */
export const Reference = Type.Object({ id: Type.String() })
