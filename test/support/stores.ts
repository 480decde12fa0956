import { afterAll, beforeAll, describe } from '@jest/globals'
import { describeWithRedis, type RedisServer, startRedis } from './redis-server.ts'
import { startServer, type TestServer } from './server.ts'

/** Runs a suite against a whole server on the embedded store, and again on a real Redis. `ready` gets each server. */
export const onEachStore = (
  ready: (server: TestServer) => Promise<void>,
  suite: () => void,
  settings: Readonly<Record<string, string>> = {},
): void => {
  describe('on the embedded store', () => {
    let server: TestServer
    beforeAll(async () => {
      server = await startServer(settings)
      await ready(server)
    })
    afterAll(() => server.close())
    suite()
  })
  describeWithRedis('on Redis', () => {
    let redis: RedisServer
    let server: TestServer
    beforeAll(async () => {
      redis = await startRedis()
      server = await startServer({ ...settings, LATCHKEY_STORE: redis.url })
      await ready(server)
    })
    afterAll(async () => {
      await server.close()
      await redis.stop()
    })
    suite()
  })
}
