import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { generate } from 'mqtt-packet'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ROUNDS = 100

describeWithRedis('two nodes on one Redis', () => {
  let redis: RedisServer
  let nodes: TestServer[]
  let maker: Api

  beforeAll(async () => {
    redis = await startRedis()
    const first = await startServer({ LATCHKEY_STORE: redis.url })
    const second = await startServer({
      LATCHKEY_STORE: redis.url,
      LATCHKEY_KEY_FILE: join(first.folder, 'instance.key'),
    })
    nodes = [first, second]
    maker = await signIn(first.httpUrl)
  })
  afterAll(async () => {
    for (const node of nodes) await node.close()
    await redis.stop()
  })

  const urlOf = (place: number) => (nodes[place] as TestServer).mqttUrl

  const arrive = async (place: number, username: string): Promise<Socket> => {
    const socket = connectSocket(Number(new URL(urlOf(place)).port), '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.resume()
    socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        clientId: 'c',
        username,
        keepalive: 60,
      }),
    )
    return socket
  }

  const settle = async (sockets: readonly Socket[]) => {
    const open = () => sockets.filter((socket) => !socket.destroyed)
    while (open().length > 1) await Promise.race(open().map((socket) => once(socket, 'close')))
    return open()
  }

  const bothAtOnce = async (token: string) => {
    const sockets = await Promise.all([arrive(0, token), arrive(1, token)])
    const [winner] = await settle(sockets)
    const isAlive = winner !== undefined && !winner.destroyed
    winner?.write(Buffer.from([0xc0, 0x00]))
    winner?.destroy()
    return isAlive
  }

  test(`a device that connects to both at once has one connection, ${ROUNDS} times of ${ROUNDS}`, async () => {
    const { token } = await makeDevice(maker)
    let alive = 0
    for (let round = 0; round < ROUNDS; round++) if (await bothAtOnce(token)) alive += 1
    expect(alive).toBe(ROUNDS)
  })

  test('also while every wake-up is lost', async () => {
    const { token } = await makeDevice(maker)
    const saboteur = new Redis(redis.url, { protocol: 2 })
    const cutting = setInterval(
      () => void saboteur.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined),
      10,
    )
    try {
      for (let round = 0; round < 5; round++) expect(await bothAtOnce(token)).toBe(true)
    } finally {
      clearInterval(cutting)
      saboteur.disconnect()
    }
  })

  test('a claim through one reaches a device on the other, also while wake-ups are lost', async () => {
    const saboteur = new Redis(redis.url, { protocol: 2 })
    const cutting = setInterval(
      () => void saboteur.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined),
      10,
    )
    try {
      const device = await makeDevice(maker)
      const live = await connectDevice(urlOf(1), device.token, ['latchkey/v1/owner'])
      await live.next('latchkey/v1/owner')
      await live.publish('latchkey/v1/claim', { secret: 's' })
      const ada = await customer((nodes[0] as TestServer).httpUrl)
      expect(
        (await ada.post('/latchkey/v1/claims', { device: device.id, secret: 's' })).status,
      ).toBe(201)
      expect(await live.next('latchkey/v1/owner', 8000)).toMatchObject({
        claimed: true,
        home: ada.home,
      })
      await live.end()
    } finally {
      clearInterval(cutting)
      saboteur.disconnect()
    }
  })
})
