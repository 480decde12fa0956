import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { silentLog } from '../../shared/log.ts'
import type { Kept, Reader, Writer } from '../../shared/store/archive.ts'
import { openReader, openWriter } from '../../shared/store/archive.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Key, Store } from '../../shared/store/port.ts'
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts'

const log = silentLog
const HOUR_MS = 3_600_000

/** A place for one store, and how it is thrown away. */
type Room = { readonly url: string; readonly dispose: () => Promise<void> }

const embedded = async (): Promise<Room> => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-archive-'))
  return {
    url: `embedded:${folder}`,
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  }
}
const redis = async (): Promise<Room> => {
  const server: RedisServer = await startRedis()
  return { url: server.url, dispose: () => server.stop() }
}
const KINDS = new Map([
  ['embedded', embedded],
  ...(redisAvailable() ? [['redis', redis] as const] : []),
])

const key = (text: string) => `{${text.slice(0, 3)}}${text}` as Key

/** Something of every kind: with and without an end, long, empty, odd, many. */
const fill = async (store: Store, until: number) => {
  const odd = ['', '\n', 'é \u{1f511}', '{"a":1}', 'x'.repeat(70_000)]
  await store.commit({
    put: [
      ...odd.map((value, n) => ({ key: key(`odd:${n}`), value })),
      { key: key('mortal'), value: 'm', expiresAt: until },
    ],
    add: odd.slice(0, 4).map((member) => ({ index: key('index'), member: `:${member}` })),
  })
  for (let n = 0; n < 12; n++)
    await store.commit({
      put: Array.from({ length: 100 }, (_, m) => ({ key: key(`many:${n}:${m}`), value: `${m}` })),
      add: Array.from({ length: 100 }, (_, m) => ({ index: key('large'), member: `${n}:${m}` })),
      append: Array.from({ length: 100 }, (_, m) => ({
        log: key('long'),
        item: `${n}:${m}`,
        keep: 5000,
      })),
    })
  await store.commit({
    append: [{ log: key('short'), item: 'one', keep: 5, ttlMs: until - Date.now() }],
  })
}

const allOf = async (reader: Reader): Promise<Kept[]> => {
  const all: Kept[] = []
  for await (const piece of reader.all()) all.push(...piece)
  return all
}

/** All that a store has, in one order. Ends of logs are set by the clock of the server. */
const contentOf = async (url: string): Promise<string[]> => {
  const reader = await openReader({ url, log })
  const lines = (await allOf(reader)).map((one) =>
    JSON.stringify(one.kind === 'log' ? { ...one, expiresAt: one.expiresAt !== undefined } : one),
  )
  await reader.close()
  return [...new Set(lines)].sort()
}

const moved = async (from: string, to: string, times = 1): Promise<void> => {
  const [reader, writer]: [Reader, Writer] = [
    await openReader({ url: from, log }),
    await openWriter({ url: to, log }),
  ]
  for (let n = 0; n < times; n++) for await (const piece of reader.all()) await writer.write(piece)
  await Promise.all([reader.close(), writer.close()])
}

const pairs = [...KINDS.keys()].flatMap((from) =>
  [...KINDS.keys()].map((to) => [from, to] as const),
)

describe.each(pairs)('from %s to %s', (from, to) => {
  const until = Date.now() + HOUR_MS
  let rooms: [Room, Room]

  beforeAll(async () => {
    const [one, other] = [KINDS.get(from), KINDS.get(to)]
    if (one === undefined || other === undefined) throw new Error('no such kind')
    rooms = [await one(), await other()]
    const store = await openStore({ url: rooms[0].url, log })
    await fill(store, until)
    await store.close()
  })
  afterAll(async () => {
    for (const { dispose } of rooms) await dispose()
  })

  test('everything is there as it was, with its ends and at its places', async () => {
    const [source, target] = rooms
    await moved(source.url, target.url)
    const before = await contentOf(source.url)
    expect(before.length).toBeGreaterThan(3600)
    expect(await contentOf(target.url)).toEqual(before)
    const mortal = before.map((line) => JSON.parse(line)).find((one) => one.key === key('mortal'))
    expect(mortal).toEqual({ kind: 'entry', key: key('mortal'), value: 'm', expiresAt: until })
  })

  test('a second time changes nothing', async () => {
    const [source, target] = rooms
    const before = await contentOf(target.url)
    await moved(source.url, target.url, 2)
    expect(await contentOf(target.url)).toEqual(before)
  })

  test('the new store goes on: logs after the last place, records by their new versions', async () => {
    const [, { url }] = rooms
    const store = await openStore({ url, log })
    const [last] = await store.last(key('long'), 1)
    await store.commit({ append: [{ log: key('long'), item: 'next', keep: 5000 }] })
    const after = await store.tail(key('long'), last?.place, 9)
    expect(after.map(({ item }) => item)).toEqual(['next'])
    const [entry] = await store.read([key('odd:3')])
    expect(entry?.value).toBe('{"a":1}')
    const put = [{ key: key('odd:3'), value: 'new' }]
    const expect_ = (version: string | undefined) => [{ key: key('odd:3'), version }]
    expect(await store.commit({ expect: expect_('another'), put })).toBe(false)
    expect(await store.commit({ expect: expect_(entry?.version), put })).toBe(true)
    expect(await store.list(key('index'), { limit: 9 })).toEqual([
      ':',
      ':\n',
      ':{"a":1}',
      ':é \u{1f511}',
    ])
    await store.close()
  })
})

describe.each([...KINDS.keys()])('%s is read while it is worked on', (kind) => {
  test('what was committed before is there, and commits go on', async () => {
    const room = await KINDS.get(kind)?.()
    if (room === undefined) throw new Error('no such kind')
    const store = await openStore({ url: room.url, log })
    await fill(store, Date.now() + HOUR_MS)
    const reader = await openReader({ url: room.url, log })
    let writing = true
    const busy = (async () => {
      while (writing) await store.commit({ put: [{ key: key(randomUUID()), value: '1' }] })
    })()
    const all = await allOf(reader)
    writing = false
    await Promise.all([busy, reader.close()])
    const entries = new Set(all.flatMap((one) => (one.kind === 'entry' ? [one.key] : [])))
    for (let n = 0; n < 12; n++)
      for (let m = 0; m < 100; m++) expect(entries.has(key(`many:${n}:${m}`))).toBe(true)
    await store.close()
    await room.dispose()
  })

  test('a snapshot has all of a commit or nothing', async () => {
    const room = await KINDS.get(kind)?.()
    if (room === undefined) throw new Error('no such kind')
    const store = await openStore({ url: room.url, log })
    await fill(store, Date.now() + HOUR_MS)
    let writing = true
    const busy = (async () => {
      for (let n = 0; writing; n++) {
        const put = ['a', 'b', 'y', 'z'].map((name) => ({
          key: `{p}${name}` as Key,
          value: `${n}`,
        }))
        await store.commit({ put }).catch(() => undefined)
      }
    })()
    const reader = await openReader({ url: room.url, log, hold: true })
    expect(reader.isSnapshot).toBe(true)
    const all = await allOf(reader)
    await reader.close()
    writing = false
    await busy
    const seen = all.flatMap((one) =>
      one.kind === 'entry' && one.key.startsWith('{p}') ? [one.value] : [],
    )
    expect([0, 4]).toContain(seen.length)
    expect(new Set(seen).size).toBeLessThanOrEqual(1)
    // The hold is over.
    expect(await store.commit({ put: [{ key: key('after'), value: '1' }] })).toBe(true)
    await store.close()
    await room.dispose()
  })
})
