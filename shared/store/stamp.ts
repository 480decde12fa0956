import { randomBytes } from 'node:crypto'

/** Makes version stamps: 96 random bits for each opened store, then a counter. None is ever used twice. */
export const createStamps = (): (() => string) => {
  const origin = randomBytes(12).toString('base64url')
  let counter = 0
  return () => `${origin}.${(++counter).toString(36)}`
}

/** What a stamp looks like, to know a value that is not ours. */
export const STAMP = /^[\w-]{16}\.[0-9a-z]{1,11}$/
