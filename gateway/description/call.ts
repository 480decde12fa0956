import type { TSchema } from 'typebox'

/** Who may make a call, which says how it is signed. */
export type Caller = 'anyone' | 'user' | 'maker' | 'user or key' | 'user or ticket' | 'this machine'

/** A reply of success. No `body`: there is none. */
export type Answer = {
  readonly is: string
  readonly body?: TSchema
  /** `application/json`, if it is not another. */
  readonly type?: string
  /** A stream that it may come as instead. */
  readonly stream?: string
  /** Carries `Location`. */
  readonly hasLocation?: boolean
}

/** What a route cannot say of itself. What it takes is read from the schemas that it validates with. */
export type Call = {
  /** Method and path as the router has them: `GET /latchkey/v1/devices/:id`. */
  readonly on: string
  readonly topic: string
  readonly summary: string
  readonly about?: string
  readonly by: Caller
  readonly answers: Readonly<Record<number, Answer>>
  /** The statuses of its own problems; those that every call of its kind has are known. */
  readonly problems?: readonly number[]
  /** What the rest of a path with `*` stands for. */
  readonly rest?: string
  /** Media types of a body that is not checked by a schema. */
  readonly takes?: readonly string[]
}

/** Rows of calls, by operation id. */
export type Calls = Readonly<Record<string, Call>>
