import { expect, test } from '@jest/globals'
import { newSecret } from '../../firmware-sim/secret.ts'

test('a secret has sixteen characters of five random bits each', () => {
  expect(newSecret()).toMatch(/^[0-9a-hjkmnp-tv-z]{16}$/)
  expect(newSecret((length) => Uint8Array.from({ length }, (_, index) => index * 2))).toBe(
    '02468acegjmprtwy',
  )
})

test('two secrets differ', () => {
  expect(newSecret()).not.toBe(newSecret())
})
