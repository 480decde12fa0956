import { expect, test } from '@jest/globals'
import { StoreDown, StoreUnfit } from '../../shared/errors.ts'
import { openRedis } from '../../shared/store/redis/store.ts'
import { readReplicas } from '../../shared/store/replicas.ts'
import { describeWithRedis, freePort, type RedisServer } from '../support/redis-server.ts'
import { appendAll, eventually, freshKeys, putOne, readOne } from './contract/opened.ts'
import { storeContract } from './contract.ts'
import { startReplicated } from './redis-replicated.ts'
import { createRoom } from './redis-room.ts'

const ONE = { count: 1, withinMs: 500 }
const AT_ONCE = 500

describeWithRedis('a redis store that waits for replicas', () => {
  const { redis, open, plain, ending } = createRoom()
  const replicated = (replicas: number) => ending(startReplicated(replicas))

  storeContract('the redis store that waits for one replica', async () => {
    const { master, stop } = await startReplicated(1)
    const store = await openRedis({ url: master.url, replicas: { count: 1, withinMs: 1000 } })
    return {
      store,
      dispose: async () => {
        await store.close()
        await stop()
      },
    }
  })

  test('answers a commit when the replica has it, so that the master may be lost then', async () => {
    const { master, replicas } = await replicated(1)
    const store = await open({ url: master.url, replicas: { count: 1, withinMs: 1000 } })
    const key = freshKeys()
    const names = Array.from({ length: 200 }, (_, n) => key(`k${n}`))
    for (const name of names) expect(await putOne(store, name, name)).toBe(true)
    await master.kill()
    const [replica] = replicas
    const promoted = plain(replica as RedisServer)
    await promoted.replicaof('NO', 'ONE')
    const after = await open({ url: (replica as RedisServer).url })
    expect((await after.read(names)).map((entry) => entry?.value)).toEqual(names)
  })

  test('without waiting, what only the master has is lost with it, though it was answered', async () => {
    const { master, replicas } = await replicated(1)
    const replica = plain(replicas[0] as RedisServer)
    const key = freshKeys()
    const [before, after] = [key('before'), key('after')]
    const waiting = await open({ url: master.url, replicas: ONE })
    expect(await putOne(waiting, before, '1')).toBe(true)
    await replica.replicaof('127.0.0.1', await freePort())
    const store = await open({ url: master.url })
    expect(await putOne(store, after, '1')).toBe(true)
    await expect(putOne(waiting, after, '2')).rejects.toThrow(StoreDown)
    await master.kill()
    await replica.replicaof('NO', 'ONE')
    const promoted = await open({ url: (replicas[0] as RedisServer).url })
    expect((await promoted.read([before, after])).map((entry) => entry?.value)).toEqual([
      '1',
      undefined,
    ])
  })

  test('is down for commits and reads while too few replicas have it, and works when they are back', async () => {
    const { master, replicas } = await replicated(2)
    const both = await open({ url: master.url, replicas: { count: 2, withinMs: 500 } })
    const one = await open({ url: master.url, replicas: ONE })
    const a = freshKeys()('a')
    expect(await putOne(both, a, '1')).toBe(true)
    process.kill((replicas[0] as RedisServer).pid, 'SIGSTOP')
    await expect(putOne(both, a, '2')).rejects.toThrow('1 of 2 replicas')
    await expect(readOne(both, a)).rejects.toThrow(StoreDown)
    await expect(both.ping()).rejects.toThrow(StoreDown)
    expect(await putOne(one, a, '3')).toBe(true)
    process.kill((replicas[0] as RedisServer).pid, 'SIGCONT')
    const seen = await eventually(
      () => readOne(both, a).catch(() => undefined),
      (entry) => entry !== undefined,
    )
    expect(seen?.value).toBe('3')
  })

  test('does not tell what only the master knows, and tells it as soon as a replica does', async () => {
    const { master, replicas } = await replicated(1)
    const store = await open({ url: master.url, replicas: ONE })
    const other = await open({ url: master.url, replicas: ONE })
    const key = freshKeys()
    const [a, log] = [key('a'), key('log')]
    process.kill((replicas[0] as RedisServer).pid, 'SIGSTOP')
    await expect(putOne(store, a, 'perhaps')).rejects.toThrow(StoreDown)
    await expect(appendAll(store, log, ['perhaps'])).rejects.toThrow(StoreDown)
    await expect(readOne(other, a)).rejects.toThrow(StoreDown)
    await expect(other.tail(log, undefined, 9)).rejects.toThrow(StoreDown)
    await expect(other.commit({ expect: [{ key: a, version: undefined }] })).rejects.toThrow(
      StoreDown,
    )
    process.kill((replicas[0] as RedisServer).pid, 'SIGCONT')
    const seen = await eventually(
      () => readOne(other, a).catch(() => undefined),
      (entry) => entry !== undefined,
    )
    expect(seen?.value).toBe('perhaps')
    expect((await other.tail(log, undefined, 9)).map(({ item }) => item)).toEqual(['perhaps'])
  })

  test('a master whose replicas have left it for another answers nothing more', async () => {
    const { master, replicas } = await replicated(1)
    const store = await open({ url: master.url, replicas: ONE })
    const a = freshKeys()('a')
    await putOne(store, a, '1')
    const [replica] = replicas
    await plain(replica as RedisServer).replicaof('NO', 'ONE')
    await expect(readOne(store, a)).rejects.toThrow(StoreDown)
    await expect(putOne(store, a, '2')).rejects.toThrow(StoreDown)
  })

  test('one WAIT serves many, and what comes meanwhile shares the next', async () => {
    const { master } = await replicated(1)
    const store = await open({ url: master.url, replicas: { count: 1, withinMs: 1000 } })
    const key = freshKeys()
    const admin = plain(master)
    await admin.config('RESETSTAT')
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, n) => putOne(store, key(`k${n}`), 'x')),
    )
    expect(answers.every(Boolean)).toBe(true)
    const stats = await admin.info('commandstats')
    const calls = (command: string) =>
      Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
    expect(calls('evalsha')).toBeGreaterThanOrEqual(AT_ONCE)
    expect(calls('wait')).toBeGreaterThan(0)
    expect(calls('wait')).toBeLessThan(AT_ONCE / 10)
  })

  test('works where memory is full as far as it did before: reads go on', async () => {
    const { master } = await replicated(1)
    const store = await open({ url: master.url, replicas: { count: 1, withinMs: 1000 } })
    const a = freshKeys()('a')
    await putOne(store, a, '1')
    await plain(master).config('SET', 'maxmemory', '1')
    expect((await readOne(store, a))?.value).toBe('1')
    await expect(putOne(store, a, '2')).rejects.toThrow('OOM')
  })

  test('marks go to replicas, not into the AOF, and pass by themselves', async () => {
    const { master, replicas } = await replicated(1)
    const store = await open({ url: master.url, replicas: { count: 1, withinMs: 1000 } })
    const a = freshKeys()('a')
    await readOne(store, a)
    const mark = `latchkey:e:${a.slice(0, a.indexOf('}') + 1)}~mark`
    expect(await plain(master).pttl(mark)).toBeGreaterThan(0)
    expect(await plain(replicas[0] as RedisServer).exists(mark)).toBe(1)
    await store.close()
    await master.restart()
    expect(await plain(master).exists(mark)).toBe(0)
  })

  test('a user who may not WAIT is refused at start', async () => {
    const server = await redis()
    await plain(server).call('ACL', 'SETUSER', 'u', 'on', '>pw', '~*', '&*', '+@all', '-wait')
    const url = `redis://u:pw@127.0.0.1:${server.port}`
    await expect(openRedis({ url, replicas: ONE })).rejects.toThrow(StoreUnfit)
    await (await openRedis({ url })).close()
  })
})

test.each([
  [{}, undefined, 0],
  [{ count: '0', withinMs: '5' }, undefined, 0],
  [{ count: '2' }, { count: 2, withinMs: 1000 }, 0],
  [{ count: '1', withinMs: '1500' }, { count: 1, withinMs: 1500 }, 0],
  [{ count: '11' }, expect.anything(), 1],
  [{ count: '-1' }, undefined, 1],
  [{ count: 'all', withinMs: '0' }, undefined, 2],
  [{ count: '1', withinMs: '1501' }, expect.anything(), 1],
])('the setting %j', (given, read, wrong) => {
  const faults: string[] = []
  const replicas = readReplicas({ count: undefined, withinMs: undefined, ...given }, faults)
  if (wrong === 0) expect(replicas).toEqual(read)
  expect(faults).toHaveLength(wrong)
})
