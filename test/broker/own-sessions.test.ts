import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { IConnackPacket, IPublishPacket, Packet } from 'mqtt-packet'
import { ownClient, words } from './own-client.ts'
import { type OpenBroker, startOpenBroker } from './paho-broker.ts'
import { bareClient } from './paho-client.ts'

let broker: OpenBroker

afterEach(async () => {
  await broker?.close()
})

/** Until no session is left. */
const ended = async () => {
  while (broker.exchange.size() > 0) await sleep(20)
}

describe('a session of MQTT 5', () => {
  test('lasts as long as it asks, keeps its subscriptions and what was published meanwhile', async () => {
    broker = await startOpenBroker()
    const before = await ownClient(broker.port, 'mine', { lasts: 60 })
    expect(before.connack).toMatchObject({
      sessionPresent: false,
      properties: { sessionExpiryInterval: 60 },
    })
    await before.subscribe('a')
    await before.vanish()
    const says = await ownClient(broker.port, 'says')
    for (const qos of [1, 2] as const) await says.publish('a', `${qos}`, { qos })
    const after = await ownClient(broker.port, 'mine', { lasts: 60 })
    expect(after.connack.sessionPresent).toBe(true)
    expect([words(await after.next()), words(await after.next())]).toEqual(['1', '2'])
    await Promise.all([after.leave(), says.leave()])
  })

  test('ends when its time is over, and nothing of it is left', async () => {
    broker = await startOpenBroker()
    const before = await ownClient(broker.port, 'mine', { lasts: 1 })
    await before.subscribe('a')
    await before.leave()
    expect(broker.exchange.size()).toBe(1)
    const says = await ownClient(broker.port, 'says')
    await says.publish('a', 'lost')
    await ended()
    const after = await ownClient(broker.port, 'mine')
    expect(after.connack.sessionPresent).toBe(false)
    await after.subscribe('b')
    for (const topic of ['a', 'b']) await says.publish(topic, 'new')
    expect((await after.next()).topic).toBe('b')
    await Promise.all([after.leave(), says.leave()])
  })

  test('ends with a connection that asks for no time', async () => {
    broker = await startOpenBroker()
    const one = await ownClient(broker.port, 'mine', { lasts: 60 })
    await one.subscribe('a')
    await one.leave()
    const two = await ownClient(broker.port, 'mine')
    expect(two.connack.sessionPresent).toBe(true)
    await two.leave()
    const three = await ownClient(broker.port, 'mine')
    expect(three.connack.sessionPresent).toBe(false)
    expect(broker.exchange.size()).toBe(0)
    await three.leave()
  })

  test('ends with Clean Start, and a new one lasts', async () => {
    broker = await startOpenBroker()
    const one = await ownClient(broker.port, 'mine', { lasts: 60 })
    await one.subscribe('a')
    await one.leave()
    const says = await ownClient(broker.port, 'says')
    await says.publish('a', 'lost')
    const two = await ownClient(broker.port, 'mine', { lasts: 60, clean: true })
    expect(two.connack.sessionPresent).toBe(false)
    await two.subscribe('b')
    await two.leave()
    for (const topic of ['a', 'b']) await says.publish(topic, 'new')
    const three = await ownClient(broker.port, 'mine')
    expect(three.connack.sessionPresent).toBe(true)
    expect((await three.next()).topic).toBe('b')
    await Promise.all([three.leave(), says.leave()])
  })

  test('lasts longer or ends at once as its DISCONNECT says', async () => {
    broker = await startOpenBroker()
    const leaving = async (lasts: number, said: number) => {
      const client = await ownClient(broker.port, 'mine', { lasts })
      await client.leave({ properties: { sessionExpiryInterval: said } })
      return client.connack.sessionPresent
    }
    await leaving(1, 60)
    await sleep(1200)
    expect(await leaving(60, 0)).toBe(true)
    expect(await leaving(60, 60)).toBe(false)
  })

  test('gets what it has not acknowledged again, as a repeat [MQTT5-3.3.1-1]', async () => {
    broker = await startOpenBroker()
    const connect = (clean: boolean) =>
      bareClient(broker.port, 5, { sessionExpiryInterval: 60 }, [], { clientId: 'mine', clean })
    const before = await connect(true)
    const subscriptions = [{ topic: 'a', qos: 2 }]
    before.send({ cmd: 'subscribe', messageId: 1, subscriptions } as Packet)
    await before.next('suback')
    const says = await ownClient(broker.port, 'says')
    await says.publish('a', 'acknowledged')
    const first = (await before.next('publish')) as IPublishPacket
    before.send({ cmd: 'puback', messageId: first.messageId as number })
    await says.publish('a', 'once')
    const second = (await before.next('publish')) as IPublishPacket
    expect(second.dup).toBe(false)
    before.socket.destroy()
    await before.closed
    await says.publish('a', 'later')
    const after = await connect(false)
    expect(await after.next('connack')).toMatchObject({ sessionPresent: true })
    expect(await after.next('publish')).toMatchObject({
      dup: true,
      messageId: second.messageId,
      payload: Buffer.from('once'),
    })
    expect(await after.next('publish')).toMatchObject({ dup: false, payload: Buffer.from('later') })
    after.socket.destroy()
    await says.leave()
  })

  test('gets one copy of what two of its subscriptions match', async () => {
    broker = await startOpenBroker()
    const before = await ownClient(broker.port, 'mine', { lasts: 60 })
    await before.subscribe(['a', '+'])
    await before.leave()
    const says = await ownClient(broker.port, 'says')
    await says.publish('a', 'once')
    const after = await ownClient(broker.port, 'mine')
    expect(words(await after.next())).toBe('once')
    // Live, and more at once than Aedes keeps apart by itself.
    const numbers = Array.from({ length: 50 }, (_, i) => `${i}`)
    await Promise.all(numbers.map((number) => says.publish('a', number)))
    for (const number of numbers) expect(words(await after.next())).toBe(number)
    await says.publish('a', 'next')
    expect(words(await after.next())).toBe('next')
    await Promise.all([after.leave(), says.leave()])
  })

  test('that is taken over hears so [MQTT5-3.1.4-3], and goes on', async () => {
    broker = await startOpenBroker()
    const before = await ownClient(broker.port, 'mine', { lasts: 60 })
    await before.subscribe('a')
    const told = once(before.events, 'disconnect')
    const after = await ownClient(broker.port, 'mine', { lasts: 60 })
    expect((await told)[0]).toMatchObject({ reasonCode: 0x8e })
    expect(after.connack.sessionPresent).toBe(true)
    await after.publish('a', 'x')
    expect(words(await after.next())).toBe('x')
    await Promise.all([before.leave(), after.leave()])
  })

  test('is the broker’s own when a client of 3.1.1 goes on with it', async () => {
    broker = await startOpenBroker()
    const before = await ownClient(broker.port, 'mine', { lasts: 1 })
    await before.subscribe('a')
    await before.leave()
    const old = await bareClient(broker.port, 4, {}, [], { clientId: 'mine', clean: false })
    expect(await old.next('connack')).toMatchObject({ sessionPresent: true })
    await old.settle()
    expect(broker.exchange.size()).toBe(0)
    await sleep(1200)
    const says = await ownClient(broker.port, 'says')
    await says.publish('a', 'x')
    expect(await old.next('publish')).toMatchObject({ topic: 'a' })
    old.socket.destroy()
    await says.leave()
  })
})

