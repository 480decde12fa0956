import { RecordUnreadable } from '../../errors.ts'
import { forgetAt } from '../bounds.ts'
import type { Entry, Key } from '../port.ts'
import { STAMP } from '../stamp.ts'

/**
 * How everything lies in the one LMDB tree. Keys are UTF-8 and sort by their bytes:
 *
 * | key                          | value                           |
 * |------------------------------|---------------------------------|
 * | `e` key                      | `stamp expiresAt?` `\n` value   |
 * | `m` len(index) index member  | `1`                             |
 * | `i` len(log) log place       | `=` item                        |
 * | `l` log                      | `count expiresAt? dueAt?`       |
 * | `c` budget                   | `count endsAt`                  |
 * | `x` due kind key             | `1`: look at this key then      |
 * | `p`                          | the newest place of all logs    |
 * | `z`                          | what the last ping wrote        |
 *
 * `len` is four hexadecimal digits, so that no index or log is the beginning of another.
 */
export const NEWEST_PLACE = Buffer.from('p')
export const PROBE = Buffer.from('z')

const sized = (kind: string, key: Key): string =>
  kind + Buffer.byteLength(key).toString(16).padStart(4, '0') + key

export const entryKey = (key: Key): Buffer => Buffer.from(`e${key}`)
export const memberKey = (index: Key, member: string): Buffer =>
  Buffer.from(sized('m', index) + member)
/** Undoes `memberKey`. */
export const parseMember = (bytes: Uint8Array): { index: Key; member: string } => {
  const whole = Buffer.from(bytes)
  const length = Number.parseInt(whole.subarray(1, 5).toString(), 16)
  return {
    index: whole.subarray(5, 5 + length).toString() as Key,
    member: whole.subarray(5 + length).toString(),
  }
}
export const itemKey = (log: Key, place: string): Buffer => Buffer.from(sized('i', log) + place)
export const logKey = (log: Key): Buffer => Buffer.from(`l${log}`)
export const counterKey = (budget: Key): Buffer => Buffer.from(`c${budget}`)

/** What can be over one day: entries, logs, counters. */
export type Mortal = 'e' | 'l' | 'c'

const DUE_DIGITS = 15
const due = (at: number): string => String(at).padStart(DUE_DIGITS, '0')

export const expiryKey = (at: number, kind: Mortal, key: Key): Buffer =>
  Buffer.from(`x${due(at)}${kind}${key}`)

/** Undoes `expiryKey`. */
export const parseExpiry = (bytes: Uint8Array): { at: number; kind: Mortal; key: Key } => {
  const text = Buffer.from(bytes).toString()
  return {
    at: Number(text.slice(1, 1 + DUE_DIGITS)),
    kind: text[1 + DUE_DIGITS] as Mortal,
    key: text.slice(2 + DUE_DIGITS) as Key,
  }
}

/** The range of the expiry records that are due. */
export const dueBy = (now: number) => ({
  start: Buffer.from('x'),
  end: Buffer.from(`x${due(now)}`),
})

// 0xff is in no UTF-8, so it ends every prefix.
const END = Buffer.from([0xff])
const prefix = (kind: 'm' | 'i', key: Key) => {
  const head = Buffer.from(sized(kind, key))
  return { head, end: Buffer.concat([head, END]) }
}

/** The range of an index or log after something (exclusive), and how long its prefix is. */
export const rangeAfter = (kind: 'm' | 'i', key: Key, after: string | undefined) => {
  const { head, end } = prefix(kind, key)
  const start = after === undefined ? head : Buffer.concat([head, Buffer.from(`${after}\0`)])
  return { start, end, skip: head.length }
}

/** The same range from its end. */
export const rangeBack = (kind: 'm' | 'i', key: Key) => {
  const { head, end } = prefix(kind, key)
  return { start: end, end: head, skip: head.length }
}

export type Stored = Entry & { readonly expiresAt: number | undefined }

export const spellEntry = (version: string, value: string, expiresAt: number | undefined): string =>
  `${version} ${expiresAt ?? ''}\n${value}`

const LONGEST_HEADER = 64

/** Throws `RecordUnreadable`, naming neither key nor value, when this was not written by us. */
export const parseEntry = (text: string): Stored => {
  const end = text.indexOf('\n')
  const space = text.indexOf(' ')
  const version = text.slice(0, Math.max(0, space))
  if (end < 0 || end > LONGEST_HEADER || space > end || !STAMP.test(version))
    throw new RecordUnreadable()
  const expiresAt = text.slice(space + 1, end)
  return {
    version,
    expiresAt: expiresAt === '' ? undefined : Number(expiresAt),
    value: text.slice(end + 1),
  }
}

/** When the expiry record of an entry lies, if it has one. */
export const dueAtOf = (stored: { expiresAt: number | undefined }): number | undefined =>
  stored.expiresAt === undefined ? undefined : forgetAt(stored.expiresAt)

export type LogState = {
  readonly count: number
  readonly expiresAt: number | undefined
  /** Where its one expiry record lies: it is moved when it comes due, not at each append. */
  readonly dueAt: number | undefined
}

export const spellLog = ({ count, expiresAt, dueAt }: LogState): string =>
  `${count} ${expiresAt ?? ''} ${dueAt ?? ''}`

const optional = (text: string | undefined) => (text ? Number(text) : undefined)

export const parseLog = (text: string | undefined): LogState => {
  const [count = '0', expiresAt, dueAt] = (text ?? '').split(' ')
  return { count: Number(count), expiresAt: optional(expiresAt), dueAt: optional(dueAt) }
}

export type CounterState = { readonly count: number; readonly endsAt: number }

export const spellCounter = ({ count, endsAt }: CounterState): string => `${count} ${endsAt}`

export const parseCounter = (text: string | undefined): CounterState => {
  const [count = '0', endsAt = '0'] = (text ?? '').split(' ')
  return { count: Number(count), endsAt: Number(endsAt) }
}
