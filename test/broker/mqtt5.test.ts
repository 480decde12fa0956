import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import mqtt, { type IPublishPacket } from 'mqtt'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { startServer, type TestServer } from '../support/server.ts'

const RESULT = 'latchkey/v1/claim/result'
const OWNER = 'latchkey/v1/owner'
const CLAIM = 'latchkey/v1/claim'
const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())

const connected = async (
  topics: string[] = [RESULT, OWNER],
  more: Record<string, unknown> = {},
) => {
  const device = await makeDevice(maker, more)
  const live = await connectDevice(server.mqttUrl, device.token, topics, { protocolVersion: 5 })
  return { device, ...live }
}

/** The reason code of a publish, also of one that is refused. */
const published = async (client: mqtt.MqttClient, topic: string, body: string, properties = {}) =>
  new Promise<number>((resolve) => {
    client.publish(topic, body, { qos: 1, properties }, (error, packet) => {
      const code = (error as { code?: number } | null)?.code
      resolve(code ?? (packet as { reasonCode?: number } | undefined)?.reasonCode ?? 0)
    })
  })

describe('a client of MQTT 5', () => {
  test('is told our limits in CONNACK', async () => {
    const { token } = await makeDevice(maker)
    const client = mqtt.connect(server.mqttUrl, {
      username: token,
      protocolVersion: 5,
      clientId: '',
      reconnectPeriod: 0,
    })
    const connack = await new Promise<mqtt.IConnackPacket>((resolve) =>
      client.once('connect', resolve),
    )
    expect(connack.properties).toMatchObject({
      maximumPacketSize: 65_536,
      receiveMaximum: expect.any(Number),
      retainAvailable: false,
      sharedSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      topicAliasMaximum: 16,
      sessionExpiryInterval: 0,
      assignedClientIdentifier: expect.any(String),
    })
    await client.endAsync(true)
  })

  test('which is a gateway may send 1 MiB', async () => {
    const { token } = await makeDevice(maker, { gateway: true })
    const client = mqtt.connect(server.mqttUrl, {
      username: token,
      protocolVersion: 5,
      reconnectPeriod: 0,
    })
    const connack = await new Promise<mqtt.IConnackPacket>((resolve) =>
      client.once('connect', resolve),
    )
    expect(connack.properties).toMatchObject({ maximumPacketSize: 1_048_576 })
    await client.endAsync(true)
  })

  test('with a wrong credential is refused with 0x86 or 0x87', async () => {
    for (const username of ['wrong', 'A'.repeat(43)]) {
      const refused = await mqtt
        .connectAsync(server.mqttUrl, { protocolVersion: 5, reconnectPeriod: 0, username })
        .catch((error: { code: number }) => error)
      expect([0x86, 0x87]).toContain((refused as { code: number }).code)
    }
  })

  test('claims as one of 3.1.1 does', async () => {
    const { device, next, publish, end } = await connected()
    expect(await next(OWNER)).toEqual({ claimed: false, epoch: 0 })
    await publish(CLAIM, { secret: 'five' })
    const opened = await next(RESULT)
    const ada = await customer(server.httpUrl)
    expect((await ada.post(`${V1}/claims`, { device: device.id, secret: 'five' })).status).toBe(201)
    expect(await next(RESULT)).toEqual({ id: opened.id, state: 'claimed', epoch: 1 })
    expect(await next(OWNER)).toEqual({ claimed: true, epoch: 1, home: ada.home })
    await end()
  })

  test('is told why a publish was not taken, and stays', async () => {
    const { client, end } = await connected()
    expect(await published(client, 'somebody/elses', 'x')).toBe(0x87)
    expect(await published(client, CLAIM, 'nonsense')).toBe(0x99)
    expect(await published(client, CLAIM, '{"secret":1}')).toBe(0x99)
    expect(await published(client, CLAIM, '{"secret":"x"}')).toBe(0)
    expect(client.connected).toBe(true)
    await end()
  })

  test('is told why a filter was not granted', async () => {
    const { client, end } = await connected([])
    const suback = await new Promise<number[]>((resolve) => {
      client.on('packetreceive', (packet) => {
        if (packet.cmd === 'suback') resolve(packet.granted as number[])
      })
      client.subscribe(
        { [OWNER]: { qos: 1 }, '#': { qos: 0 }, '$share/g/x': { qos: 0 }, [RESULT]: { qos: 2 } },
        () => undefined,
      )
    })
    expect(suback).toEqual([1, 0x87, 0x9e, 1])
    await end()
  })

  test('gets the answer where it asked for it, with its correlation data', async () => {
    const { client, end } = await connected()
    const answer = new Promise<IPublishPacket>((resolve) => {
      client.on('message', (topic, _payload, packet) => {
        if (topic === RESULT) resolve(packet)
      })
    })
    const correlationData = Buffer.from('question 7')
    await published(client, CLAIM, '{"secret":"x"}', { responseTopic: RESULT, correlationData })
    expect((await answer).properties?.correlationData).toEqual(correlationData)
    await end()
  })

  test('may ask for the answer only where it may hear it', async () => {
    const spy = await connected()
    await spy.next(OWNER)
    const { client, next, end } = await connected()
    await published(client, CLAIM, '{"secret":"x"}', { responseTopic: 'somewhere/else' })
    expect(await next(RESULT)).toMatchObject({ state: 'open' })
    await expect(spy.next(RESULT, 100)).rejects.toThrow('nothing came')
    await Promise.all([end(), spy.end()])
  })

  test('may give a topic a number', async () => {
    const { client, next, end } = await connected()
    expect(await published(client, CLAIM, '{"secret":"one"}', { topicAlias: 3 })).toBe(0)
    expect(await published(client, '', '{"secret":"two"}', { topicAlias: 3 })).toBe(0)
    expect(await next(RESULT)).toMatchObject({ state: 'open' })
    expect(await next(RESULT)).toMatchObject({ state: 'open' })
    await end()
  })

  test('hears that a newer connection took its place', async () => {
    const { device, client } = await connected()
    const code = new Promise<number | undefined>((resolve) => {
      client.once('disconnect', (packet) => resolve(packet.reasonCode))
    })
    const newer = await connectDevice(server.mqttUrl, device.token, [], { protocolVersion: 5 })
    expect(await code).toBe(0x8e)
    await newer.end()
  })

  test('hears that its packet was too large', async () => {
    const { client } = await connected()
    const code = new Promise<number | undefined>((resolve) => {
      client.once('disconnect', (packet) => resolve(packet.reasonCode))
    })
    // The client itself would not send it, knowing our maximum.
    client.stream.write(Buffer.from([0x30, 0x80, 0x80, 0x08]))
    expect(await code).toBe(0x95)
  })

  test('hears that the server goes', async () => {
    const other = await startServer()
    const { token } = await makeDevice(await signIn(other.httpUrl))
    const { client } = await connectDevice(other.mqttUrl, token, [], { protocolVersion: 5 })
    const code = new Promise<number | undefined>((resolve) => {
      client.once('disconnect', (packet) => resolve(packet.reasonCode))
    })
    await other.close()
    expect(await code).toBe(0x8b)
  })

  test('unsubscribes, and hears what it was not subscribed to', async () => {
    const { client, end } = await connected([OWNER])
    const codes = new Promise<number[]>((resolve) => {
      client.on('packetreceive', (packet) => {
        if (packet.cmd === 'unsuback') resolve(packet.granted as number[])
      })
    })
    client.unsubscribe([OWNER, RESULT], () => undefined)
    expect(await codes).toEqual([0x00, 0x11])
    await end()
  })
})

test('a client of 3.1.1 gets one code for each filter, repeats included', async () => {
  const { token } = await makeDevice(maker)
  const { client, end } = await connectDevice(server.mqttUrl, token)
  const suback = new Promise<number[]>((resolve) => {
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'suback') resolve(packet.granted as number[])
    })
  })
  const filter = (text: string, qos: number) => [0, text.length, ...Buffer.from(text), qos]
  const body = [
    0,
    9,
    ...filter(OWNER, 1),
    ...filter('#', 0),
    ...filter(OWNER, 1),
    ...filter('#', 1),
  ]
  client.stream.write(Buffer.from([0x82, body.length, ...body]))
  expect(await suback).toEqual([1, 128, 1, 128])
  await end()
})
