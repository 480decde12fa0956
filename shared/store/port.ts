import type { Brand } from '../model/ids.ts'

/**
 * Where something is kept: `{tag}kind:id`. All keys of one change carry the same tag (a project
 * id, or a tag of its own for what is unique over all projects), so that a store may be sharded by it.
 */
export type Key = Brand<string, 'Key'>

/** A stored value and the stamp of the commit that wrote it. Stamps are never used twice. */
export type Entry = { readonly value: string; readonly version: string }

/** "Apply only if this key still has that version"; `undefined`: only if there is nothing. */
export type Expect = { readonly key: Key; readonly version: string | undefined }

/** `expiresAt` (epoch ms) only lets the store tidy up, some time later: rules compare with `now` themselves. */
export type Put = { readonly key: Key; readonly value: string; readonly expiresAt?: number }

/** A member of an index; an index is a set ordered by the bytes of its members. */
export type Member = { readonly index: Key; readonly member: string }

/** An item for the end of a log, which keeps about the last `keep` items and dies `ttlMs` after its last one. */
export type LogItem = {
  readonly log: Key
  readonly item: string
  readonly keep: number
  readonly ttlMs?: number
}

/** Applied all or nothing, if everything expected is still so. */
export type Change = {
  readonly expect?: readonly Expect[]
  readonly put?: readonly Put[]
  readonly remove?: readonly Key[]
  readonly add?: readonly Member[]
  readonly drop?: readonly Member[]
  readonly append?: readonly LogItem[]
  /** Refuse (`false`) when the store's own clock has reached this time (epoch ms): a commit that was held up past an expiry does not count. */
  readonly before?: number
  /** It only takes rights away: a store whose memory is full applies it all the same, where it can. */
  readonly whenFull?: true
}

/** `after` is exclusive: the last member of the page before. */
export type Page = { readonly after?: string; readonly limit: number }

/** An item of a log with its place: places rise, and a place is never used twice. */
export type Logged = { readonly place: string; readonly item: string }

/** How often something was counted in the running window, and when that window ends. */
export type Count = { readonly count: number; readonly resetInMs: number }

/** Ends a watch. Idempotent. */
export type Unwatch = () => Promise<void>

/**
 * All that the rules need of a database. Every method rejects with `StoreDown`, and nothing else,
 * when the store cannot answer within its time-out (under 4 s); then a commit may or may not have been applied.
 */
export interface Store {
  /** The entries of these keys, in order; all keys of one call carry one tag. */
  read(keys: readonly Key[]): Promise<(Entry | undefined)[]>
  /** Durable before it answers `true`; `false`: something expected had changed, nothing was applied. */
  commit(change: Change): Promise<boolean>
  /** Members of an index in order. */
  list(index: Key, page: Page): Promise<string[]>
  /** Items of a log after a place (exclusive; `undefined`: from the oldest kept), oldest first. */
  tail(log: Key, after: string | undefined, limit: number): Promise<Logged[]>
  /** Newest items of a log, newest first. */
  last(log: Key, limit: number): Promise<Logged[]>
  /** Adds `by` (0: only look) to a counter that starts at its first count and ends `windowMs` later. */
  count(budget: Key, windowMs: number, by: number): Promise<Count>
  /** Wakes watchers on all nodes, this one included. May be lost, so it is never the truth. */
  announce(channel: string, message: string): Promise<void>
  watch(channel: string, listener: (message: string) => void): Promise<Unwatch>
  /** Rejects with `StoreDown` when a commit would not succeed now. */
  ping(): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}
