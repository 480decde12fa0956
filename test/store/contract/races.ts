import { expect, test } from '@jest/globals'
import { MAX_KEY_BYTES } from '../../../shared/store/bounds.ts'
import type { Change, Key, Store } from '../../../shared/store/port.ts'
import { appendAll, freshKeys, putOne, readOne } from './opened.ts'

/** Many at once, and keys at their bounds. */
export const racesContract = (store: () => Store): void => {
  test('of 200 commits at once that expect the same version exactly one is applied', async () => {
    const a = freshKeys()('a')
    await putOne(store(), a, 'start')
    const version = (await readOne(store(), a))?.version
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        store().commit({ expect: [{ key: a, version }], put: [{ key: a, value: String(n) }] }),
      ),
    )
    expect(answers.filter(Boolean)).toHaveLength(1)
    expect((await readOne(store(), a))?.value).toBe(String(answers.indexOf(true)))
  })

  test('of 200 commits at once that expect nothing exactly one is applied', async () => {
    const key = freshKeys()
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        store().commit({
          expect: [{ key: key('a'), version: undefined }],
          put: [{ key: key('a'), value: String(n) }],
          add: [{ index: key('i'), member: String(n) }],
        }),
      ),
    )
    expect(await store().list(key('i'), { limit: 999 })).toEqual([String(answers.indexOf(true))])
  })

  test('1000 independent commits at once are all applied', async () => {
    const key = freshKeys()
    const names = Array.from({ length: 1000 }, (_, n) => key(`k${n}`))
    const answers = await Promise.all(
      names.map((name) =>
        store().commit({
          expect: [{ key: name, version: undefined }],
          put: [{ key: name, value: name }],
        }),
      ),
    )
    expect(answers.every(Boolean)).toBe(true)
    const entries = await store().read(names)
    expect(entries.map((entry) => entry?.value)).toEqual(names)
    expect(new Set(entries.map((entry) => entry?.version)).size).toBe(1000)
  })

  test('read-and-commit loops of many at once lose no update', async () => {
    const a = freshKeys()('a')
    await putOne(store(), a, '0')
    const addOne = async (): Promise<void> => {
      for (;;) {
        const entry = await readOne(store(), a)
        const value = String(Number(entry?.value) + 1)
        const version = entry?.version
        if (await store().commit({ expect: [{ key: a, version }], put: [{ key: a, value }] }))
          return
      }
    }
    await Promise.all(Array.from({ length: 20 }, addOne))
    expect((await readOne(store(), a))?.value).toBe('20')
  })

  test('a key that is too long, empty or half a character is our own mistake, and harms nobody else', async () => {
    const key = freshKeys()
    const wrong = [key('x'.repeat(MAX_KEY_BYTES)), '' as Key, key('\ud800')]
    for (const bad of wrong) {
      const change: Change = {
        put: [
          { key: key('a'), value: '1' },
          { key: bad, value: '1' },
        ],
      }
      await expect(store().commit(change)).rejects.toThrow(RangeError)
      await expect(store().read([bad])).rejects.toThrow(RangeError)
      await expect(store().count(bad, 1000, 1)).rejects.toThrow(RangeError)
      await expect(store().tail(bad, undefined, 1)).rejects.toThrow(RangeError)
    }
    const long = 'x'.repeat(MAX_KEY_BYTES - 10)
    await expect(store().commit({ add: [{ index: key('i'), member: long }] })).rejects.toThrow(
      RangeError,
    )
    expect(await readOne(store(), key('a'))).toBeUndefined()
  })

  test('a key as long as allowed is kept', async () => {
    const key = freshKeys()
    const longest = key('x'.repeat(MAX_KEY_BYTES - key('').length))
    await store().commit({ put: [{ key: longest, value: '1', expiresAt: Date.now() }] })
    await appendAll(store(), longest, ['i'])
    await store().commit({
      add: [{ index: key('i'), member: 'y'.repeat(MAX_KEY_BYTES - key('i').length) }],
    })
    expect((await readOne(store(), longest))?.value).toBe('1')
    expect((await store().last(longest, 1))[0]?.item).toBe('i')
    expect((await store().count(longest, 1000, 1)).count).toBe(1)
    expect(await store().list(key('i'), { limit: 1 })).toHaveLength(1)
  })
}
