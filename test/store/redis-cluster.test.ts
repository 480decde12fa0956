import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openRedis } from '../../shared/store/redis/store.ts'
import { describeWithRedis } from '../support/redis-server.ts'
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
