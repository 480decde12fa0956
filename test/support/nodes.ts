import { join } from 'node:path'
import { type RedisServer, startRedis } from './redis-server.ts'
import { startServer, type TestServer } from './server.ts'

/** Two whole Latchkeys on one Redis, with one key file. */
export type TwoNodes = {
  readonly redis: RedisServer
  readonly nodes: readonly [TestServer, TestServer]
  readonly close: () => Promise<void>
}

/** Starts a Redis of our own and two nodes on it. */
export const startTwoNodes = async (
  settings: Readonly<Record<string, string>> = {},
): Promise<TwoNodes> => {
  const redis = await startRedis()
  const first = await startServer({ ...settings, LATCHKEY_STORE: redis.url })
  const second = await startServer({
    ...settings,
    LATCHKEY_STORE: redis.url,
    LATCHKEY_KEY_FILE: join(first.folder, 'instance.key'),
  })
  return {
    redis,
    nodes: [first, second],
    close: async () => {
      await second.close()
      await first.close()
      await redis.stop()
    },
  }
}
