import type { Store } from '../store/port.ts'

/**
 * A step from one form of the stored records to the next. It works in pieces, each of which may be done again: `piece` does
 * one, from a cursor of its own on, and answers the next cursor, or `undefined` when all is done. Programs of the former
 * version may still run: what they read has to stay, until the version after.
 */
export type Migration = {
  /** The version that the store has afterwards. */
  readonly to: number
  readonly name: string
  readonly piece: (store: Store, cursor: string | undefined) => Promise<string | undefined>
}

/** The form of the records that this program writes. */
export const SCHEMA = 1

/** One row for each version after the first, in order. */
export const MIGRATIONS: readonly Migration[] = []
