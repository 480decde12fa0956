import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { boxKeyOf, isMistyped, newBoxKey, secretDigest } from '../../shared/claim/box-key-text.ts'
import { ALPHABET } from '../../shared/claim/code-text.ts'
import { createDigests } from '../../shared/guard/digests.ts'
import type { DeviceId } from '../../shared/model/ids.ts'

const digests = createDigests(new Uint8Array(32).fill(1))
const others = createDigests(new Uint8Array(32).fill(2))
const devices = fc.uuid().map((id) => id as DeviceId)
const DEVICE = '00000000-0000-4000-8000-000000000001' as DeviceId

test('a box key is K and four groups of four, the same for a device as long as the instance key is', () => {
  fc.assert(
    fc.property(devices, (device) => {
      const key = boxKeyOf(digests, device)
      expect(key).toMatch(/^K(-[2-9A-HJKMNP-Z]{4}){4}$/)
      expect(boxKeyOf(digests, device)).toBe(key)
      expect(boxKeyOf(others, device)).not.toBe(key)
      expect(isMistyped(key)).toBe(false)
    }),
  )
})

test.each([
  ['made from the id of a device', (n: number) => boxKeyOf(digests, `device ${n}` as DeviceId)],
  ['made afresh', () => newBoxKey()],
])('box keys %s use the whole alphabet evenly', (_how, keyOf) => {
  const counts = new Map<string, number>()
  for (let n = 0; n < 2000; n++) {
    const letters = keyOf(n).replace(/-/g, '')
    for (const letter of letters.slice(1, 16)) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  }
  expect(counts.size).toBe(31)
  // 30000 letters of 31: 968 each, give or take five standard deviations of 31.
  for (const count of counts.values()) expect(Math.abs(count - 968)).toBeLessThan(155)
})

test('every wrong character and every two swapped neighbours are noticed', () => {
  fc.assert(
    fc.property(devices, (device) => {
      const key = boxKeyOf(digests, device)
      for (let place = 2; place < key.length; place++) {
        if (key[place] === '-') continue
        for (const letter of ALPHABET)
          if (letter !== key[place])
            expect(isMistyped(key.slice(0, place) + letter + key.slice(place + 1))).toBe(true)
      }
      const letters = key.slice(2).replace(/-/g, '')
      for (let place = 0; place + 1 < letters.length; place++) {
        const [one, other] = [letters.charAt(place), letters.charAt(place + 1)]
        if (one === other) continue
        const swapped = letters.slice(0, place) + other + one + letters.slice(place + 2)
        expect(isMistyped(`K-${swapped.match(/.{4}/g)?.join('-')}`)).toBe(true)
      }
    }),
    { numRuns: 20 },
  )
})

test('a box key is the same in any case, with dashes, blanks or nothing between its groups', () => {
  fc.assert(
    fc.property(devices, (device) => {
      const key = boxKeyOf(digests, device)
      const digest = secretDigest(digests, device, key)
      const bare = key.replace(/-/g, '')
      for (const typed of [
        key.toLowerCase(),
        key.replace(/-/g, ' '),
        bare,
        bare.toLowerCase(),
        `${key}\n`,
      ])
        expect(secretDigest(digests, device, typed)).toBe(digest)
    }),
  )
})

test.each([
  'Key-1234',
  'abcdefghjkmnpqrs',
  'ABCD-EFGH-JKMN-PQRS',
  'K-ABCD-EFGH-JKMN',
  'KABCDEFGHJKMNPQRS',
  'k',
  ' '.repeat(40),
  'K-ABCD-EFGH-JKMN-PQR0',
  `K-${'ABCD-'.repeat(50)}`,
])('%j is a secret of somebody else: never mistyped, compared byte for byte', (secret) => {
  expect(isMistyped(secret)).toBe(false)
  const digest = secretDigest(digests, DEVICE, secret)
  for (const other of [` ${secret}`, `${secret}\n`, secret.toLowerCase(), secret.toUpperCase()])
    if (other !== secret) expect(secretDigest(digests, DEVICE, other)).not.toBe(digest)
})
