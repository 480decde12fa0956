import { expect, test } from '@jest/globals'
import { api } from '../support/api.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { startServer } from '../support/server.ts'
import {
  type RawReply,
  sendRaw,
  thingfulLogin,
  thingfulLogout,
  thingfulToken,
} from '../support/thingful.ts'

const expectUnavailable = (reply: RawReply) => {
  expect(reply.status).toBe(503)
  expect(reply.headers).toMatchObject({
    'content-type': 'application/vnd.api+json',
    'cache-control': 'no-store',
    'retry-after': expect.stringMatching(/^[1-9]\d*$/),
  })
  expect(JSON.parse(reply.text)).toEqual({
    errors: [{ status: '503', title: 'Service Unavailable', detail: expect.stringMatching(/\S/) }],
  })
}

describeWithRedis('without its store', () => {
  test('login and logout are not available, in a document, and nobody is signed out', async () => {
    const redis = await startRedis()
    const server = await startServer({ LATCHKEY_STORE: redis.url })
    const { httpUrl } = server
    try {
      const token = await thingfulToken(httpUrl)
      await redis.kill()
      expectUnavailable(await thingfulLogin(httpUrl))
      expectUnavailable(await thingfulLogout(httpUrl, token))
      await redis.restart()
      while ((await sendRaw(httpUrl, 'GET', '/readyz')).status !== 200);
      expect((await api(httpUrl, { token }).get('/latchkey/v1/devices')).status).toBe(200)
      expect((await thingfulLogout(httpUrl, token)).status).toBe(204)
    } finally {
      await server.close()
      await redis.stop()
    }
  })
})
