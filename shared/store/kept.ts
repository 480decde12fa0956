import type { Log } from '../log.ts'
import type { Key } from './port.ts'

/**
 * One thing that a store keeps, as it is moved to another one. Items of a log follow their log, the oldest first, at
 * their places. Versions and counters are not moved: the former are only compared in one store, the latter end soon.
 */
export type Kept =
  | {
      readonly kind: 'entry'
      readonly key: Key
      readonly value: string
      readonly expiresAt?: number
    }
  | { readonly kind: 'member'; readonly index: Key; readonly member: string }
  | { readonly kind: 'log'; readonly log: Key; readonly expiresAt?: number }
  | { readonly kind: 'item'; readonly log: Key; readonly place: string; readonly item: string }

/** Reads all of a store, beside whoever works on it. Throws `StoreDown`. */
export interface Reader {
  /** Whether everything is as it was at one moment. Else what was committed before `all` was called is there, or newer. */
  readonly isSnapshot: boolean
  /** About how much there is: to show how far one is. */
  about(): Promise<number>
  /** In bounded pieces. What is committed meanwhile may be there or not. */
  all(): AsyncIterable<readonly Kept[]>
  /** Idempotent. */
  close(): Promise<void>
}

/** Fills a store that nobody works on yet. Throws `StoreDown`. */
export interface Writer {
  /** Durable when it resolves. The same piece again changes nothing, so that a move that was cut off is begun again. */
  write(piece: readonly Kept[]): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}

/** `hold`: keep all writes to the store waiting as long as it is read, where that is what a snapshot takes. */
export type ArchiveOptions = { readonly url: string; readonly log: Log; readonly hold?: boolean }
