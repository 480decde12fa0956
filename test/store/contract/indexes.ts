import { expect, test } from '@jest/globals'
import type { Key, Store } from '../../../shared/store/port.ts'
import { freshKeys } from './opened.ts'

const addAll = (store: Store, index: Key, members: readonly string[]): Promise<boolean> =>
  store.commit({ add: members.map((member) => ({ index, member })) })

/** Ordered sets of members. */
export const indexesContract = (store: () => Store): void => {
  test('members are listed once each, in the order of their bytes', async () => {
    const index = freshKeys()('index')
    const members = [
      'b',
      'a',
      'a',
      'B',
      'aa',
      'é',
      'z',
      '10',
      '9',
      '-',
      '+',
      '(',
      '[',
      '',
      '🔑',
      '\uffff',
    ]
    await addAll(store(), index, members)
    await addAll(store(), index, ['b'])
    const inOrder = [...new Set(members)].sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    )
    expect(await store().list(index, { limit: 99 })).toEqual(inOrder)
  })

  test('pages follow each other without a gap or a repeat', async () => {
    const index = freshKeys()('index')
    const members = Array.from({ length: 25 }, (_, n) => `m${String(n).padStart(2, '0')}`)
    await addAll(store(), index, members)
    const seen: string[] = []
    let after: string | undefined
    for (;;) {
      const page = await store().list(
        index,
        after === undefined ? { limit: 10 } : { after, limit: 10 },
      )
      seen.push(...page)
      if (page.length < 10) break
      after = page.at(-1)
    }
    expect(seen).toEqual(members)
  })

  test('a page may start after a member that is not there', async () => {
    const index = freshKeys()('index')
    await addAll(store(), index, ['a', 'c', 'ca'])
    expect(await store().list(index, { after: 'b', limit: 9 })).toEqual(['c', 'ca'])
    expect(await store().list(index, { after: 'c', limit: 9 })).toEqual(['ca'])
    expect(await store().list(index, { after: 'z', limit: 9 })).toEqual([])
    expect(await store().list(index, { after: '', limit: 1 })).toEqual(['a'])
  })

  test('a page of nothing is empty', async () => {
    const index = freshKeys()('index')
    await addAll(store(), index, ['a'])
    expect(await store().list(index, { limit: 0 })).toEqual([])
    expect(await store().list(index, { limit: -1 })).toEqual([])
    expect(await store().list(freshKeys()('none'), { limit: 9 })).toEqual([])
  })

  test('a dropped member is gone and may be added again', async () => {
    const index = freshKeys()('index')
    await addAll(store(), index, ['a', 'b'])
    await store().commit({ drop: [{ index, member: 'a' }] })
    expect(await store().list(index, { limit: 9 })).toEqual(['b'])
    await addAll(store(), index, ['a'])
    expect(await store().list(index, { limit: 9 })).toEqual(['a', 'b'])
  })

  test('indexes whose names begin alike hold their own members', async () => {
    const key = freshKeys()
    const names = ['i', 'i\0', 'i\0a', 'ia', 'i:']
    for (const name of names) await addAll(store(), key(name), [`of ${name}`, 'a'])
    for (const name of names)
      expect(await store().list(key(name), { limit: 9 })).toEqual(['a', `of ${name}`].sort())
  })
}
