import { expect, test } from '@jest/globals'
import { modeHome, modeProject, modeUser, PASSWORD, projectKey, send } from '../support/mode.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { startServer } from '../support/server.ts'

describeWithRedis('without its store', () => {
  test('nothing is answered but that it is not available, and everything is there again', async () => {
    const redis = await startRedis()
    const server = await startServer({ LATCHKEY_STORE: redis.url })
    const { httpUrl } = server
    try {
      const project = await modeProject(server)
      const { key, id, email } = await modeUser(server, project)
      const home = await modeHome(server, { key, id, email, native: project.maker })
      const backend = await projectKey(project)
      const form = { projectId: project.number, appId: 'x', email, password: PASSWORD, name: 'Ada' }
      await redis.kill()
      const asked = await Promise.all([
        send(httpUrl, 'GET', '/auth', { key }),
        send(httpUrl, 'GET', '/auth', { key: backend }),
        send(httpUrl, 'GET', `/homes/${home.id}`, { key }),
        send(httpUrl, 'PUT', `/homes/${home.id}/kv/a`, { key, body: { value: 1 } }),
        send(httpUrl, 'DELETE', '/userSession', { key }),
        send(httpUrl, 'POST', '/auth/user', { body: form }),
        send(httpUrl, 'POST', '/users', { body: form }),
        send(httpUrl, 'POST', '/auth/user/passwordReset/start', { body: form }),
      ])
      for (const { status, body, headers } of asked) {
        expect([status, body]).toEqual([503, { reason: 'SERVICE_UNAVAILABLE' }])
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      }
      await redis.restart()
      while ((await fetch(`${httpUrl}/readyz`)).status !== 200);
      const seen = await send(httpUrl, 'GET', `/homes/${home.id}/kv`, { key })
      expect([seen.status, seen.body]).toEqual([200, []])
    } finally {
      await server.close()
      await redis.stop()
    }
  })
})
