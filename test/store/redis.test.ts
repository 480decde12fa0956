import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from '@jest/globals'
import { openRedis } from '../../shared/store/redis/store.ts'
import { anyRedis, describeWithAnyRedis } from '../support/redis-server.ts'
import { storeContract } from './contract.ts'

describeWithAnyRedis('redis', () => {
  let server: Awaited<ReturnType<typeof anyRedis>>
  beforeAll(async () => {
    server = await anyRedis()
  })
  afterAll(() => server.stop())

  storeContract('the redis store', async () => {
    const options = { url: server.url, prefix: `test-${randomUUID()}:`, allowUnsafe: true }
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
})
