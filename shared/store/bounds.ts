import type { Change, Key } from './port.ts'

/** Longest key, and longest index or log key plus member, in UTF-8 bytes: what LMDB (1978) leaves after our own prefix. */
export const MAX_KEY_BYTES = 1900

/** A store tidies up this long after `expiresAt`, so that clocks may differ by as much. */
export const GRACE_MS = 60_000

const LAST_TIME = 999_999_999_999_999
const LONE_SURROGATE = /\p{Surrogate}/u

/** When a store may forget something that is over at `expiresAt`; whole milliseconds, 15 digits at most. */
export const forgetAt = (expiresAt: number): number =>
  Math.min(LAST_TIME, Math.max(1, Math.ceil(expiresAt) + GRACE_MS))

/** Throws RangeError, naming neither key nor value: edges bound lengths, so this is a bug of ours. */
export const checkKey = (key: Key, member = ''): void => {
  if (key.length === 0) throw new RangeError('a key is empty')
  // A UTF-16 unit is at most 3 bytes, so that short keys need no counting.
  if (
    (key.length + member.length) * 3 > MAX_KEY_BYTES &&
    Buffer.byteLength(key) + Buffer.byteLength(member) > MAX_KEY_BYTES
  )
    throw new RangeError(`a key is longer than ${MAX_KEY_BYTES} bytes`)
  checkText(key)
  checkText(member)
}

/** Half a character would come back as another one, and two keys would become one. */
export const checkText = (text: string): void => {
  if (LONE_SURROGATE.test(text)) throw new RangeError('a key or value is not well-formed text')
}

/** Throws RangeError when a number is none, so that no store meets it half-way through a change. */
export const checkNumber = (number: number | undefined): void => {
  if (Number.isNaN(number)) throw new RangeError('a number is not one')
}

/** A length or a time to live in whole units, at least one. */
export const whole = (number: number): number => Math.min(LAST_TIME, Math.max(1, Math.ceil(number)))

/** `checkKey` and `checkText` for all of a change. */
export const checkChange = (change: Change): void => {
  checkNumber(change.before)
  for (const { key } of change.expect ?? []) checkKey(key)
  for (const { key, value, expiresAt } of change.put ?? []) {
    checkKey(key)
    checkText(value)
    checkNumber(expiresAt)
  }
  for (const key of change.remove ?? []) checkKey(key)
  for (const { index, member } of change.add ?? []) checkKey(index, member)
  for (const { index, member } of change.drop ?? []) checkKey(index, member)
  for (const { log, item, keep, ttlMs } of change.append ?? []) {
    checkKey(log)
    checkText(item)
    checkNumber(keep)
    checkNumber(ttlMs)
  }
}

/** The same for a count. */
export const checkCount = (budget: Key, windowMs: number, by: number): void => {
  checkKey(budget)
  checkNumber(windowMs)
  if (!Number.isSafeInteger(by)) throw new RangeError('a count is not a whole number')
}
