import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { TestDevice } from '../support/device.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { activate, guest, newCodes, newLinkId, register } from '../support/thethings.ts'

/** CONTRACT 6 "Outage": a 503 within five seconds, and back within ten. */
const PROMISED_MS = 5000
const BACK_MS = 10_000

const WHO = { email: 'new@example.com', password: 'user-password', app: 'default' }
const VALUES = { values: [{ key: 'k', value: 1 }] }
const UNAVAILABLE = { status: 'error', code: 503, message: expect.stringMatching(/\S/) }

type Outage = {
  readonly goAway: (redis: RedisServer) => Promise<void>
  readonly comeBack: (redis: RedisServer) => Promise<void>
}

/** The ways in which a store goes away, and how it comes back. */
const OUTAGES: Readonly<Record<string, Outage>> = {
  'has died': { goAway: (redis) => redis.kill(), comeBack: (redis) => redis.restart() },
  'does not answer': {
    goAway: async ({ pid }) => void process.kill(pid, 'SIGSTOP'),
    comeBack: async ({ pid }) => void process.kill(pid, 'SIGCONT'),
  },
}

describeWithRedis('while the store', () => {
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

  /** Sends, and gives up where the promise is broken. */
  const send = async (method: string, path: string, body?: object, authorization?: string) => {
    const reply = await fetch(`${server.httpUrl}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      signal: AbortSignal.timeout(PROMISED_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: reply.status, headers: reply.headers, text: await reply.text() }
  }

  const isBack = async () => {
    const until = Date.now() + BACK_MS
    while ((await send('GET', '/readyz')).status !== 200)
      if (Date.now() > until) throw new Error('not back in time')
  }

  test.each(Object.keys(OUTAGES))(
    '%s, every endpoint says so in the platform’s words, nothing is acknowledged, and all is well after',
    async (how) => {
      const { goAway, comeBack } = OUTAGES[how] as Outage
      const { thingToken, thingId } = await activate(server.httpUrl)
      const [activationCode] = await newCodes(server.httpUrl)
      const { session, email } = await register(server.httpUrl)
      const linkId = newLinkId()
      const own = `v2/things/${thingToken}`
      const live = await guest(server.mqttUrl, [own])
      const asking = await guest(server.mqttUrl)
      const linking = await guest(server.mqttUrl, [`${own}/link-id`])

      await goAway(redis)
      const acknowledged: string[] = []
      const say = (client: TestDevice, topic: string, body: object) =>
        void client.publish(topic, body).then(
          () => acknowledged.push(topic),
          () => undefined,
        )
      say(live, own, VALUES)
      say(linking, `${own}/link-id`, { linkId })
      const answers = await Promise.all([
        send('GET', '/v2/', undefined, session),
        send('POST', '/v2/register', WHO),
        send('POST', '/v2/login', { ...WHO, email }),
        send('POST', '/v2/things', { activationCode }),
        send('POST', `/v2/things/${thingToken}`, VALUES),
        send('POST', `/v2/things/${thingToken}/link-id`, { linkId }),
        send('GET', `/v2/things/${thingToken}`),
        send('GET', `/v2/things/${thingToken}/resources/k`),
        send('GET', '/v2/me/things', undefined, session),
        send('POST', '/v2/me/things', { thingToken }, session),
        send('POST', '/v2/me/things/link-id', { linkId }, session),
        send('DELETE', `/v2/me/things/${thingId}`, undefined, session),
        send('GET', '/v2/me/resources', undefined, session),
        send('GET', '/v2/me/resources/k', undefined, session),
        send('GET', `/v2/me/resources/k/${thingId}`, undefined, session),
        send('POST', `/v2/me/resources/k/${thingId}`, VALUES, session),
      ])
      for (const { status, headers, text } of answers) {
        expect([status, JSON.parse(text)]).toEqual([503, UNAVAILABLE])
        expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
      }
      await asking.client
        .subscribeAsync(`v2/activations/${activationCode}/1`, { qos: 1 })
        .catch(() => undefined)
      await Promise.all([live.closed, linking.closed, asking.closed])
      expect(acknowledged).toEqual([])

      await comeBack(redis)
      await isBack()
      // The code was not used up, nothing was written, nobody is linked and nobody waits.
      const made = await send('POST', '/v2/things', { activationCode })
      expect(made.status).toBe(201)
      expect((await send('GET', `/v2/things/${thingToken}/resources/k`)).status).toBe(404)
      expect((await send('GET', '/v2/me/things', undefined, session)).text).toBe('[]')
      const again = await guest(server.mqttUrl, [`${own}/link-id`])
      await again.publish(own, VALUES)
      await again.publish(`${own}/link-id`, { linkId })
      const waits = { status: 'success', message: 'waiting for app' }
      expect(await again.next(`${own}/link-id`)).toEqual(waits)
      const app = await send('POST', '/v2/me/things/link-id', { linkId }, session)
      expect(JSON.parse(app.text)).toEqual({ status: 'success', message: 'linked', thingId })
      await again.end()
    },
    60_000,
  )
})
