import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { api } from '../support/api.ts'
import { errorOf, newUser, token } from '../support/particle.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

describeWithRedis('while the store is gone', () => {
  let redis: RedisServer
  let server: TestServer
  beforeAll(async () => {
    redis = await startRedis()
    server = await startServer({ LATCHKEY_STORE: redis.url })
  })
  afterAll(async () => {
    await server.close()
    await redis.stop()
  })

  test('every call is 503 with the platform’s body, and all is well when it is back', async () => {
    const user = await newUser(server.httpUrl)
    await redis.kill()
    const fields = { grant_type: 'password', username: user.email, password: 'x' }
    for (const reply of await Promise.all([
      user.get('/v1/devices'),
      user.post('/v1/device_claims', {}),
      user.post('/v1/devices', { id: '0'.repeat(24) }),
      token(server.httpUrl, fields),
      api(server.httpUrl).post('/v1/user/password-reset', { username: user.email }),
    ])) {
      expect([reply.status, reply.body]).toEqual([503, errorOf('temporarily_unavailable')])
      expect(reply.headers.get('retry-after')).toBe('1')
    }
    await redis.restart()
    let reply = await user.get('/v1/devices')
    while (reply.status === 503) reply = await user.get('/v1/devices')
    expect([reply.status, reply.body]).toEqual([200, []])
  }, 20_000)
})
