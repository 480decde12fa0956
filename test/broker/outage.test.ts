import { afterAll, beforeAll, expect, test } from '@jest/globals'
import mqtt from 'mqtt'
import { type Api, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

const PROMISED_MS = 5000

describeWithRedis('a store that does not answer', () => {
  let redis: RedisServer
  let server: TestServer
  let maker: Api

  beforeAll(async () => {
    redis = await startRedis()
    server = await startServer({ LATCHKEY_STORE: redis.url, LATCHKEY_DIALECTS: 'none' })
    maker = await signIn(server.httpUrl)
  })
  afterAll(async () => {
    process.kill(redis.pid, 'SIGCONT')
    await server.close()
    await redis.stop()
  })

  test('lets nobody in and acknowledges nothing, within five seconds, and all is well when it answers again', async () => {
    const device = await makeDevice(maker)
    const other = await makeDevice(maker)
    const live = await connectDevice(server.mqttUrl, device.token, ['latchkey/v1/claim/result'])
    process.kill(redis.pid, 'SIGSTOP')
    const began = Date.now()
    const acknowledged = live.publish('latchkey/v1/claim', { secret: 's' }).then(
      () => true,
      () => false,
    )
    const refused = mqtt
      .connectAsync(server.mqttUrl, {
        username: other.token,
        reconnectPeriod: 0,
        connectTimeout: 9000,
      })
      .then(
        () => 0,
        ({ code }: { code: number }) => code,
      )
    await live.closed
    expect(await refused).toBe(3)
    expect(Date.now() - began).toBeLessThan(PROMISED_MS)
    live.client.end(true)
    expect(await Promise.race([acknowledged, Promise.resolve(false)])).toBe(false)
    process.kill(redis.pid, 'SIGCONT')
    const again = await back(device.token)
    await again.publish('latchkey/v1/claim', { secret: 's' })
    expect(await again.next('latchkey/v1/claim/result')).toMatchObject({ state: 'open' })
    await again.end()
  })

  /** Connects as soon as the server lets it. */
  const back = async (token: string) => {
    const until = Date.now() + 10_000
    for (;;) {
      try {
        return await connectDevice(server.mqttUrl, token, ['latchkey/v1/claim/result'])
      } catch (error) {
        if (Date.now() > until) throw error
      }
    }
  }
})
