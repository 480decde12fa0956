import { get } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openStream } from '../support/sse.ts'

const V1 = '/latchkey/v1'
const COMMANDS = 'latchkey/v1/commands'
const ROUNDS = 20
const MANY = 1500

describeWithRedis('delivery on two nodes', () => {
  let redis: RedisServer
  let first: TestServer
  let second: TestServer
  let maker: Api

  beforeAll(async () => {
    redis = await startRedis()
    first = await startServer({ LATCHKEY_STORE: redis.url })
    second = await startServer({
      LATCHKEY_STORE: redis.url,
      LATCHKEY_KEY_FILE: join(first.folder, 'instance.key'),
    })
    maker = await signIn(first.httpUrl)
  })
  afterAll(async () => {
    await second.close()
    await first.close()
    await redis.stop()
  })

  const claimed = async () => {
    const device = await makeDevice(maker, { claimCode: 'label' })
    const owner = await customer(first.httpUrl)
    await owner.post(`${V1}/claims`, { device: device.name, secret: 'label' })
    return { device, owner, headers: { authorization: `Bearer ${owner.token}` } }
  }

  /** Everything that subscribes is cut off again and again, so that most wake-ups are lost. */
  const sabotage = () => {
    const saboteur = new Redis(redis.url)
    const timer = setInterval(
      () => void saboteur.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined),
      10,
    )
    return () => {
      clearInterval(timer)
      saboteur.disconnect()
    }
  }

  test.each([
    ['while wake-ups come', false],
    ['while wake-ups are lost', true],
  ])(
    'commands given on one node reach a device on the other, and its events come back, %s',
    async (_words, isSabotaged) => {
      const { device, owner, headers } = await claimed()
      const connected = await connectDevice(second.mqttUrl, device.token, [COMMANDS])
      const stream = await openStream(`${first.httpUrl}${V1}/events`, headers)
      const stop = isSabotaged ? sabotage() : () => undefined
      const rounds = isSabotaged ? 3 : ROUNDS
      try {
        for (let round = 0; round < rounds; round++) {
          const given = await owner.post(`${V1}/devices/${device.id}/commands`, {
            action: `round ${round}`,
          })
          const { id, action } = await connected.next(COMMANDS, 20_000)
          expect([id, action]).toEqual([given.body.id, `round ${round}`])
          await connected.publish(`${COMMANDS}/${id}/ack`, { round })
          let seen: { type: string; data: unknown }
          do seen = JSON.parse((await stream.next(20_000)).data)
          while (seen.type !== 'latchkey.command.acknowledged')
          expect(seen.data).toEqual({ id, action, result: { round } })
        }
      } finally {
        stop()
      }
      stream.close()
      await connected.end()
    },
    60_000,
  )

  test('a session that is ended on one node ends its streams on the other, though the wake-up was lost', async () => {
    const { owner, headers } = await claimed()
    const stream = await openStream(`${second.httpUrl}${V1}/events`, headers)
    const stop = sabotage()
    try {
      expect((await owner.delete(`${V1}/sessions`)).status).toBe(204)
      await stream.ended
    } finally {
      stop()
    }
  })

  test('whoever does not read his stream is cut, and what comes for others goes on', async () => {
    const { device, owner, headers } = await claimed()
    const connected = await connectDevice(first.mqttUrl, device.token)
    const sleeper = await new Promise<import('node:http').IncomingMessage>((resolve) => {
      get(`${first.httpUrl}${V1}/events`, { headers, agent: false }, resolve)
    })
    sleeper.on('error', () => undefined)
    sleeper.pause()
    const reader = await openStream(`${first.httpUrl}${V1}/events`, headers)
    let next = 0
    const read = async (until: number) => {
      for (; next <= until; next++)
        expect(JSON.parse((await reader.next(20_000)).data).data.eventType).toBe(`e${next}`)
    }
    const eventData = { filler: 'x'.repeat(15_000) }
    for (let n = 0; n < MANY; n++) {
      const published = connected.publish('latchkey/v1/events', { eventType: `e${n}`, eventData })
      if (n % 50 !== 0) continue
      await published
      await read(n)
    }
    await read(MANY - 1)
    // What the kernel had taken is read to its end, and then there is no more.
    let bytes = 0
    sleeper.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    sleeper.resume()
    await new Promise((resolve) => sleeper.once('close', resolve))
    expect(bytes).toBeLessThan(MANY * 15_000)
    expect((await owner.get(`${V1}/devices/${device.id}`)).status).toBe(200)
    reader.close()
    await connected.end()
  }, 60_000)
})
