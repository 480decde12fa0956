import { describe, expect, test } from '@jest/globals'
import type { KeyValueOwner } from '../../shared/registry/key-value.ts'
import { LONGEST_KEY_VALUE, MOST_KEYS } from '../../shared/registry/key-value.ts'
import { keys } from '../../shared/store/keys.ts'
import { type Ground, onEachGround } from '../support/lasting.ts'
import { newDevice, newUser } from '../support/people.ts'

const suite = (ground: () => Ground) => {
  const parts = () => ground().parts
  const kv = () => parts().registry.keyValues

  const ofHome = async (): Promise<KeyValueOwner> => {
    const { project, home } = await newUser(parts())
    return { kind: 'home', project, home }
  }

  describe('key-values', () => {
    test.each([1, 'text', true, false, 0, '', [], {}, [null], { a: { b: [1, 'x'] } }])(
      'keep %j as it was',
      async (value) => {
        const owner = await ofHome()
        expect(await kv().set(owner, 'key', value)).toEqual({ rev: 1 })
        expect(await kv().get(owner, 'key')).toMatchObject({ key: 'key', value })
      },
    )

    test.each(['', '-a', 'a-', '_a', 'a_', 'a b', 'a/b', 'ä', 'a'.repeat(129), 'a.b', 'a:b'])(
      'have no key like %j',
      async (key) => {
        const owner = await ofHome()
        expect(await kv().set(owner, key, 1)).toBe('bad-key')
        expect(await kv().get(owner, key)).toBeUndefined()
        expect(await kv().remove(owner, key)).toBe('absent')
      },
    )

    test.each(['a', '7', 'a-b_c', 'A'.repeat(128)])('may have the key %j', async (key) => {
      expect(await kv().set(await ofHome(), key, 1)).toEqual({ rev: 1 })
    })

    test('take no null, nothing too long and not too many', async () => {
      const owner = await ofHome()
      expect(await kv().set(owner, 'a', null)).toBe('bad-value')
      expect(await kv().set(owner, 'a', 'x'.repeat(LONGEST_KEY_VALUE))).toBe('too-much')
      for (let i = 0; i < MOST_KEYS; i += 1)
        expect(await kv().set(owner, `key${i}`, i)).toEqual({ rev: i + 1 })
      expect(await kv().set(owner, 'one-more', 1)).toBe('too-much')
      expect(await kv().set(owner, 'key7', 'again')).toEqual({ rev: MOST_KEYS + 1 })
      await kv().remove(owner, 'key8')
      expect(await kv().set(owner, 'one-more', 1)).toEqual({ rev: MOST_KEYS + 3 })
    })

    test('take a megabyte in all', async () => {
      const owner = await ofHome()
      const value = 'x'.repeat(LONGEST_KEY_VALUE - 2)
      for (let i = 0; i < 64; i += 1)
        expect(await kv().set(owner, `key${i}`, value)).toEqual({ rev: i + 1 })
      expect(await kv().set(owner, 'more', 1)).toBe('too-much')
    })

    test('are listed by the beginning of their keys', async () => {
      const owner = await ofHome()
      for (const key of ['a', 'ab', 'ab-1', 'ab_2', 'abc', 'ac', 'b', 'AB', '0ab'])
        await kv().set(owner, key, key)
      const list = async (prefix: string) =>
        (await kv().list(owner, prefix)).items.map(({ key }) => key)
      expect(await list('ab')).toEqual(['ab', 'ab-1', 'ab_2', 'abc'])
      expect(await list('a')).toEqual(['a', 'ab', 'ab-1', 'ab_2', 'abc', 'ac'])
      expect(await list('0')).toEqual(['0ab'])
      expect(await list('zz')).toEqual([])
      expect(await list('a~')).toEqual([])
      expect(await list('')).toHaveLength(9)
    })

    test('are all listed by the beginning of their keys, however many there are', async () => {
      const owner = await ofHome()
      const wanted = Array.from({ length: 140 }, (_, at) => `many-${100 + at}`)
      for (const key of ['man', ...wanted, 'many.', 'manz']) await kv().set(owner, key, 1)
      const { items } = await kv().list(owner, 'many-')
      expect(items.map(({ key }) => key)).toEqual(wanted)
    })

    test('rise by one revision at each change, also when many change at once', async () => {
      const owner = await ofHome()
      const done = await Promise.all(
        Array.from({ length: 20 }, (_, i) => kv().set(owner, `key${i % 5}`, i)),
      )
      const revs = done.map((one) => (typeof one === 'string' ? one : one.rev))
      expect([...revs].sort((a, b) => Number(a) - Number(b))).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1),
      )
      expect((await kv().list(owner)).rev).toBe(20)
    })

    test('of a device belong to one epoch, and the revision goes on rising', async () => {
      const { registry, engine } = parts()
      const ada = await newUser(parts())
      const { project } = ada
      const { device } = await newDevice(parts(), project, { owner: ada.home })
      const before = { kind: 'device', project, device: device.id, epoch: 1 } as const
      expect(await kv().set(before, 'secret-of-ada', 1)).toEqual({ rev: 1 })
      expect(await kv().set(before, 'both', 1)).toEqual({ rev: 2 })
      const by = { kind: 'maker', user: ada.id } as const
      await engine.releaseDevice({ project, device: device.id, by, via: 'test' })
      expect(await kv().set(before, 'late', 1)).toBe('unknown')
      const after = { ...before, epoch: 2 }
      expect((await kv().list(after)).items).toEqual([])
      expect(await kv().get(after, 'both')).toBeUndefined()
      expect(await kv().remove(after, 'both')).toBe('absent')
      expect(await kv().set(after, 'both', 2)).toEqual({ rev: 3 })
      expect((await kv().list(after)).items).toMatchObject([{ key: 'both', value: 2, rev: 3 }])
      expect((await kv().list(before)).items).toEqual([])
      const index = keys.keyValues(project, device.id)
      expect(await ground().store.list(index, { limit: 10 })).toEqual(['both'])
      expect((await registry.devices.get(project, device.id))?.epoch).toBe(2)
    })

    test('of what is not there cannot be set', async () => {
      const { project, id } = await newUser(parts())
      const nowhere = { kind: 'home', project, home: id as never } as const
      expect(await kv().set(nowhere, 'a', 1)).toBe('unknown')
    })
  })
}

onEachGround(suite)