describe('what sessions may cost is bounded', () => {
  const connackOf = async (client: Awaited<ReturnType<typeof bareClient>>) =>
    ((await client.next('connack')) as IConnackPacket).properties?.sessionExpiryInterval

  const lasting = (clientId: string, seconds: number) =>
    bareClient(broker.port, 5, { sessionExpiryInterval: seconds }, [], { clientId, clean: true })

  test('in number: a client is told that its session does not last', async () => {
    broker = await startOpenBroker({ sessions: 1 })
    const one = await lasting('one', 60)
    const two = await lasting('two', 60)
    expect([await connackOf(one), await connackOf(two)]).toEqual([60, 0])
    one.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 0 } } as Packet)
    await one.closed
    await ended()
    const three = await lasting('three', 60)
    expect(await connackOf(three)).toBe(60)
    for (const { socket } of [two, three]) socket.destroy()
  })

  test('in time: for ever is not for ever, and CONNACK says so', async () => {
    broker = await startOpenBroker({ sessionSeconds: 3600 })
    const client = await lasting('one', 0xffffffff)
    expect(await connackOf(client)).toBe(3600)
    client.socket.destroy()
  })

  test('in bytes: what no longer fits is not stored, and the session goes on', async () => {
    broker = await startOpenBroker({ limits: { backlogBytes: 64 * 1024 } })
    const before = await ownClient(broker.port, 'mine', { lasts: 60 })
    await before.subscribe('a')
    await before.leave()
    const says = await ownClient(broker.port, 'says')
    for (let i = 0; i < 10; i++) await says.publish('a', `${i}`.padEnd(20_000))
    expect(broker.events).toContainEqual({ what: 'throttled', rule: 'bytes stored for a session' })
    const after = await ownClient(broker.port, 'mine', { lasts: 60 })
    const got = [await after.next(), await after.next(), await after.next()]
    expect(got.map((one) => words(one).trim())).toEqual(['0', '1', '2'])
    await says.publish('a', 'next')
    expect(words(await after.next())).toBe('next')
    await Promise.all([after.leave(), says.leave()])
  })
})
