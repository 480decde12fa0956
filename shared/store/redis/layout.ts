import { RecordUnreadable } from '../../errors.ts'
import { placeOf } from '../place.ts'
import type { Entry, Key, Logged } from '../port.ts'
import { STAMP } from '../stamp.ts'

/**
 * How everything lies in Redis. `{tag}` in a key decides its cluster slot:
 *
 * | key           | type   | holds                                              |
 * |---------------|--------|----------------------------------------------------|
 * | prefix `e:` key | string | stamp `\n` value; TTL: `expiresAt` and the grace    |
 * | prefix `i:` key | zset   | members, all of score 0, so in the order of bytes  |
 * | prefix `l:` key | stream | items, in the one field `i`; TTL: `ttlMs`           |
 * | prefix `c:` key | string | a number; TTL: its window                          |
 *
 * Channels are prefix `w:` channel.
 */
export const createLayout = (prefix: string) => ({
  entry: (key: Key) => `${prefix}e:${key}`,
  index: (key: Key) => `${prefix}i:${key}`,
  log: (key: Key) => `${prefix}l:${key}`,
  counter: (key: Key) => `${prefix}c:${key}`,
  channel: (channel: string) => `${prefix}w:${channel}`,
})

export type Layout = ReturnType<typeof createLayout>

/** The usual prefix of all keys. */
export const PREFIX = 'latchkey:'

export const spellEntry = (version: string, value: string): string => `${version}\n${value}`

const LONGEST_STAMP = 32

/** Throws `RecordUnreadable`, naming neither key nor value, when this was not written by us. */
export const parseEntry = (text: string | null): Entry | undefined => {
  if (text === null) return undefined
  const end = text.indexOf('\n')
  const version = text.slice(0, Math.max(0, end))
  if (end > LONGEST_STAMP || !STAMP.test(version)) throw new RecordUnreadable()
  return { version, value: text.slice(end + 1) }
}

/** Spells the id of a stream item as a place. */
export const parseItem = ([id, fields]: [string, string[]]): Logged => {
  const [ms, seq] = id.split('-')
  return { place: placeOf({ ms: Number(ms), seq: Number(seq) }), item: fields[1] ?? '' }
}
