import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { StoreUnfit } from '../../shared/errors.ts'
import type { Migration } from '../../shared/schema/migrations.ts'
import { MIGRATIONS, SCHEMA } from '../../shared/schema/migrations.ts'
import { prepareStore, type Schema, schemaOf } from '../../shared/schema/prepare.ts'
import { keys } from '../../shared/store/keys.ts'
import type { Key } from '../../shared/store/port.ts'
import { put } from '../../shared/store/transact.ts'
import { onEachGround } from '../support/lasting.ts'

const thing = (n: number) => `{things}${n}` as Key
const THINGS = 10

test('the table leads to the version of this program, one after the other', () => {
  expect(MIGRATIONS.map(({ to }) => to)).toEqual(MIGRATIONS.map((_, place) => place + 2))
  expect(MIGRATIONS.at(-1)?.to ?? 1).toBe(SCHEMA)
})

onEachGround((ground) => {
  const store = () => ground().store
  const prepare = (migrations: readonly Migration[], now = Date.now) =>
    prepareStore({ store: store(), migrations, now, newId: () => randomUUID() })
  const values = async () =>
    (await store().read(Array.from({ length: THINGS }, (_, n) => thing(n)))).map(
      (entry) => entry?.value,
    )

  beforeEach(async () => {
    await store().commit({
      remove: [keys.schema()],
      put: Array.from({ length: THINGS }, (_, n) => ({ key: thing(n), value: 'old' })),
    })
  })

  /** Writes one thing anew in each piece. `fails`: at that piece, once. */
  const rename = (to: number, word: string, fails = -1): Migration & { pieces: string[] } => {
    const pieces: string[] = []
    let left = 1
    return {
      ...{ to, name: word, pieces },
      piece: async (at, cursor = '0') => {
        const n = Number(cursor)
        if (n === fails && left-- > 0) throw new Error('the power went off')
        pieces.push(cursor)
        await at.commit({ put: [{ key: thing(n), value: word }] })
        return n + 1 < THINGS ? String(n + 1) : undefined
      },
    }
  }

  test('a store without a word is of version 1, and says so from then on', async () => {
    await prepare([])
    const [entry] = await store().read([keys.schema()])
    expect(JSON.parse(entry?.value ?? '')).toEqual({ version: 1 })
  })

  test('all that is missing is done, in order, and not again', async () => {
    const [two, three] = [rename(2, 'second'), rename(3, 'third')]
    await prepare([two, three])
    expect(await schemaOf(store())).toEqual({ version: 3 })
    expect(await values()).toEqual(Array(THINGS).fill('third'))
    await prepare([two, three])
    expect([two.pieces.length, three.pieces.length]).toEqual([THINGS, THINGS])
  })

  test('what was cut off goes on where it stopped', async () => {
    const two = rename(2, 'second', 4)
    await expect(prepare([two])).rejects.toThrow('the power went off')
    expect(await schemaOf(store())).toMatchObject({ version: 1, under: { to: 2, cursor: '4' } })
    // The node is gone: its lease has to be over first.
    const later = Date.now() + 31_000
    await prepare([two], () => later)
    expect(two.pieces).toEqual(Array.from({ length: THINGS }, (_, n) => String(n)))
    expect(await values()).toEqual(Array(THINGS).fill('second'))
  })

  test('of many nodes that start at once one does the work, and all wait for it', async () => {
    const two = rename(2, 'second')
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        await prepare([two])
        expect(await values()).toEqual(Array(THINGS).fill('second'))
      }),
    )
    expect(two.pieces).toHaveLength(THINGS)
  })

  describe('is refused', () => {
    const refusal = async (schema: Schema) => {
      await store().commit({ put: [put(keys.schema(), schema)] })
      const thrown: unknown = await prepare([rename(2, 'second')]).catch((cause: unknown) => cause)
      expect(thrown).toBeInstanceOf(StoreUnfit)
      return (thrown as StoreUnfit).faults
    }

    test('what a newer program has written', async () => {
      expect(await refusal({ version: 3 })).toEqual([
        'the store was written by a newer program (version 3 of its records; this one knows 2)',
      ])
    })

    test('what a file is still being moved into', async () => {
      expect(await refusal({ version: 1, filledBy: 'x' })).toEqual([
        expect.stringContaining('latchkey import'),
      ])
    })
  })
})
