import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { areSafe, DEFAULT_CODE_LIMITS, hitsPerDay } from '../../shared/claim/code-odds.ts'
import {
  ALPHABET,
  nativeCode,
  particleCode,
  readCode,
  shownCode,
} from '../../shared/claim/code-text.ts'

const values = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 11, maxLength: 11 })

test('a native code has 12 characters that nobody takes for one another', () => {
  expect(new Set(ALPHABET).size).toBe(31)
  for (const letter of '01OIL') expect(ALPHABET).not.toContain(letter)
  fc.assert(
    fc.property(values, (given) => {
      const code = nativeCode(given)
      expect(code.text).toMatch(/^[2-9A-HJKMNP-Z]{12}$/)
      expect(shownCode(code)).toMatch(/^[2-9A-HJKMNP-Z]{4}(-[2-9A-HJKMNP-Z]{4}){2}$/)
    }),
  )
})

test('different values are different codes', () => {
  fc.assert(
    fc.property(values, values, (one, other) => {
      expect(nativeCode(one).text === nativeCode(other).text).toBe(one.join() === other.join())
    }),
  )
})

test('a native code is read in any case, with separators or without', () => {
  fc.assert(
    fc.property(values, (given) => {
      const code = nativeCode(given)
      const shown = shownCode(code)
      for (const typed of [code.text, shown, shown.toLowerCase(), shown.replaceAll('-', ' ')])
        expect(readCode(typed)).toEqual(code)
    }),
  )
})

test('every wrong character of every code is noticed', () => {
  fc.assert(
    fc.property(values, (given) => {
      const { text } = nativeCode(given)
      for (let place = 0; place < text.length; place++)
        for (const letter of ALPHABET) {
          if (letter === text[place]) continue
          expect(readCode(text.slice(0, place) + letter + text.slice(place + 1))).toBeUndefined()
        }
    }),
    { numRuns: 30 },
  )
})

test('two neighbours that changed places are noticed', () => {
  fc.assert(
    fc.property(values, (given) => {
      const { text } = nativeCode(given)
      for (let place = 0; place + 1 < text.length; place++) {
        const [one, other] = [text.charAt(place), text.charAt(place + 1)]
        if (one === other) continue
        expect(readCode(text.slice(0, place) + other + one + text.slice(place + 2))).toBeUndefined()
      }
    }),
  )
})

test('a missing or an additional character is noticed', () => {
  const { text } = nativeCode([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  for (const wrong of [text.slice(1), text.slice(0, -1), `${text}2`, `2${text}`])
    expect(readCode(wrong)).toBeUndefined()
})

test('a code of a machine is 63 base64 characters, and case counts', () => {
  const code = particleCode(Uint8Array.from({ length: 48 }, (_, place) => 255 - place))
  expect(code.text).toMatch(/^[A-Za-z0-9+/]{63}$/)
  expect(shownCode(code)).toBe(code.text)
  expect(readCode(code.text)).toEqual(code)
  const lower = code.text.toLowerCase()
  expect(lower).not.toBe(code.text)
  expect(readCode(lower)?.text).toBe(lower)
})

test.each([
  '',
  ' '.repeat(12),
  '-'.repeat(40),
  'A'.repeat(62),
  'A'.repeat(64),
  `${'A'.repeat(62)}=`,
  `${'A'.repeat(62)}\n`,
  'É'.repeat(12),
  'ﬀ'.repeat(6),
  '\u0000'.repeat(12),
  'x'.repeat(100_000),
])('%j is no code', (text) => {
  expect(readCode(text)).toBeUndefined()
})

test('what is set is safer than 2^-20 codes found in a day, and four times as much is not', () => {
  // 31^11 codes: 40 000 open, 500 000 looked up in a day.
  expect(hitsPerDay(DEFAULT_CODE_LIMITS)).toBeCloseTo((40_000 * 500_000) / 31 ** 11, 12)
  expect(areSafe(DEFAULT_CODE_LIMITS)).toBe(true)
  expect(areSafe({ openCodes: 80_000, codeLookupsPerDay: 1_000_000 })).toBe(false)
})
