import { afterEach, describe, expect, test } from '@jest/globals'
import type { IPublishPacket, ISubackPacket, Packet } from 'mqtt-packet'
import { ownClient, words } from './own-client.ts'
import { type OpenBroker, startOpenBroker } from './paho-broker.ts'
import { bareClient } from './paho-client.ts'

let broker: OpenBroker

afterEach(async () => {
  await broker?.close()
})

/** MQTT 5, 3.8.4: one copy says which subscriptions it is for. */
describe('subscription identifiers', () => {
  const identified = (subscriptionIdentifier: number, qos: 0 | 1 | 2 = 1) => ({
    qos,
    properties: { subscriptionIdentifier },
  })

  test('come with what their subscriptions match, all in one copy', async () => {
    broker = await startOpenBroker()
    const hears = await ownClient(broker.port, 'hears')
    await hears.subscribe('a', identified(456_789))
    await hears.subscribe('a/#', identified(2))
    await hears.subscribe('b', { qos: 1 })
    for (const topic of ['a', 'a/b', 'b']) await hears.publish(topic, topic)
    const got = [await hears.next(), await hears.next(), await hears.next()]
    expect(got.map((one) => [words(one), [one.properties?.subscriptionIdentifier].flat()])).toEqual(
      [
        ['a', [456_789, 2]],
        ['a/b', [2]],
        ['b', [undefined]],
      ],
    )
    await hears.leave()
  })

  test('are those of the newest SUBSCRIBE, and gone with their subscription', async () => {
    broker = await startOpenBroker()
    const hears = await ownClient(broker.port, 'hears')
    await hears.subscribe('a', identified(1))
    await hears.subscribe('#', identified(2))
    await hears.subscribe('a', { qos: 1 })
    await hears.publish('a', 'x')
    expect((await hears.next()).properties?.subscriptionIdentifier).toBe(2)
    await hears.client.unsubscribeAsync('#')
    await hears.publish('a', 'y')
    expect((await hears.next()).properties?.subscriptionIdentifier).toBeUndefined()
    await hears.leave()
  })

  test('stay with a session that lasts', async () => {
    broker = await startOpenBroker()
    const before = await ownClient(broker.port, 'hears', { lasts: 60 })
    await before.subscribe('a', identified(7))
    await before.leave()
    const after = await ownClient(broker.port, 'hears')
    await after.publish('a', 'x')
    expect((await after.next()).properties?.subscriptionIdentifier).toBe(7)
    await after.leave()
  })
})

describe('no-local', () => {
  test('keeps a client from hearing itself, and nobody else [MQTT5-3.8.3-3]', async () => {
    broker = await startOpenBroker()
    const one = await ownClient(broker.port, 'one', { lasts: 60 })
    const two = await ownClient(broker.port, 'two')
    for (const client of [one, two]) await client.subscribe('a', { qos: 1, nl: true })
    await one.publish('a', 'of one')
    await two.publish('a', 'of two')
    expect(words(await one.next())).toBe('of two')
    expect(words(await two.next())).toBe('of one')
    await one.leave()
    // Nor does it hear itself later: nothing of that was kept.
    const again = await ownClient(broker.port, 'one')
    await two.publish('a', 'more')
    expect(words(await again.next())).toBe('more')
    await Promise.all([again.leave(), two.leave()])
  })

  test('does not stand against another subscription that matches', async () => {
    broker = await startOpenBroker()
    const client = await ownClient(broker.port, 'one')
    await client.subscribe('a', { qos: 1, nl: true })
    await client.subscribe('+', { qos: 1 })
    await client.publish('a', 'x')
    expect(words(await client.next())).toBe('x')
    await client.leave()
  })
})

