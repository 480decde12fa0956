import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { api, customer, makeDevice, signIn } from '../support/api.ts'
import { bodyAs, type Edge, edgesOf, isBland, sendTo } from '../support/edges.ts'
import { headerOf } from '../support/raw.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'

// research/security.md S108: what cannot be counted is not let through.
describeWithRedis('while what counts wrong tries is gone', () => {
  let redis: RedisServer
  let server: TestServer
  let edges: readonly Edge[]
  beforeAll(async () => {
    redis = await startRedis()
    server = await startServer({ LATCHKEY_STORE: redis.url })
    edges = await edgesOf(server)
  })
  afterAll(async () => {
    await server.close()
    await redis.stop()
  })

  test('nobody is let in, nobody is told that he was wrong, and who was stopped stays so', async () => {
    const { httpUrl } = server
    const maker = await signIn(httpUrl)
    const device = await makeDevice(maker)
    const expiresAt = '2099-01-01T00:00:00Z'
    await maker.put(`${V1}/devices/${device.id}/box-key`, { secret: 'right', expiresAt })
    const [ada, eve] = [await customer(httpUrl), await customer(httpUrl)]
    const right = { device: device.id, secret: 'right' }
    const guess = () => eve.post(`${V1}/claims`, { device: device.id, secret: 'wrong' })
    while ((await guess()).status !== 429);
    await redis.kill()
    const claims = [ada.post(`${V1}/claims`, right), eve.post(`${V1}/claims`, right), guess()]
    for (const { status } of await Promise.all(claims)) expect(status).toBe(503)
    await Promise.all(
      edges.map(async (edge) => {
        const answer = await sendTo(server, edge, edge.type, bodyAs(edge.type, edge.body))
        expect([edge.name, answer.status]).toEqual([edge.name, 503])
        edge.words(answer)
        isBland(answer)
        expect(headerOf(answer, 'retry-after')).toBe('1')
      }),
    )
    expect((await api(httpUrl).get('/healthz')).status).toBe(200)
    await redis.restart()
    while ((await api(httpUrl).get('/readyz')).status !== 200);
    expect((await eve.post(`${V1}/claims`, right)).status).toBe(429)
    expect((await ada.post(`${V1}/claims`, right)).status).toBe(201)
  })
})
