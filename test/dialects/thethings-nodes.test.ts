import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { type Api, api } from '../support/api.ts'
import type { TestDevice } from '../support/device.ts'
import { startTwoNodes, type TwoNodes } from '../support/nodes.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import {
  activate,
  guest,
  newCodes,
  newLinkId,
  register,
  withSession,
} from '../support/thethings.ts'

const PAIRS = 100

describeWithRedis('thethings.io on two nodes and one Redis', () => {
  let two: TwoNodes
  beforeAll(async () => {
    two = await startTwoNodes()
  })
  afterAll(() => two.close())

  const httpOf = (place: number) => (two.nodes[place % 2] as (typeof two.nodes)[0]).httpUrl
  const mqttOf = (place: number) => (two.nodes[place % 2] as (typeof two.nodes)[0]).mqttUrl

  const linked = (thingId: string) => ({ status: 'success', message: 'linked', thingId })
  const WAITING_FOR_APP = { status: 'success', message: 'waiting for app' }
  const WAITING_FOR_THING = { status: 'success', message: 'waiting for thing' }

  /** A thing, made at one node, whose guest is at a node. */
  const live = async (place: number) => {
    const thing = await activate(httpOf(0))
    const own = `v2/things/${thing.thingToken}`
    const client = await guest(mqttOf(place), [own, `${own}/link-id`])
    return { ...thing, own, link: `${own}/link-id`, client }
  }

  const waits = async ({ client, link }: { client: TestDevice; link: string }) => {
    const linkId = newLinkId()
    await client.publish(link, { linkId })
    expect(await client.next(link)).toEqual(WAITING_FOR_APP)
    return linkId
  }

  /** An account, signed in at one node, that speaks with another. */
  const at = (place: number, { session }: { session: string }): Api =>
    withSession(httpOf(place), session)

  test('a guest on one hears that an app on the other has linked its thing', async () => {
    const thing = await live(0)
    const linkId = await waits(thing)
    const ada = await register(httpOf(1))
    const app = await ada.post('/v2/me/things/link-id', { linkId })
    expect(app.body).toEqual(linked(thing.thingId))
    expect(await thing.client.next(thing.link)).toEqual(linked(thing.thingId))
    await thing.client.end()
  })

  test('two guests of one thing, one on each, both hear it', async () => {
    const thing = await live(0)
    const other = await guest(mqttOf(1), [thing.link])
    const linkId = await waits(thing)
    const ada = await register(httpOf(1))
    await ada.post('/v2/me/things/link-id', { linkId })
    for (const client of [thing.client, other])
      expect(await client.next(thing.link)).toEqual(linked(thing.thingId))
    await Promise.all([thing.client.end(), other.end()])
  })

  test('also while every wake-up is lost', async () => {
    const thing = await live(0)
    const linkId = await waits(thing)
    const ada = await register(httpOf(1))
    const saboteur = new Redis(two.redis.url, { protocol: 2 })
    const cutting = setInterval(
      () => void saboteur.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined),
      10,
    )
    try {
      await ada.post('/v2/me/things/link-id', { linkId })
      expect(await thing.client.next(thing.link, 8000)).toEqual(linked(thing.thingId))
      const values = [{ value: 'on' }]
      await ada.post(`/v2/me/resources/lamp/${thing.thingId}`, { values })
      expect(await thing.client.next(thing.own, 8000)).toMatchObject({ values: [{ key: 'lamp' }] })
    } finally {
      clearInterval(cutting)
      saboteur.disconnect()
    }
    await thing.client.end()
  })

  test('a contested link is said to a guest on one when the rival came to the other', async () => {
    const [one, two] = [await live(0), await live(1)]
    const linkId = await waits(one)
    await two.client.publish(two.link, { linkId })
    for (const { client, link } of [one, two])
      expect(await client.next(link)).toMatchObject({ status: 'error', code: 403 })
    await Promise.all([one.client.end(), two.client.end()])
  })

  test('what the owner sets at one comes to the guest at the other, and not after he has unlinked', async () => {
    const thing = await live(0)
    const [ada, bob] = [await register(httpOf(1)), await register(httpOf(1))]
    const path = `/v2/me/resources/lamp/${thing.thingId}`
    await ada.post('/v2/me/things', { thingToken: thing.thingToken })
    await ada.post(path, { values: [{ value: 'hers' }] })
    expect(await thing.client.next(thing.own)).toMatchObject({ values: [{ value: 'hers' }] })
    expect((await at(0, ada).delete(`/v2/me/things/${thing.thingId}`)).status).toBe(200)
    for (const place of [0, 1]) {
      expect((await at(place, ada).get(path)).status).toBe(404)
      expect((await at(place, ada).post(path, { values: [{ value: 'late' }] })).status).toBe(404)
    }
    await at(0, bob).post('/v2/me/things', { thingToken: thing.thingToken })
    await bob.post(path, { values: [{ value: 'his' }] })
    expect(await thing.client.next(thing.own)).toMatchObject({ values: [{ value: 'his' }] })
    await thing.client.end()
  })

  test(`${PAIRS} pairs at once, in both orders, each half at another node: each is linked once`, async () => {
    const ada = await register(httpOf(0))
    const codes = await newCodes(httpOf(0), PAIRS)
    // An account may wait on 50 ids: these belong to several.
    const users = [ada, await register(httpOf(1)), await register(httpOf(0))]
    const pairs = await Promise.all(
      codes.map(async (activationCode, i) => {
        const { body } = await api(httpOf(i)).post('/v2/things', { activationCode })
        return { ...body, linkId: newLinkId(), user: users[i % users.length] as typeof ada }
      }),
    )
    const halves = ({ thingToken, linkId, user }: (typeof pairs)[number], i: number) => ({
      app: () => at(i, user).post('/v2/me/things/link-id', { linkId }),
      thing: () => api(httpOf(i + 1)).post(`/v2/things/${thingToken}/link-id`, { linkId }),
    })
    const answers = await Promise.all(
      pairs.map((pair, i) => {
        const { app, thing } = halves(pair, i)
        return Promise.all(i % 4 < 2 ? [app(), thing()] : [thing(), app()])
      }),
    )
    for (const [i, pair] of pairs.entries()) {
      const bodies = (answers[i] ?? []).map(({ body }) => body)
      expect(bodies).toContainEqual(linked(pair.thingId))
      expect([WAITING_FOR_APP, WAITING_FOR_THING]).toContainEqual(
        bodies.find(({ message }) => message !== 'linked'),
      )
      const { app, thing } = halves(pair, i + 1)
      expect([(await app()).body, (await thing()).body]).toEqual([
        linked(pair.thingId),
        linked(pair.thingId),
      ])
    }
    const owned = await Promise.all(users.map((user) => user.get('/v2/me/things')))
    expect(owned.flatMap(({ body }) => body)).toHaveLength(PAIRS)
  })
})
