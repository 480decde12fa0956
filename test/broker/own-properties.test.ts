import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { IPublishPacket, Packet } from 'mqtt-packet'
import { ownClient, words } from './own-client.ts'
import { type OpenBroker, startOpenBroker } from './paho-broker.ts'
import { bareClient, message } from './paho-client.ts'

const run = promisify(execFile)
const hasMosquitto = spawnSync('mosquitto_sub', ['--help'], { stdio: 'ignore' }).error === undefined
/** Mosquitto's own client as a witness; with CI=true it has to be there. */
const testWithMosquitto = hasMosquitto || process.env.CI === 'true' ? test : test.skip
let broker: OpenBroker

afterEach(async () => {
  await broker?.close()
})

const subscribeTo = (topic: string, qos: 0 | 1 | 2): Packet =>
  ({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic, qos }] }) as Packet

/** MQTT 5, table 2-4: all that a publish hands on. */
const ALL = {
  payloadFormatIndicator: true,
  contentType: 'text/plain',
  responseTopic: 'answers',
  correlationData: Buffer.from([0, 1, 255]),
  userProperties: { lamp: 'hall', floor: ['1', '2'] },
}

describe('the properties of a publish', () => {
  test.each([
    [0 as const, 'x'],
    [1 as const, 'x'],
    [2 as const, 'x'],
    [0 as const, ''],
    [1 as const, ''],
    [2 as const, ''],
  ])('reach who hears it, with QoS %i and the payload "%s"', async (qos, payload) => {
    broker = await startOpenBroker()
    const hears = await ownClient(broker.port, 'hears')
    await hears.subscribe('own/#')
    const says = await ownClient(broker.port, 'says')
    await says.publish('own/topic', payload, { qos, properties: ALL })
    await says.publish('own/topic', payload, { qos })
    const first = await hears.next()
    expect({ ...first.properties }).toEqual(ALL)
    expect([first.qos, words(first)]).toEqual([qos, payload])
    // An equal payload is not the same message.
    expect((await hears.next()).properties ?? {}).toEqual({})
    await Promise.all([hears.leave(), says.leave()])
  })

  test('keep their order and their repeats [MQTT5-3.3.2-18]', async () => {
    broker = await startOpenBroker()
    const hears = await bareClient(broker.port, 5)
    hears.send(subscribeTo('a', 0))
    await hears.next('suback')
    let came = Buffer.alloc(0)
    hears.socket.on('data', (data: Buffer) => {
      came = Buffer.concat([came, data])
    })
    const pair = (name: string, value: string) => [
      0x26,
      0,
      1,
      name.charCodeAt(0),
      0,
      1,
      value.charCodeAt(0),
    ]
    const pairs = [...pair('b', '1'), ...pair('2', '2'), ...pair('b', '3'), ...pair('1', '4')]
    const publish = [0x30, 4 + pairs.length + 1, 0, 1, 97, pairs.length, ...pairs, 120]
    const says = await bareClient(broker.port, 5)
    await says.next('connack')
    says.socket.write(Buffer.from(publish))
    await hears.next('publish')
    expect([...came]).toEqual(publish)
    for (const { socket } of [hears, says]) socket.destroy()
  })

  test('do not trouble a client of 3.1.1, and what it says reaches one of 5', async () => {
    broker = await startOpenBroker()
    const old = await bareClient(broker.port, 4)
    old.send(subscribeTo('a', 1))
    await old.next('suback')
    const says = await ownClient(broker.port, 'says')
    await says.subscribe('b')
    await says.publish('a', 'x', { properties: ALL })
    expect(await old.next('publish')).toMatchObject({ topic: 'a', qos: 1 })
    old.send(message('b', 1, 7, 'y'))
    expect(words(await says.next())).toBe('y')
    old.socket.destroy()
    await says.leave()
  })

  testWithMosquitto('are read by mosquitto_sub, also when they were stored for it', async () => {
    broker = await startOpenBroker()
    const port = String(broker.port)
    const lasting = [
      '-V',
      '5',
      '-p',
      port,
      '-i',
      'theirs',
      '-c',
      '-x',
      '60',
      '-q',
      '1',
      '-t',
      'own/#',
    ]
    const mosquitto = (...args: string[]) =>
      run('mosquitto_sub', [...lasting, ...args], { timeout: 5000 })
    // -E: until it is subscribed.
    await mosquitto('-E')
    const says = await ownClient(broker.port, 'says')
    const properties = { ...ALL, correlationData: Buffer.from('7') }
    await says.publish('own/topic', 'x', { properties })
    const { stdout } = await mosquitto('-C', '1', '-F', '%t|%C|%R|%D|%F|%P|%p')
    expect(stdout).toBe('own/topic|text/plain|answers|7|1|lamp:hall floor:1 floor:2|x\n')
    await says.leave()
  })
})

describe('a topic alias of ours', () => {
  test('is set with the first publish, and only as far as the client takes it', async () => {
    broker = await startOpenBroker()
    const client = await bareClient(broker.port, 5, { topicAliasMaximum: 1 })
    client.send(subscribeTo('#', 2))
    await client.next('suback')
    client.send(message('a', 0), message('a', 1, 1), message('b', 0), message('a', 2, 2))
    const got: [string, number | undefined][] = []
    while (got.length < 4) {
      const { topic, properties } = (await client.next('publish')) as IPublishPacket
      got.push([topic, properties?.topicAlias])
    }
    expect(got.sort()).toEqual(
      [
        ['a', 1],
        ['', 1],
        ['', 1],
        ['b', undefined],
      ].sort(),
    )
    client.socket.destroy()
  })

  test('is not set by a publish that is too large to be sent', async () => {
    broker = await startOpenBroker()
    const limits = { topicAliasMaximum: 5, maximumPacketSize: 60 }
    const client = await bareClient(broker.port, 5, limits)
    client.send(subscribeTo('a', 1))
    await client.next('suback')
    client.send(message('a', 1, 1, 'x'.repeat(80)), message('a', 1, 2, 'y'))
    expect(await client.next('publish')).toMatchObject({
      topic: 'a',
      properties: { topicAlias: 1 },
    })
    client.socket.destroy()
  })
})

describe('a message that expires', () => {
  test('says how long it still lasts, and is not sent when that is over', async () => {
    const clock = { now: 1_000_000 }
    broker = await startOpenBroker({ now: () => clock.now })
    const before = await ownClient(broker.port, 'away', { lasts: 100 })
    await before.subscribe('a')
    await before.leave()
    const says = await ownClient(broker.port, 'says')
    const lasting = (seconds: number) => ({ properties: { messageExpiryInterval: seconds } })
    for (const qos of [1, 2] as const) {
      await says.publish('a', 'short', { qos, ...lasting(5) })
      await says.publish('a', 'long', { qos, ...lasting(60) })
    }
    clock.now += 5500
    const hears = await ownClient(broker.port, 'away', { lasts: 100 })
    const got = [await hears.next(), await hears.next()]
    expect(got.map((one) => [words(one), one.properties?.messageExpiryInterval])).toEqual([
      ['long', 55],
      ['long', 55],
    ])
    await hears.leave()
    // What had expired is not kept either.
    const again = await ownClient(broker.port, 'away')
    await says.publish('a', 'new')
    expect(words(await again.next())).toBe('new')
    await Promise.all([again.leave(), says.leave()])
  })
})
