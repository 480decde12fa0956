import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { IPublishPacket, ISubackPacket, Packet } from 'mqtt-packet'
import { createWindow, type Sendable } from '../../broker/front/window.ts'
import { type OpenBroker, startOpenBroker } from './paho-broker.ts'
import { bareClient, message } from './paho-client.ts'

let broker: OpenBroker

afterEach(async () => {
  await broker?.close()
})

const subscribeTo = (topic: string, qos: 0 | 1 | 2, messageId = 9): Packet =>
  ({ cmd: 'subscribe', messageId, subscriptions: [{ topic, qos }] }) as Packet

const idsOf = (packets: readonly Packet[]) =>
  packets.flatMap((packet) => (packet.cmd === 'publish' ? [packet.messageId] : []))

describe('before the CONNACK', () => {
  test('as much may come as a client likes, and is answered after it, in order', async () => {
    broker = await startOpenBroker()
    const publishes = Array.from({ length: 100 }, (_, i) => message('a', 1, i + 1))
    const client = await bareClient(broker.port, 4, {}, [...publishes, { cmd: 'pingreq' }])
    await client.next('pingresp')
    expect(client.came.filter(({ cmd }) => cmd === 'puback').length).toBeLessThanOrEqual(100)
    client.socket.destroy()
  })

  test('a publish of the largest size does not get ahead of it', async () => {
    broker = await startOpenBroker()
    const large = message('a', 1, 1, Buffer.alloc(65_000))
    const client = await bareClient(broker.port, 4, {}, [large, { cmd: 'pingreq' }])
    while (client.came.length < 3) await once(client.socket, 'came')
    expect(client.came.map(({ cmd }) => cmd)).toEqual(['connack', 'puback', 'pingresp'])
    client.socket.destroy()
  })

  test('no DISCONNECT is sent: what is wrong then is said after it', async () => {
    broker = await startOpenBroker()
    const client = await bareClient(broker.port, 5, {}, [message('', 0)])
    await client.closed
    expect(client.came.map(({ cmd }) => cmd)).toEqual(['connack', 'disconnect'])
  })
})

describe('a client of MQTT 5 with a receive maximum', () => {
  test('gets no more at once, and the next for each that it acknowledges', async () => {
    broker = await startOpenBroker()
    const client = await bareClient(broker.port, 5, { receiveMaximum: 2 })
    client.send(subscribeTo('a', 1))
    await client.next('suback')
    client.send(...[1, 2, 3, 4].map((id) => message('a', 1, id, `${id}`)))
    await client.next('publish')
    const second = (await client.next('publish')) as IPublishPacket
    await sleep(50)
    expect(idsOf(await client.settle())).toEqual([])
    client.send({ cmd: 'puback', messageId: second.messageId as number })
    const third = (await client.next('publish')) as IPublishPacket
    expect(third.payload.toString()).toBe('3')
    expect(idsOf(await client.settle())).toEqual([])
    client.socket.destroy()
  })

  test('gets those with QoS 0 all the same', async () => {
    broker = await startOpenBroker()
    const client = await bareClient(broker.port, 5, { receiveMaximum: 1 })
    client.send(subscribeTo('a', 2))
    await client.next('suback')
    client.send(...[1, 2].map((id) => message('a', 1, id)), message('a', 0), message('a', 0))
    await sleep(50)
    const got = (await client.settle()).filter(({ cmd }) => cmd === 'publish') as IPublishPacket[]
    expect(got.map(({ qos }) => qos).sort()).toEqual([0, 0, 1])
    client.socket.destroy()
  })

  test('is done with a QoS 2 publish when it has refused or completed it', async () => {
    broker = await startOpenBroker()
    const client = await bareClient(broker.port, 5, { receiveMaximum: 1 })
    client.send(subscribeTo('a', 2))
    await client.next('suback')
    const other = await bareClient(broker.port, 4)
    other.send(...[1, 2, 3].map((id) => message('a', 1, id, `${id}`)))
    const one = (await client.next('publish')) as IPublishPacket
    client.send({ cmd: 'pubrec', messageId: one.messageId as number, reasonCode: 0x80 } as Packet)
    const two = (await client.next('publish')) as IPublishPacket
    client.send({ cmd: 'puback', messageId: two.messageId as number })
    expect(((await client.next('publish')) as IPublishPacket).payload.toString()).toBe('3')
    client.socket.destroy()
    other.socket.destroy()
  })

  test('that acknowledges nothing is full some day', () => {
    const sent: (number | undefined)[] = []
    const window = createWindow<Sendable>({
      receiveMaximum: 1,
      backlogBytes: 4 * 1024 * 1024,
      send: ({ packet }) => sent.push(packet.messageId) > 0,
    })
    const large = message('a', 1, 1, Buffer.alloc(1024 * 1024)) as IPublishPacket
    const answers = [1, 2, 3, 4, 5].map((messageId) =>
      window.admit({ packet: { ...large, messageId } }),
    )
    expect(answers).toEqual([...Array(4).fill('admitted'), 'full'])
    expect(sent).toEqual([1])
  })
})

