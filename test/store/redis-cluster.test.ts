import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import type { Key } from '../../shared/store/port.ts'
import { slotOf } from '../../shared/store/redis/slot.ts'
import { openRedis } from '../../shared/store/redis/store.ts'
import { describeWithRedis, type RedisServer } from '../support/redis-server.ts'
import { eventually, freshKeys, putOne } from './contract/opened.ts'
import { storeContract } from './contract.ts'
import { type RedisCluster, startCluster } from './redis-cluster.ts'

describeWithRedis('redis cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(() => cluster.stop())

  storeContract('the redis store on a cluster', async () => {
    const options = { url: cluster.url, prefix: `test-${randomUUID()}:` }
    let store = await openRedis(options)
    return {
      store,
      reopen: async () => {
        await store.close()
        store = await openRedis(options)
        return store
      },
      dispose: () => store.close(),
    }
  })

  test('the slot of a key is the one that the server says', async () => {
    const { port } = cluster.nodes[0] as (typeof cluster.nodes)[0]
    const client = new Redis({ host: '127.0.0.1', port, protocol: 2 })
    try {
      const names = ['', 'foo', '{a}b', 'latchkey:e:{a b}c', '{}x', 'a{', '{{a}}b', '{ü🔑}', '}{']
      for (const name of [...names, ...Array.from({ length: 100 }, () => randomUUID())])
        expect([name, slotOf(name)]).toEqual([name, await client.call('CLUSTER', 'KEYSLOT', name)])
    } finally {
      client.disconnect()
    }
  })

  test('a node of a cluster is refused as a Redis of its own', async () => {
    const url = `redis://127.0.0.1:${cluster.nodes[0]?.port}`
    await expect(openRedis({ url })).rejects.toThrow('redis+cluster://')
  })

  test('a cluster whose node is killed and comes back works again', async () => {
    const store = await openRedis({ url: cluster.url })
    try {
      const tags = Array.from({ length: 30 }, () => freshKeys()('a'))
      for (const key of tags) await putOne(store, key, '1')
      await cluster.nodes[1]?.kill()
      await cluster.nodes[1]?.restart()
      const all = await eventually(
        async () => {
          const written = await Promise.allSettled(tags.map((key) => putOne(store, key, '2')))
          return written.every(({ status }) => status === 'fulfilled')
        },
        (ok) => ok,
        10_000,
      )
      expect(all).toBe(true)
    } finally {
      await store.close()
    }
  })
})

describeWithRedis('redis cluster with replicas that are waited for', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startCluster({ replicas: true })
  }, 60_000)
  afterAll(() => cluster.stop())
  const replicas = { count: 1, withinMs: 1000 }

  storeContract('the redis store on such a cluster', async () => {
    const store = await openRedis({ url: cluster.url, prefix: `test-${randomUUID()}:`, replicas })
    return { store, dispose: () => store.close() }
  })

  test('what lies on a master whose replica stands still is not answered, the rest is', async () => {
    const store = await openRedis({ url: cluster.url, replicas })
    const still = cluster.replicas[1] as RedisServer
    const keys = Array.from({ length: 30 }, () => freshKeys()('a'))
    const third = Math.ceil(16_383 / 3)
    const [its, others] = [[], []] as [Key[], Key[]]
    for (const key of keys) {
      const isIts = Math.floor(slotOf(key) / third) === 1
      ;(isIts ? its : others).push(key)
    }
    try {
      for (const key of keys) expect(await putOne(store, key, '1')).toBe(true)
      process.kill(still.pid, 'SIGSTOP')
      const answers = await Promise.allSettled(keys.map((key) => putOne(store, key, '2')))
      const isDown = (key: Key) => answers[keys.indexOf(key)]?.status === 'rejected'
      expect(its.length).toBeGreaterThan(0)
      expect([its.every(isDown), others.some(isDown)]).toEqual([true, false])
    } finally {
      process.kill(still.pid, 'SIGCONT')
      await store.close()
    }
  })

  test('what was answered is there after a master is lost and its replica has taken over', async () => {
    const store = await openRedis({ url: cluster.url, replicas })
    const keys = Array.from({ length: 30 }, () => freshKeys()('a'))
    for (const key of keys) expect(await putOne(store, key, 'kept')).toBe(true)
    await store.close()
    await cluster.nodes[0]?.kill()
    // The new master has no replica, so only a store that waits for none is answered by it.
    const [, second, third] = cluster.nodes as readonly RedisServer[]
    const url = `redis+cluster://127.0.0.1:${second?.port},127.0.0.1:${third?.port}`
    const readAll = async (): Promise<readonly (string | undefined)[]> => {
      const after = await openRedis({ url })
      try {
        const read = await Promise.all(keys.map((key) => after.read([key])))
        return read.map(([entry]) => entry?.value)
      } finally {
        await after.close()
      }
    }
    const values = await eventually(
      () => readAll().catch(() => []),
      ({ length }) => length > 0,
      30_000,
    )
    expect(values).toEqual(keys.map(() => 'kept'))
  }, 60_000)
})
