import { randomBytes } from 'node:crypto'

// Base 32 without the letters that are mistaken for digits: the secret is read from a label and typed.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const LENGTH = 16

/** A claim secret of 80 bits, 16 characters of 5 bits each. `bytes` is the source of randomness. */
export const newSecret = (bytes: (length: number) => Uint8Array = randomBytes): string =>
  Array.from(bytes(LENGTH), (byte) => ALPHABET[byte & 31]).join('')
