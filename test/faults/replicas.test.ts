import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../store/contract/opened.ts'
import { type Replicated, startReplicated } from '../store/redis-replicated.ts'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { describeWithRedis, type RedisServer } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'

describeWithRedis('a program whose replica stands still', () => {
  let redis: Replicated
  let replica: RedisServer
  let server: TestServer
  let maker: Api

  beforeAll(async () => {
    redis = await startReplicated(1)
    replica = redis.replicas[0] as RedisServer
    server = await startServer({
      LATCHKEY_STORE: redis.master.url,
      LATCHKEY_REDIS_REPLICAS: '1',
      LATCHKEY_REDIS_REPLICAS_MS: '500',
    })
    maker = await signIn(server.httpUrl)
  })
  afterAll(async () => {
    process.kill(replica.pid, 'SIGCONT')
    await server.close()
    await redis.stop()
  })

  test('answers a claim with 503, and the same request again finds the truth', async () => {
    const device = await makeDevice(maker, { claimCode: 'label' })
    const ada = await customer(server.httpUrl)
    const claim = () =>
      ada.post(
        `${V1}/claims`,
        { device: device.id, secret: 'label' },
        { 'idempotency-key': 'the-same' },
      )
    process.kill(replica.pid, 'SIGSTOP')
    expect((await claim()).status).toBe(503)
    expect((await fetch(`${server.httpUrl}/readyz`)).status).toBe(503)
    expect((await fetch(`${server.httpUrl}/healthz`)).status).toBe(200)
    process.kill(replica.pid, 'SIGCONT')
    // 409: the first try holds the key for a while, since nobody could be told how it ended.
    const { status } = await eventually(claim, (reply) => reply.status < 300, 40_000)
    expect([200, 201]).toContain(status)
    const { body } = await maker.get(`${V1}/devices/${device.id}`)
    expect([body.owner, body.epoch]).toEqual([ada.home, 1])
  }, 60_000)

  test('acknowledges no publish of a device, which may send it again', async () => {
    const device = await makeDevice(maker)
    const live = await connectDevice(server.mqttUrl, device.token)
    process.kill(replica.pid, 'SIGSTOP')
    const acknowledged = live.publish('latchkey/v1/claim', { secret: 's' }).then(
      () => true,
      () => false,
    )
    await live.closed
    live.client.end(true)
    expect(await Promise.race([acknowledged, Promise.resolve(false)])).toBe(false)
    process.kill(replica.pid, 'SIGCONT')
    const back = await eventually(
      () => connectDevice(server.mqttUrl, device.token).catch(() => undefined),
      (again) => again !== undefined,
      15_000,
    )
    await back?.publish('latchkey/v1/claim', { secret: 's' })
    const ada = await customer(server.httpUrl)
    const claim = await ada.post(`${V1}/claims`, { device: device.id, secret: 's' })
    expect(claim.status).toBe(201)
    await back?.end()
  })
})
