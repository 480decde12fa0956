import { randomInt } from 'node:crypto'
import type { Digests } from '../guard/digests.ts'
import type { DeviceId, Digest } from '../model/ids.ts'
import { ALPHABET, grouped, isChecked, withCheck } from './code-text.ts'

/**
 * A generated box key is `K-` and four groups of four: 15 characters of 31 and a check character, so 31^15 = 2.3e22 of them,
 * 74 bits. Nobody else's secrets look like that, so that a typing error is known by the text alone, whatever the device.
 */
const VALUES = 15

const LETTERS = `[${ALPHABET}]`
/** As it is printed, in any case and with blanks for dashes: somebody has tried to type such a key. */
const PRINTED = new RegExp(`^K(?:[ -]${LETTERS}{4}){4}$`, 'i')
/** Without separators it is one only if its check character fits. */
const BARE = new RegExp(`^K${LETTERS}{16}$`, 'i')

/** The longest text that is looked at: blanks at both ends are forgiven. */
const LONGEST = 40

const lettersOf = (text: string): string => text.slice(1).replace(/[ -]/g, '').toUpperCase()

const printed = (values: readonly number[]): string => `K-${grouped(withCheck(values))}`

/** The key for the box of a device, made again from its id at any time. */
export const boxKeyOf = (digests: Digests, device: DeviceId): string =>
  printed(digests.boxKeyValues(device, VALUES, ALPHABET.length))

/** Another one, which nobody can make again. */
export const newBoxKey = (): string =>
  printed(Array.from({ length: VALUES }, () => randomInt(ALPHABET.length)))

/** Whether this is a generated box key with a typing error: every single wrong character, and every two swapped neighbours. */
export const isMistyped = (secret: string): boolean => {
  if (secret.length > LONGEST) return false
  const text = secret.trim()
  return PRINTED.test(text) && !isChecked(lettersOf(text))
}

/** The one spelling of a generated box key; every other secret stays as it is, byte for byte. */
const spelled = (secret: string): string => {
  if (secret.length > LONGEST) return secret
  const text = secret.trim()
  if (!PRINTED.test(text) && !BARE.test(text)) return secret
  const letters = lettersOf(text)
  return isChecked(letters) ? `K-${grouped(letters)}` : secret
}

/** What is kept of a claim secret, and compared. */
export const secretDigest = (digests: Digests, device: DeviceId, secret: string): Digest =>
  digests.secret(device, spelled(secret))
