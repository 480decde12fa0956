import { afterEach } from '@jest/globals'
import { Redis } from 'ioredis'
import type { Store } from '../../shared/store/port.ts'
import { openRedis, type RedisOptions } from '../../shared/store/redis/store.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

/** Makes servers, stores and connections that end after each test. Call it inside a `describe`. */
export const createRoom = () => {
  const ends: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  return {
    async redis(...args: string[]): Promise<RedisServer> {
      const server = await startRedis({ args })
      ends.push(() => server.stop())
      return server
    },
    async open(options: RedisOptions): Promise<Store> {
      const store = await openRedis(options)
      ends.push(() => store.close())
      return store
    },
    /** What was started some other way. */
    async ending<T extends { stop(): Promise<void> }>(started: Promise<T>): Promise<T> {
      const it = await started
      ends.push(() => it.stop())
      return it
    },
    /** A plain connection, to do what an operator or a stranger does. */
    plain(server: RedisServer): Redis {
      const client = new Redis({ host: '127.0.0.1', port: server.port, protocol: 2 })
      ends.push(async () => client.disconnect())
      return client
    },
  }
}
