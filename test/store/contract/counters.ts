import { expect, test } from '@jest/globals'
import type { Store } from '../../../shared/store/port.ts'
import { eventually, freshKeys } from './opened.ts'

/** Counters with a window. */
export const countersContract = (store: () => Store): void => {
  test('a counter counts up, by what it is told', async () => {
    const budget = freshKeys()('budget')
    expect((await store().count(budget, 60_000, 1)).count).toBe(1)
    expect((await store().count(budget, 60_000, 4)).count).toBe(5)
  })

  test('looking does not count, and starts no window', async () => {
    const budget = freshKeys()('budget')
    expect(await store().count(budget, 60_000, 0)).toEqual({ count: 0, resetInMs: 0 })
    await store().count(budget, 60_000, 2)
    const looked = await store().count(budget, 60_000, 0)
    expect(looked.count).toBe(2)
    expect(looked.resetInMs).toBeGreaterThan(0)
    expect(looked.resetInMs).toBeLessThanOrEqual(60_000)
  })

  test('the window starts at the first count and is not moved by later ones', async () => {
    const budget = freshKeys()('budget')
    const first = await store().count(budget, 10_000, 1)
    expect(first.resetInMs).toBeLessThanOrEqual(10_000)
    const second = await store().count(budget, 60_000, 1)
    expect(second.resetInMs).toBeLessThanOrEqual(first.resetInMs)
    expect(second.resetInMs).toBeGreaterThan(0)
  })

  test('when its window is over a counter starts again', async () => {
    const budget = freshKeys()('budget')
    await store().count(budget, 100, 7)
    const over = await eventually(
      () => store().count(budget, 100, 0),
      ({ count }) => count === 0,
    )
    expect(over).toEqual({ count: 0, resetInMs: 0 })
    expect((await store().count(budget, 60_000, 1)).count).toBe(1)
  })

  test('200 counts at once are all counted', async () => {
    const budget = freshKeys()('budget')
    const counts = await Promise.all(
      Array.from({ length: 200 }, () => store().count(budget, 60_000, 1)),
    )
    expect(counts.map(({ count }) => count).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, n) => n + 1),
    )
  })
}
