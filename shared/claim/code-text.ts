/**
 * The two forms of a claim code. `particle`: 63 base64 characters, moved by machines (research/particle.md 2).
 * `native`: 12 characters for people.
 */
export type CodeForm = 'native' | 'particle'

/** A code in the one spelling that is looked up. */
export type Code = { readonly form: CodeForm; readonly text: string }

/** What nobody takes for one another: no 0 and O, no 1, I and L. As many as a prime number, so that every weight counts. */
export const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
/** Characters of a native code, the check character at its end included. */
export const NATIVE_LENGTH = 12
const GROUP = 4

const PARTICLE = /^[A-Za-z0-9+/]{63}$/
const NATIVE = new RegExp(`^[${ALPHABET}]{${NATIVE_LENGTH}}$`)
/** Characters as people type them, with separators or without. */
const TYPED = /^[A-Za-z0-9 ._-]{12,40}$/

/** The sum of value times place, both from 1: a changed character or two swapped neighbours always change it. */
const sumOf = (text: string): number =>
  [...text].reduce((sum, letter, place) => sum + (place + 1) * ALPHABET.indexOf(letter), 0)

/** The letters of so many values below `ALPHABET.length`, and a check character: the weighted sum of all is 0. */
export const withCheck = (values: readonly number[]): string => {
  const text = values.map((value) => ALPHABET.charAt(value)).join('')
  const sum = sumOf(text) % ALPHABET.length
  const weight = values.length + 1
  const fitting = [...ALPHABET].find((_, value) => (sum + weight * value) % ALPHABET.length === 0)
  if (fitting === undefined) throw new RangeError('the length of a code has no inverse')
  return text + fitting
}

/** Whether the check character of letters of the alphabet fits. */
export const isChecked = (text: string): boolean => sumOf(text) % ALPHABET.length === 0

/** A native code of so many values below `ALPHABET.length`, with its check character. */
export const nativeCode = (values: readonly number[]): Code => ({
  form: 'native',
  text: withCheck(values),
})

/** In groups, as people read them. */
export const grouped = (text: string): string =>
  (text.match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-')

/** A code of 48 random bytes: 64 base64 characters, of which devices have room for 63 (research/particle.md 0). */
export const particleCode = (bytes: Uint8Array): Code => ({
  form: 'particle',
  text: Buffer.from(bytes).toString('base64').slice(0, 63),
})

/** As it is given out: a native one in groups. */
export const shownCode = ({ form, text }: Code): string =>
  form === 'particle' ? text : grouped(text)

/** What a text may stand for, before any store is asked. `undefined`: a code of no form, or mistyped. */
export const readCode = (given: string): Code | undefined => {
  if (PARTICLE.test(given)) return { form: 'particle', text: given }
  if (!TYPED.test(given)) return undefined
  const text = given.replace(/[ ._-]/g, '').toUpperCase()
  if (!NATIVE.test(text) || !isChecked(text)) return undefined
  return { form: 'native', text }
}
