import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { StoreDown } from '../../shared/errors.ts'
import type { Key, Store } from '../../shared/store/port.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { appendAll, eventually, freshKeys, putOne, readOne } from './contract/opened.ts'
import { createRoom } from './redis-room.ts'

const OUTAGE_MS = 4_000
const BACK_MS = 10_000

describeWithRedis('a redis store in trouble', () => {
  const { redis, open, plain } = createRoom()
  const works = (store: Store) =>
    eventually(
      () =>
        store.ping().then(
          () => true,
          () => false,
        ),
      (ok) => ok,
      BACK_MS,
    )
  /** All reject with `StoreDown`, all within the outage bound. */
  const allDown = async (calls: readonly Promise<unknown>[]): Promise<void> => {
    const start = Date.now()
    const settled = await Promise.allSettled(calls)
    expect(Date.now() - start).toBeLessThan(OUTAGE_MS)
    for (const result of settled)
      expect(result.status === 'rejected' && result.reason instanceof StoreDown).toBe(true)
  }
  const everyCall = (store: Store, key: Key) => [
    store.read([key]),
    store.read([key, key]),
    store.commit({ put: [{ key, value: 'x' }] }),
    store.list(key, { limit: 1 }),
    store.tail(key, undefined, 1),
    store.last(key, 1),
    store.count(key, 1000, 1),
    store.announce('channel', 'x'),
    store.watch(randomUUID(), () => {}),
    store.ping(),
  ]

  test('while Redis is stopped every call is StoreDown within 4 s, and all works again when it goes on', async () => {
    const server = await redis()
    const store = await open({ url: server.url })
    const a = freshKeys()('a')
    await putOne(store, a, '1')
    process.kill(server.pid, 'SIGSTOP')
    const first = everyCall(store, a)
    // Those in the next turns of the loop would wait behind the first.
    await new Promise((done) => setTimeout(done, 50))
    const later = Array.from({ length: 200 }, () => everyCall(store, a)).flat()
    await allDown([...first, ...later])
    await allDown(everyCall(store, a))
    process.kill(server.pid, 'SIGCONT')
    expect(await works(store)).toBe(true)
    expect(await putOne(store, a, '2')).toBe(true)
    expect((await readOne(store, a))?.value).toBe('2')
  })

  test('a Redis that is killed and comes back has all that was acknowledged, and the same store works again', async () => {
    const server = await redis()
    const store = await open({ url: server.url })
    const key = freshKeys()
    const heard: string[] = []
    await store.watch(key('channel'), (message) => void heard.push(message))
    const names = Array.from({ length: 50 }, (_, n) => key(`k${n}`))
    for (const name of names) await putOne(store, name, name)
    await appendAll(store, key('log'), ['1', '2'])
    await server.kill()
    await allDown(everyCall(store, key('k0')))
    await server.restart()
    expect(await works(store)).toBe(true)
    expect((await store.read(names)).map((entry) => entry?.value)).toEqual(names)
    expect((await store.tail(key('log'), undefined, 9)).map(({ item }) => item)).toEqual(['1', '2'])
    await eventually(
      () =>
        store.announce(key('channel'), 'again').then(
          () => heard.length,
          () => 0,
        ),
      (length) => length > 0,
      BACK_MS,
    )
    expect(heard[0]).toBe('again')
  })

  test('forgotten scripts are sent again', async () => {
    const server = await redis()
    const store = await open({ url: server.url })
    const admin = plain(server)
    const key = freshKeys()
    for (let round = 0; round < 3; round++) {
      await admin.script('FLUSH')
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => putOne(store, key(`${round}:${n}`), 'x')),
      )
      expect(answers.every(Boolean)).toBe(true)
      await admin.script('FLUSH')
      expect((await store.count(key('budget'), 60_000, 1)).count).toBe(round + 1)
    }
  })

  test('junk under a key harms only what needs that key, and no change is half applied', async () => {
    const server = await redis()
    const store = await open({ url: server.url, prefix: 'p:' })
    const admin = plain(server)
    const key = freshKeys()
    await admin.lpush(`p:e:${key('list')}`, 'junk')
    await admin.set(`p:e:${key('text')}`, 'junk')
    await admin.set(`p:i:${key('index')}`, 'junk')
    await admin.set(`p:l:${key('log')}`, 'junk')
    await admin.set(`p:c:${key('budget')}`, 'junk')
    const put = [{ key: key('good'), value: '1' }]
    const index = key('index')
    const touching = [
      { put, expect: [{ key: key('list'), version: undefined }] },
      { put, add: [{ index, member: 'm' }] },
      { put, drop: [{ index, member: 'm' }] },
      { put, append: [{ log: key('log'), item: 'i', keep: 1 }] },
    ]
    for (const change of touching) await expect(store.commit(change)).rejects.toThrow(StoreDown)
    expect(await store.commit({ put, expect: [{ key: key('text'), version: undefined }] })).toBe(
      false,
    )
    await expect(store.read([key('list')])).rejects.toThrow(StoreDown)
    await expect(store.read([key('text'), key('good')])).rejects.toThrow(StoreDown)
    await expect(store.list(index, { limit: 1 })).rejects.toThrow(StoreDown)
    await expect(store.tail(key('log'), undefined, 1)).rejects.toThrow(StoreDown)
    await expect(store.count(key('budget'), 1000, 1)).rejects.toThrow(StoreDown)
    await expect(store.count(key('budget'), 1000, 0)).rejects.toThrow(StoreDown)
    expect(await readOne(store, key('good'))).toBeUndefined()
    expect(await putOne(store, key('good'), '1')).toBe(true)
    expect(await putOne(store, key('list'), 'healed')).toBe(true)
    expect((await readOne(store, key('list')))?.value).toBe('healed')
  })

  test('an error names no key and no value', async () => {
    const server = await redis()
    const store = await open({ url: server.url })
    const key = freshKeys()('very-secret-key')
    await plain(server).lpush(`latchkey:e:${key}`, 'junk')
    const change = {
      expect: [{ key, version: undefined }],
      put: [{ key, value: 'very-secret-value' }],
    }
    const error = await store.commit(change).catch((caught: unknown) => caught)
    const { inspect } = await import('node:util')
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('very-secret')
  })

  test('a full Redis refuses commits whole, and takes them again when there is room', async () => {
    const server = await redis()
    const store = await open({ url: server.url })
    const admin = plain(server)
    const key = freshKeys()
    await putOne(store, key('old'), '1')
    await putOne(store, key('right'), '1')
    await admin.config('SET', 'maxmemory', '1')
    const change = { put: [{ key: key('new'), value: '1' }], remove: [key('old')] }
    await expect(store.commit(change)).rejects.toThrow(StoreDown)
    await expect(store.ping()).rejects.toThrow(StoreDown)
    await expect(store.count(key('budget'), 1000, 1)).rejects.toThrow(StoreDown)
    expect((await readOne(store, key('old')))?.value).toBe('1')
    // What takes rights away needs no room of its own.
    const log = key('log')
    const gone = {
      put: [{ key: key('right'), value: 'of nobody' }],
      append: [{ log, item: 'gone', keep: 10 }],
    }
    await expect(store.commit(gone)).rejects.toThrow(StoreDown)
    expect(await store.commit({ ...gone, whenFull: true })).toBe(true)
    expect((await readOne(store, key('right')))?.value).toBe('of nobody')
    expect((await store.last(log, 2)).map(({ item }) => item)).toEqual(['gone'])
    await admin.config('SET', 'maxmemory', '0')
    expect(await store.commit(change)).toBe(true)
    expect(await readOne(store, key('old'))).toBeUndefined()
  })

  test('a Redis that became a replica refuses, and works again when it is master', async () => {
    const server = await redis()
    const other = await redis()
    const store = await open({ url: server.url })
    const admin = plain(server)
    const a = freshKeys()('a')
    await admin.replicaof('127.0.0.1', other.port)
    await expect(putOne(store, a, '1')).rejects.toThrow(StoreDown)
    await admin.replicaof('NO', 'ONE')
    expect(await works(store)).toBe(true)
    expect(await putOne(store, a, '1')).toBe(true)
  })

  test('a connection that is cut is made again, and watching goes on', async () => {
    const server = await redis()
    const store = await open({ url: server.url })
    const heard: string[] = []
    await store.watch('channel', (message) => void heard.push(message))
    const admin = plain(server)
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    expect(await works(store)).toBe(true)
    await eventually(
      () =>
        store.announce('channel', 'again').then(
          () => heard.length,
          () => 0,
        ),
      (length) => length > 0,
      BACK_MS,
    )
    expect(heard[0]).toBe('again')
  })
  test('who begins to watch while the connection for that is cut waits until it is there again', async () => {
    const server = await redis()
    const store = await open({ url: server.url })
    const admin = plain(server)
    await store.watch('first', () => {})
    const heard = new Set<string>()
    for (let i = 0; i < 20; i++) {
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await store.watch(`channel ${i}`, (message) => void heard.add(message))
    }
    await eventually(
      async () => {
        for (let i = 0; i < 20; i++)
          await store.announce(`channel ${i}`, `${i}`).catch(() => undefined)
        return heard.size
      },
      (size) => size === 20,
      BACK_MS,
    )
    expect(heard.size).toBe(20)
  })
})