describe('retained messages', () => {
  const retained = { retain: true, properties: { contentType: 'text/plain' } }
  /** What comes before a message that is published now. */
  const until = async (client: Awaited<ReturnType<typeof ownClient>>, topic: string) => {
    await client.publish(topic, 'now')
    const got: string[] = []
    for (;;) {
      const text = words(await client.next())
      if (text === 'now') return got
      got.push(text)
    }
  }

  test('come with their properties, when a subscription asks for them [MQTT5-3.3.1-9]', async () => {
    broker = await startOpenBroker()
    const says = await ownClient(broker.port, 'says')
    expect(says.connack.properties?.retainAvailable).not.toBe(false)
    await says.publish('a', 'kept', retained)
    const hears = await ownClient(broker.port, 'hears')
    await hears.subscribe('a', { qos: 1, rh: 0 })
    expect(await hears.next()).toMatchObject({
      retain: true,
      properties: { contentType: 'text/plain' },
    })
    await hears.subscribe('a', { qos: 1, rh: 0 })
    expect(words(await hears.next())).toBe('kept')
    await Promise.all([hears.leave(), says.leave()])
  })

  test.each([
    ['1: for a new subscription only [MQTT5-3.3.1-10]', 1, ['kept']],
    ['2: never [MQTT5-3.3.1-11]', 2, []],
  ])('retain handling %s', async (_, rh, first) => {
    broker = await startOpenBroker()
    const client = await ownClient(broker.port, 'client')
    await client.publish('a', 'kept', retained)
    await client.subscribe('a', { qos: 1, rh })
    expect(await until(client, 'a')).toEqual(first)
    await client.subscribe('a', { qos: 1, rh })
    expect(await until(client, 'a')).toEqual([])
    await client.leave()
  })

  test('say that they were published so, to who asked for that [MQTT5-3.3.1-12]', async () => {
    broker = await startOpenBroker()
    const client = await ownClient(broker.port, 'client')
    await client.subscribe('a', { qos: 1, rap: true })
    await client.subscribe('b', { qos: 1 })
    await client.publish('a', 'x', { retain: true })
    await client.publish('b', 'y', { retain: true })
    await client.publish('a', 'z')
    const got = [await client.next(), await client.next(), await client.next()]
    expect(got.map((one) => [words(one), one.retain])).toEqual([
      ['x', true],
      ['y', false],
      ['z', false],
    ])
    await client.leave()
  })
})

describe('a filter that is not granted', () => {
  test('is 0x80 where the broker’s own hook says no, 0x9e if shared, 0x97 if too many', async () => {
    broker = await startOpenBroker({ limits: { subscriptions: 2 } })
    const client = await bareClient(broker.port, 5)
    const ask = async (messageId: number, ...topics: string[]) => {
      const subscriptions = topics.map((topic) => ({ topic, qos: 1 }))
      client.send({ cmd: 'subscribe', messageId, subscriptions } as Packet)
      return ((await client.next('suback')) as ISubackPacket).granted
    }
    expect(await ask(1, 'test/nosubscribe', '$share/g/a', 'a', 'a', 'b')).toEqual([
      0x80, 0x9e, 1, 1, 1,
    ])
    expect(await ask(2, 'c')).toEqual([0x97])
    expect(await ask(3, 'a')).toEqual([1])
    client.send({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['b'] })
    expect(await client.next('unsuback')).toMatchObject({ granted: [0] })
    expect(await ask(5, 'c')).toEqual([1])
    client.socket.destroy()
  })
})

test('a message has at most the QoS that was granted [MQTT5-3.8.4-8], stored or not', async () => {
  broker = await startOpenBroker()
  const before = await ownClient(broker.port, 'hears', { lasts: 60 })
  await before.subscribe('+', { qos: 1 })
  await before.publish('a', 'x', { qos: 2 })
  expect((await before.next()).qos).toBe(1)
  await before.leave()
  const says = await ownClient(broker.port, 'says')
  await says.publish('a', 'y', { qos: 2 })
  const after = await ownClient(broker.port, 'hears', { lasts: 60 })
  const got: IPublishPacket = await after.next()
  expect([words(got), got.qos]).toEqual(['y', 1])
  await after.leave()
  // It was acknowledged: it does not come again.
  const again = await ownClient(broker.port, 'hears')
  await says.publish('a', 'z')
  expect(words(await again.next())).toBe('z')
  await Promise.all([again.leave(), says.leave()])
})
