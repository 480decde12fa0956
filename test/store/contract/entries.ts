import { expect, test } from '@jest/globals'
import type { Change, Store } from '../../../shared/store/port.ts'
import { freshKeys, putOne, readOne, UNUSUAL } from './opened.ts'

/** Reading and committing: versions, all or nothing, and races. */
export const entriesContract = (store: () => Store): void => {
  test('nothing is read where nothing was put, and no keys give no entries', async () => {
    expect(await store().read([freshKeys()('a')])).toEqual([undefined])
    expect(await store().read([])).toEqual([])
  })

  test('entries come in the order of the keys asked for, also twice', async () => {
    const key = freshKeys()
    await store().commit({ put: ['a', 'b'].map((name) => ({ key: key(name), value: name })) })
    const entries = await store().read([key('b'), key('none'), key('a'), key('b')])
    expect(entries.map((entry) => entry?.value)).toEqual(['b', undefined, 'a', 'b'])
  })

  test('an empty value and a large value come back as they were', async () => {
    const key = freshKeys()
    const large = '🔑x'.repeat(100_000)
    await putOne(store(), key('empty'), '')
    await putOne(store(), key('large'), large)
    expect((await readOne(store(), key('empty')))?.value).toBe('')
    expect((await readOne(store(), key('large')))?.value === large).toBe(true)
  })

  test.each(UNUSUAL)('unusual text comes back as it was: %j', async (text) => {
    const key = freshKeys()
    const odd = key(text)
    expect(await store().commit({ expect: [{ key: odd, version: undefined }] })).toBe(true)
    await store().commit({
      put: [{ key: odd, value: text }],
      add: [{ index: odd, member: text }],
      append: [{ log: odd, item: text, keep: 10 }],
    })
    expect((await readOne(store(), odd))?.value).toBe(text)
    expect(await store().list(odd, { limit: 9 })).toEqual([text])
    expect((await store().tail(odd, undefined, 9)).map(({ item }) => item)).toEqual([text])
    expect((await store().count(odd, 60_000, 1)).count).toBe(1)
  })

  test('an entry, an index, a log and a counter may have the same name', async () => {
    const name = freshKeys()('same')
    await store().commit({
      put: [{ key: name, value: 'v' }],
      add: [{ index: name, member: 'm' }],
      append: [{ log: name, item: 'i', keep: 10 }],
    })
    expect((await store().count(name, 60_000, 3)).count).toBe(3)
    await store().commit({ remove: [name] })
    expect(await readOne(store(), name)).toBeUndefined()
    expect(await store().list(name, { limit: 9 })).toEqual(['m'])
    expect((await store().last(name, 9)).length).toBe(1)
  })

  test('a commit that expects the version it read is applied once', async () => {
    const a = freshKeys()('a')
    await putOne(store(), a, '1')
    const version = (await readOne(store(), a))?.version
    expect(
      await store().commit({ expect: [{ key: a, version }], put: [{ key: a, value: '2' }] }),
    ).toBe(true)
    expect(
      await store().commit({ expect: [{ key: a, version }], put: [{ key: a, value: '3' }] }),
    ).toBe(false)
    expect((await readOne(store(), a))?.value).toBe('2')
  })

  test('a version is a new one even when the same value is put again', async () => {
    const a = freshKeys()('a')
    await putOne(store(), a, 'same')
    const first = await readOne(store(), a)
    await putOne(store(), a, 'same')
    expect((await readOne(store(), a))?.version).not.toBe(first?.version)
  })

  test('a version does not come back after remove and put', async () => {
    const a = freshKeys()('a')
    const seen = new Set<string | undefined>()
    for (let round = 0; round < 20; round++) {
      await putOne(store(), a, 'same')
      seen.add((await readOne(store(), a))?.version)
      await store().commit({ remove: [a] })
    }
    expect(seen.size).toBe(20)
    const [stale] = seen
    await putOne(store(), a, 'same')
    expect(await store().commit({ expect: [{ key: a, version: stale }] })).toBe(false)
  })

  test('expecting nothing holds only where nothing is', async () => {
    const a = freshKeys()('a')
    const create: Change = {
      expect: [{ key: a, version: undefined }],
      put: [{ key: a, value: '1' }],
    }
    expect(await store().commit(create)).toBe(true)
    expect(await store().commit(create)).toBe(false)
    await store().commit({ remove: [a] })
    expect(await store().commit(create)).toBe(true)
  })

  test('expecting a version fails where nothing is, and on a version that never was', async () => {
    const a = freshKeys()('a')
    await putOne(store(), a, '1')
    const version = (await readOne(store(), a))?.version
    await store().commit({ remove: [a] })
    expect(await store().commit({ expect: [{ key: a, version }] })).toBe(false)
    await putOne(store(), a, '1')
    expect(await store().commit({ expect: [{ key: a, version: 'never' }] })).toBe(false)
    expect(await store().commit({ expect: [{ key: a, version: '' }] })).toBe(false)
  })

  test('when one of many expectations fails, nothing of any kind is applied', async () => {
    const key = freshKeys()
    await store().commit({
      put: [
        { key: key('kept'), value: 'old' },
        { key: key('removed'), value: 'old' },
      ],
      add: [{ index: key('index'), member: 'old' }],
    })
    const kept = await readOne(store(), key('kept'))
    const change: Change = {
      expect: [
        { key: key('kept'), version: kept?.version },
        { key: key('absent'), version: 'another' },
      ],
      put: [
        { key: key('kept'), value: 'new' },
        { key: key('made'), value: 'new' },
      ],
      remove: [key('removed')],
      add: [{ index: key('index'), member: 'new' }],
      drop: [{ index: key('index'), member: 'old' }],
      append: [{ log: key('log'), item: 'new', keep: 10 }],
    }
    expect(await store().commit(change)).toBe(false)
    expect(await store().read([key('kept'), key('made')])).toEqual([kept, undefined])
    expect((await readOne(store(), key('removed')))?.value).toBe('old')
    expect(await store().list(key('index'), { limit: 9 })).toEqual(['old'])
    expect(await store().tail(key('log'), undefined, 9)).toEqual([])
  })

  test('a change of every kind is applied as one', async () => {
    const key = freshKeys()
    await store().commit({
      put: [{ key: key('removed'), value: 'old' }],
      add: [{ index: key('index'), member: 'old' }],
    })
    const change: Change = {
      expect: [{ key: key('made'), version: undefined }],
      put: [{ key: key('made'), value: 'new' }],
      remove: [key('removed'), key('never-was')],
      add: [{ index: key('index'), member: 'new' }],
      drop: [
        { index: key('index'), member: 'old' },
        { index: key('index'), member: 'never-was' },
      ],
      append: [{ log: key('log'), item: 'new', keep: 10 }],
    }
    expect(await store().commit(change)).toBe(true)
    expect((await readOne(store(), key('made')))?.value).toBe('new')
    expect(await readOne(store(), key('removed'))).toBeUndefined()
    expect(await store().list(key('index'), { limit: 9 })).toEqual(['new'])
    expect((await store().last(key('log'), 9)).map(({ item }) => item)).toEqual(['new'])
  })

  test('an empty change is applied', async () => {
    expect(await store().commit({})).toBe(true)
  })

  test('within one change what is listed later wins, and removing comes after putting', async () => {
    const key = freshKeys()
    await store().commit({
      put: [
        { key: key('a'), value: '1' },
        { key: key('a'), value: '2' },
        { key: key('b'), value: '1' },
      ],
      remove: [key('b')],
      add: [{ index: key('i'), member: 'm' }],
      drop: [{ index: key('i'), member: 'm' }],
    })
    expect((await readOne(store(), key('a')))?.value).toBe('2')
    expect(await readOne(store(), key('b'))).toBeUndefined()
    expect(await store().list(key('i'), { limit: 9 })).toEqual([])
  })

  test('a commit after its time is refused and changes nothing', async () => {
    const a = freshKeys()('a')
    const put = [{ key: a, value: '1' }]
    expect(await store().commit({ put, before: Date.now() - 1000 })).toBe(false)
    expect(await readOne(store(), a)).toBeUndefined()
    expect(await store().commit({ put, before: Date.now() + 60_000 })).toBe(true)
  })

  test('what is over is still there until the store tidies up, with or without a whole number', async () => {
    const key = freshKeys()
    const now = Date.now()
    await store().commit({
      put: [
        { key: key('over'), value: '1', expiresAt: now - 10 },
        { key: key('later'), value: '1', expiresAt: now + 0.5 },
        { key: key('never'), value: '1', expiresAt: Number.MAX_SAFE_INTEGER },
      ],
    })
    const entries = await store().read([key('over'), key('later'), key('never')])
    expect(entries.map((entry) => entry?.value)).toEqual(['1', '1', '1'])
  })

  test('a store that is well answers a ping', async () => {
    await expect(store().ping()).resolves.toBeUndefined()
  })
}
