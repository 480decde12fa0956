import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { StoreDown } from '../../shared/errors.ts'
import { silentLog } from '../../shared/log.ts'
import { decideChange, decideCount } from '../../shared/store/embedded/apply.ts'
import { createGroup, type Group } from '../../shared/store/embedded/group.ts'
import { entryKey } from '../../shared/store/embedded/layout.ts'
import { openEmbedded } from '../../shared/store/embedded/store.ts'
import { sweepOnce } from '../../shared/store/embedded/sweep.ts'
import { openTree, type Tree } from '../../shared/store/embedded/tree.ts'
import type { Change, Key } from '../../shared/store/port.ts'
import { createStamps } from '../../shared/store/stamp.ts'
import { readOne } from './contract/opened.ts'

const GRACE = 60_000
const a = '{t}a' as Key

describe('the sweep of an embedded store', () => {
  let folder: string
  let tree: Tree
  let group: Group
  const stamp = createStamps()
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-sweep-'))
    tree = openTree(folder)
    group = createGroup(tree, folder, silentLog)
  })
  afterEach(async () => {
    await tree.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const commit = (change: Change, now: number) =>
    group.run(() => decideChange(tree, change, stamp(), now))
  /** What lies there, by kind: the first letter of its key. */
  const kinds = () =>
    Array.from(tree.getKeys({}), (key) => Buffer.from(key).toString()[0])
      .join('')
      .replace('p', '')
  const sweepAll = async (now: number): Promise<number> => {
    let steps = 1
    while (await sweepOnce(tree, group, now)) steps++
    return steps
  }

  test('removes an entry after its time and the grace, not before', async () => {
    await commit({ put: [{ key: a, value: '1', expiresAt: 1000 }] }, 0)
    await sweepAll(1000 + GRACE)
    expect(kinds()).toBe('ex')
    await sweepAll(1001 + GRACE)
    expect(kinds()).toBe('')
  })

  test('leaves what was put again with a later time or with none, and no trace of the earlier', async () => {
    const b = '{t}b' as Key
    for (const key of [a, b]) await commit({ put: [{ key, value: '1', expiresAt: 1000 }] }, 0)
    await commit(
      {
        put: [
          { key: a, value: '2', expiresAt: 9000 },
          { key: b, value: '2' },
        ],
      },
      0,
    )
    expect(kinds()).toBe('eex')
    await sweepAll(2000 + GRACE)
    expect(kinds()).toBe('eex')
    await sweepAll(9001 + GRACE)
    expect(kinds()).toBe('e')
  })

  test('finds nothing of what was removed', async () => {
    await commit({ put: [{ key: a, value: '1', expiresAt: 1000 }] }, 0)
    await commit({ remove: [a] }, 0)
    expect(kinds()).toBe('')
  })

  test('removes a dead log with all its items, in steps', async () => {
    const append = Array.from({ length: 450 }, () => ({
      log: a,
      item: 'i',
      keep: 1000,
      ttlMs: 1000,
    }))
    await commit({ append }, 0)
    await sweepAll(1000 + GRACE)
    expect(kinds()).toHaveLength(452)
    for (let steps = 0; steps < 10; steps++) await sweepOnce(tree, group, 1001 + GRACE)
    expect(kinds()).toBe('')
  })

  test('leaves a log that goes on, with one record of its time', async () => {
    const item = { log: a, item: 'i', keep: 1000 }
    for (const now of [0, 500, 900]) await commit({ append: [{ ...item, ttlMs: 1000 }] }, now)
    await sweepAll(1500 + GRACE)
    expect(kinds()).toBe('iiilx')
    await commit({ append: [item] }, 1600)
    await sweepAll(9000 + GRACE)
    expect(kinds()).toBe('iiiil')
  })

  test('removes a counter whose window is over', async () => {
    const count = (now: number) => group.run(() => decideCount(tree, a, 1000, 1, now))
    await count(0)
    expect((await count(1500)).count).toBe(1)
    expect(kinds()).toBe('cx')
    await sweepAll(2500 + GRACE)
    expect(kinds()).toBe('cx')
    await sweepAll(2501 + GRACE)
    expect(kinds()).toBe('')
  })

  test('does much in small steps', async () => {
    const put = Array.from({ length: 950 }, (_, n) => ({
      key: `{t}${n}` as Key,
      value: '',
      expiresAt: n,
    }))
    await commit({ put }, 0)
    expect(await sweepAll(2000 + GRACE)).toBeGreaterThanOrEqual(10)
    expect(kinds()).toBe('')
  })
})

describe('a group of commits', () => {
  test('answers StoreDown within 4 s when the disk hangs, and starts nothing that was given up', async () => {
    // The one thing that cannot be had for real: a disk that hangs.
    const hanging = { childTransaction: () => new Promise(() => {}) } as unknown as Tree
    const group = createGroup(hanging, '/', silentLog)
    const start = Date.now()
    const jobs = [1, 2, 3].map(() => group.run(() => ({ answer: true })))
    for (const result of await Promise.allSettled(jobs))
      expect(result.status === 'rejected' && result.reason instanceof StoreDown).toBe(true)
    expect(Date.now() - start).toBeLessThan(4000)
  })
})

describe('a value that is not ours', () => {
  test('fails the calls that need it, names nothing, and harms no other commit of its group', async () => {
    const path = mkdtempSync(join(tmpdir(), 'latchkey-foreign-'))
    const tree = openTree(path)
    for (const [n, junk] of ['', 'x', '\n', 'a b\nsecret', `${'x'.repeat(16)}.1`].entries())
      await tree.put(entryKey(`{t}junk${n}` as Key), junk)
    await tree.close()
    const store = await openEmbedded({ path })
    try {
      for (let n = 0; n < 5; n++) {
        const key = `{t}junk${n}` as Key
        const failure: unknown = await store.read([key]).catch((error: unknown) => error)
        expect(failure).toBeInstanceOf(StoreDown)
        expect(String(failure)).not.toMatch(/junk|secret/)
        const expecting = store.commit({ expect: [{ key, version: undefined }] })
        const others = [1, 2].map(() => store.commit({ put: [{ key: a, value: '1' }] }))
        await expect(expecting).rejects.toThrow(StoreDown)
        expect(await Promise.all(others)).toEqual([true, true])
        expect(await store.commit({ put: [{ key, value: 'healed', expiresAt: 1 }] })).toBe(true)
        expect((await readOne(store, key))?.value).toBe('healed')
      }
    } finally {
      await store.close()
      rmSync(path, { recursive: true, force: true })
    }
  })
})
