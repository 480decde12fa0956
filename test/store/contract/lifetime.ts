import { expect, test } from '@jest/globals'
import { StoreDown } from '../../../shared/errors.ts'
import { appendAll, freshKeys, type OpenStore, readOne } from './opened.ts'

/** Opening again and closing. */
export const lifetimeContract = (open: OpenStore): void => {
  test('everything is still there, and still guarded, after the store was opened again', async () => {
    const opened = await open()
    try {
      if (opened.reopen === undefined) return
      const key = freshKeys()
      let { store } = opened
      await store.commit({
        put: [{ key: key('a'), value: '1', expiresAt: Date.now() + 60_000 }],
        add: [{ index: key('i'), member: 'm' }],
      })
      await appendAll(store, key('log'), ['1', '2'])
      await store.count(key('budget'), 60_000, 3)
      const before = await readOne(store, key('a'))
      const places = await store.tail(key('log'), undefined, 9)

      store = await opened.reopen()
      expect(await readOne(store, key('a'))).toEqual(before)
      expect(await store.list(key('i'), { limit: 9 })).toEqual(['m'])
      expect(await store.tail(key('log'), undefined, 9)).toEqual(places)
      expect((await store.count(key('budget'), 60_000, 0)).count).toBe(3)

      const expected = { key: key('a'), version: before?.version }
      expect(await store.commit({ expect: [expected], put: [{ key: key('a'), value: '2' }] })).toBe(
        true,
      )
      expect(await store.commit({ expect: [expected] })).toBe(false)
      expect((await readOne(store, key('a')))?.version).not.toBe(before?.version)
      await appendAll(store, key('log'), ['3'])
      const [newest] = await store.last(key('log'), 1)
      expect((newest?.place ?? '') > (places.at(-1)?.place ?? '')).toBe(true)
    } finally {
      await opened.dispose()
    }
  })

  test('after close everything is refused with StoreDown, and closing again is no mistake', async () => {
    const opened = await open()
    const { store } = opened
    const a = freshKeys()('a')
    try {
      const unwatch = await store.watch('channel', () => {})
      const late = store.commit({ put: [{ key: a, value: '1' }] })
      await Promise.all([store.close(), store.close()])
      await store.close()
      expect(await late).toBe(true)
      const calls = [
        () => store.read([a]),
        () => store.commit({}),
        () => store.list(a, { limit: 1 }),
        () => store.tail(a, undefined, 1),
        () => store.last(a, 1),
        () => store.count(a, 1000, 1),
        () => store.count(a, 1000, 0),
        () => store.announce('channel', 'x'),
        () => store.watch('channel', () => {}),
        () => store.ping(),
      ]
      for (const call of calls) await expect(call()).rejects.toThrow(StoreDown)
      await expect(unwatch()).resolves.toBeUndefined()
    } finally {
      await opened.dispose()
    }
  })
}