describe('a client of MQTT 5 with a maximum packet size', () => {
  test('never gets a larger one, counted in bytes, and all that fit after it', async () => {
    broker = await startOpenBroker()
    const client = await bareClient(broker.port, 5, { maximumPacketSize: 60 })
    client.send(subscribeTo('€€€€€', 1))
    await client.next('suback')
    const other = await bareClient(broker.port, 4)
    // 2 + 2 + 15 + 2 + 1 and the payload.
    other.send(message('€€€€€', 1, 1, 'x'.repeat(39)), message('€€€€€', 1, 2, 'y'.repeat(38)))
    const got = (await client.next('publish')) as IPublishPacket
    expect(got.payload.toString()).toBe('y'.repeat(38))
    client.socket.destroy()
    other.socket.destroy()
  })
})

describe('a refused publish with QoS 2', () => {
  test('is over with its PUBREC: any number may follow', async () => {
    broker = await startOpenBroker({ limits: { receiveMaximum: 5 } })
    const client = await bareClient(broker.port, 5)
    await client.next('connack')
    for (let id = 1; id <= 20; id++) {
      client.send(message('test/nopublish', 2, id))
      expect(await client.next('pubrec')).toMatchObject({ reasonCode: 0x87, messageId: id })
    }
    expect(await client.settle()).toEqual([])
    client.socket.destroy()
  })
})

describe('a client that publishes faster than it may', () => {
  test.each([
    ['at once', undefined],
    ['after a while', 20],
  ])('is read more slowly, but read on, where publishes are answered %s', async (_, thinkMs) => {
    const think = thinkMs === undefined ? {} : { thinkMs }
    broker = await startOpenBroker({ limits: { publishesPerSecond: 50 }, ...think })
    const client = await bareClient(broker.port, 4)
    await client.next('connack')
    client.send(...Array.from({ length: 510 }, (_, i) => message('a', 1, i + 1)))
    while (client.came.length < 510) await once(client.socket, 'came')
    client.send(message('a', 1, 600))
    while (client.came.length < 511) await once(client.socket, 'came')
    expect(broker.events).toContainEqual({ what: 'throttled', rule: 'publishes a second' })
    client.socket.destroy()
  })
})

describe('the codes of a SUBACK', () => {
  const twice = (messageId: number): Packet =>
    ({
      cmd: 'subscribe',
      messageId,
      subscriptions: [
        { topic: 'a', qos: 1 },
        { topic: 'a', qos: 1 },
      ],
    }) as Packet

  test('are as many as the filters, in thousands of SUBSCRIBEs at once too', async () => {
    broker = await startOpenBroker()
    const client = await bareClient(broker.port, 4)
    await client.next('connack')
    const began = Date.now()
    client.send(...Array.from({ length: 4000 }, (_, i) => twice(i + 1)))
    while (client.came.length < 4000) await once(client.socket, 'came')
    expect(client.came.every((packet) => (packet as ISubackPacket).granted.length === 2)).toBe(true)
    expect(Date.now() - began).toBeLessThan(5000)
    client.socket.destroy()
  })
})

describe('a client that does not read', () => {
  test.each([4 as const, 5 as const])(
    'is cut, and the others are served (level %i)',
    async (level) => {
      broker = await startOpenBroker({ drainMs: 300 })
      const frozen = await bareClient(broker.port, level)
      frozen.send(subscribeTo('a', 0))
      await frozen.next('suback')
      frozen.socket.pause()
      const other = await bareClient(broker.port, 4)
      const large = Buffer.alloc(60_000)
      while (broker.fronts.size === 2) {
        for (let i = 0; i < 20; i++) other.send(message('a', 0, 0, large))
        await other.settle()
      }
      await other.settle()
      frozen.socket.destroy()
      other.socket.destroy()
    },
  )
})

describe('a client that is let go', () => {
  test('hears the reason, also while the broker still answers it', async () => {
    broker = await startOpenBroker({ thinkMs: 20 })
    const client = await bareClient(broker.port, 5)
    await client.next('connack')
    client.send(...Array.from({ length: 20 }, (_, i) => message('a', 1, i + 1)))
    await sleep(10)
    for (const front of broker.fronts) front.end(0x98)
    await client.closed
    expect(client.came.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x98 })
  })
})
