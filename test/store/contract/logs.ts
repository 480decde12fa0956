import { expect, test } from '@jest/globals'
import type { Store } from '../../../shared/store/port.ts'
import { appendAll, eventually, freshKeys } from './opened.ts'

const items = (logged: readonly { item: string }[]) => logged.map(({ item }) => item)

/** Logs: order, places, keeping, dying. */
export const logsContract = (store: () => Store): void => {
  test('items come in the order they were appended, within one change and over many', async () => {
    const log = freshKeys()('log')
    await appendAll(store(), log, ['1', '2'])
    await appendAll(store(), log, ['3'])
    await appendAll(store(), log, ['4', '5'])
    expect(items(await store().tail(log, undefined, 9))).toEqual(['1', '2', '3', '4', '5'])
    expect(items(await store().last(log, 9))).toEqual(['5', '4', '3', '2', '1'])
  })

  test('a log that never was is empty', async () => {
    const log = freshKeys()('log')
    expect(await store().tail(log, undefined, 9)).toEqual([])
    expect(await store().last(log, 9)).toEqual([])
  })

  test('places rise as text, none twice, and equal items are all kept', async () => {
    const log = freshKeys()('log')
    await appendAll(store(), log, ['same', 'same', 'same'])
    await appendAll(store(), log, ['same'])
    const places = (await store().tail(log, undefined, 9)).map(({ place }) => place)
    expect(places).toHaveLength(4)
    expect([...new Set(places)].sort()).toEqual(places)
  })

  test('reading goes on after a place, a limit at a time', async () => {
    const log = freshKeys()('log')
    const all = Array.from({ length: 25 }, (_, n) => String(n))
    await appendAll(store(), log, all)
    const seen: string[] = []
    let after: string | undefined
    for (;;) {
      const page = await store().tail(log, after, 10)
      seen.push(...items(page))
      if (page.length < 10) break
      after = page.at(-1)?.place
    }
    expect(seen).toEqual(all)
    const newest = (await store().last(log, 1))[0]?.place
    expect(await store().tail(log, newest, 9)).toEqual([])
  })

  test('both ways of reading name the same places', async () => {
    const log = freshKeys()('log')
    await appendAll(store(), log, ['1', '2', '3'])
    expect((await store().last(log, 9)).reverse()).toEqual(await store().tail(log, undefined, 9))
    expect(items(await store().last(log, 2))).toEqual(['3', '2'])
  })

  test('a limit of nothing gives nothing', async () => {
    const log = freshKeys()('log')
    await appendAll(store(), log, ['1'])
    expect(await store().tail(log, undefined, 0)).toEqual([])
    expect(await store().last(log, 0)).toEqual([])
  })

  test('a text that never was a place reads from the oldest', async () => {
    const log = freshKeys()('log')
    await appendAll(store(), log, ['1', '2'])
    for (const odd of [
      '',
      '0',
      'x',
      '-',
      '9999999999999999999',
      '../..',
      '1-1\n',
      '(1-1',
      '\ud800',
    ])
      expect(items(await store().tail(log, odd, 9))).toEqual(['1', '2'])
  })

  test('a log keeps about its last items, and all of them that it has to', async () => {
    const log = freshKeys()('log')
    for (let batch = 0; batch < 20; batch++)
      await store().commit({
        append: Array.from({ length: 50 }, (_, n) => ({
          log,
          item: String(batch * 50 + n),
          keep: 100,
        })),
      })
    const kept = items(await store().tail(log, undefined, 2000))
    expect(kept.length).toBeGreaterThanOrEqual(100)
    expect(kept.length).toBeLessThan(350)
    expect(kept).toEqual(
      Array.from({ length: kept.length }, (_, n) => String(1000 - kept.length + n)),
    )
  })

  test('places still rise after old items were trimmed away', async () => {
    const log = freshKeys()('log')
    let before = ''
    for (let n = 0; n < 300; n++) {
      await store().commit({ append: [{ log, item: String(n), keep: 1 }] })
      const place = (await store().last(log, 1))[0]?.place ?? ''
      expect(place > before).toBe(true)
      before = place
    }
  })

  test('a log dies after its time, and what comes later has a later place', async () => {
    const log = freshKeys()('log')
    await store().commit({ append: [{ log, item: 'old', keep: 10, ttlMs: 300 }] })
    const [old] = await store().last(log, 1)
    expect(old?.item).toBe('old')
    expect(
      await eventually(
        () => store().tail(log, undefined, 9),
        (seen) => seen.length === 0,
      ),
    ).toEqual([])
    expect(await store().last(log, 9)).toEqual([])
    await store().commit({ append: [{ log, item: 'new', keep: 10, ttlMs: 60_000 }] })
    const after = await store().tail(log, undefined, 9)
    expect(items(after)).toEqual(['new'])
    expect((after[0]?.place ?? '') > (old?.place ?? '')).toBe(true)
  })

  test('each item gives a log its time anew', async () => {
    const log = freshKeys()('log')
    await store().commit({ append: [{ log, item: '1', keep: 10, ttlMs: 50 }] })
    await store().commit({ append: [{ log, item: '2', keep: 10, ttlMs: 60_000 }] })
    const mark = freshKeys()('mark')
    await store().commit({ append: [{ log: mark, item: 'x', keep: 10, ttlMs: 200 }] })
    await eventually(
      () => store().last(mark, 1),
      (seen) => seen.length === 0,
    )
    expect((await store().tail(log, undefined, 9)).length).toBeGreaterThan(0)
  })

  test('logs whose names begin alike hold their own items', async () => {
    const key = freshKeys()
    const names = ['l', 'l\0', 'l0', 'l:']
    for (const name of names) await appendAll(store(), key(name), [name])
    for (const name of names)
      expect(items(await store().tail(key(name), undefined, 9))).toEqual([name])
  })
}
