import { expect, test } from '@jest/globals'
import { backoffMs } from '../../firmware-sim/backoff.ts'

test('the ceiling of the wait doubles from half a second to thirty seconds', () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 6, 7, 100].map((attempt) => backoffMs(attempt, () => 1))
  expect(ceilings).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

test('chance moves the wait between half its ceiling and the whole', () => {
  expect(backoffMs(3, () => 0)).toBe(2000)
  expect(backoffMs(3, () => 0.5)).toBe(3000)
})
