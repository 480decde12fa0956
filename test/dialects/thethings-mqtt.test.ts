import { describe, expect, test } from '@jest/globals'
import mqtt, { type IClientOptions } from 'mqtt'
import { api, makeDevice, signIn } from '../support/api.ts'
import { connectDevice, type TestDevice } from '../support/device.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'
import {
  activate,
  guest as guestOf,
  newCodes,
  newLinkId,
  register,
  removeThing,
} from '../support/thethings.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}

const linked = (thingId: string) => ({ status: 'success', message: 'linked', thingId })
const WAITING = { status: 'success', message: 'waiting for app' }

const guest = (topics: string[] = [], options: IClientOptions = {}): Promise<TestDevice> =>
  guestOf(server.mqttUrl, topics, options)

/** A thing, with a guest that speaks for it. */
const live = async (options: IClientOptions = {}) => {
  const thing = await activate(server.httpUrl)
  const own = `v2/things/${thing.thingToken}`
  const client = await guest([own, `${own}/link-id`], options)
  return { ...thing, own, link: `${own}/link-id`, client }
}

const granted = ({ client }: TestDevice, filter: string): Promise<number> =>
  new Promise((resolve) => {
    client.once('packetreceive', function hear(packet) {
      if (packet.cmd === 'suback') resolve(Number((packet.granted as number[])[0]))
      else client.once('packetreceive', hear)
    })
    client.subscribe(filter, { qos: 1 }, () => undefined)
  })

onEachStore(ready, () => {
  describe.each([4, 5] as const)('a thing of protocol level %i', (protocolVersion) => {
    test('is activated by subscribing, once, and speaks on the same connection', async () => {
      const [code] = await newCodes(server.httpUrl)
      const topic = `v2/activations/${code}/77`
      const client = await guest([topic], { protocolVersion })
      const { thingToken, ...rest } = await client.next(topic)
      expect(rest).toEqual({ status: 'created', thingId: expect.stringMatching(/^[\w-]{43}$/) })
      const own = `v2/things/${thingToken}`
      await client.publish(own, { values: [{ key: 'k', value: 1 }] })
      const read = await api(server.httpUrl).get(`/v2/things/${thingToken}/resources/k`)
      expect(read.body).toMatchObject([{ value: 1 }])
      const again = await guest([topic], { protocolVersion })
      expect(await again.next(topic)).toMatchObject({ status: 'error', code: 400 })
      await Promise.all([client.end(), again.end()])
    })

    test('that comes first waits, and is told when the app comes', async () => {
      const { client, link, thingId } = await live({ protocolVersion })
      const linkId = newLinkId()
      await client.publish(link, { linkId })
      expect(await client.next(link)).toEqual(WAITING)
      const ada = await register(server.httpUrl)
      expect((await ada.post('/v2/me/things/link-id', { linkId })).body).toEqual(linked(thingId))
      expect(await client.next(link)).toEqual(linked(thingId))
      await client.publish(link, { linkId })
      expect(await client.next(link)).toEqual(linked(thingId))
      await client.end()
    })

    test('that comes second is linked, and told so once', async () => {
      const { client, link, thingId } = await live({ protocolVersion })
      const linkId = newLinkId()
      const ada = await register(server.httpUrl)
      await ada.post('/v2/me/things/link-id', { linkId })
      await client.publish(link, { linkId })
      expect(await client.next(link)).toEqual(linked(thingId))
      expect((await ada.post('/v2/me/things/link-id', { linkId })).body).toEqual(linked(thingId))
      await expect(client.next(link, 100)).rejects.toThrow('nothing came')
      await client.end()
    })
  })

  test('a contested link is said to both things, and nobody is linked', async () => {
    const [one, two] = [await live(), await live()]
    const linkId = newLinkId()
    await one.client.publish(one.link, { linkId })
    expect(await one.client.next(one.link)).toEqual(WAITING)
    await two.client.publish(two.link, { linkId })
    for (const { client, link } of [one, two])
      expect(await client.next(link)).toMatchObject({ status: 'error', code: 403 })
    const ada = await register(server.httpUrl)
    expect((await ada.post('/v2/me/things/link-id', { linkId })).status).toBe(403)
    await Promise.all([one.client.end(), two.client.end()])
  })

  test('a malformed link id is answered with an error, and the connection stays', async () => {
    const { client, link } = await live()
    for (const body of ['{', {}, { linkId: '' }, { linkId: 'x'.repeat(257) }, { linkId: 1 }]) {
      await client.publish(link, body)
      expect(await client.next(link)).toMatchObject({ status: 'error', code: 400 })
    }
    await client.end()
  })

  test('what the owner sets comes to the thing’s topic, and never after he has unlinked it', async () => {
    const { client, own, thingToken, thingId } = await live()
    const [ada, bob] = [await register(server.httpUrl), await register(server.httpUrl)]
    const set = (who: typeof ada, value: string) =>
      who.post(`/v2/me/resources/lamp/${thingId}`, { values: [{ value }] })
    await ada.post('/v2/me/things', { thingToken })
    expect((await set(ada, 'on')).status).toBe(201)
    expect(await client.next(own)).toEqual({
      values: [{ key: 'lamp', value: 'on', datetime: expect.any(String) }],
    })
    await ada.delete(`/v2/me/things/${thingId}`)
    expect((await set(ada, 'late')).status).toBe(404)
    await bob.post('/v2/me/things', { thingToken })
    await set(bob, 'his')
    expect(await client.next(own)).toMatchObject({ values: [{ value: 'his' }] })
    await client.end()
  })

  test('what a thing publishes is stored when it is acknowledged, and comes to nobody', async () => {
    const { client, own, thingToken } = await live()
    const other = await guest([own])
    await client.publish(own, { values: [{ key: 'k', value: 7 }] })
    const read = await api(server.httpUrl).get(`/v2/things/${thingToken}/resources/k`)
    expect(read.body).toMatchObject([{ key: 'k', value: 7 }])
    await expect(other.next(own, 100)).rejects.toThrow('nothing came')
    await expect(client.next(own, 100)).rejects.toThrow('nothing came')
    await Promise.all([client.end(), other.end()])
  })

  test('a device that connects with its token has its own topics, and no other’s', async () => {
    const [thing, other] = [await activate(server.httpUrl), await activate(server.httpUrl)]
    const own = `v2/things/${thing.thingToken}`
    const device = await connectDevice(server.mqttUrl, thing.thingToken, [
      own,
      `${own}/link-id`,
      'latchkey/v1/owner',
    ])
    await device.publish(`${own}/link-id`, { linkId: newLinkId() })
    expect(await device.next(`${own}/link-id`)).toEqual(WAITING)
    expect(await granted(device, `v2/things/${other.thingToken}`)).toBe(128)
    const [code] = await newCodes(server.httpUrl)
    expect(await granted(device, `v2/activations/${code}/1`)).toBe(128)
    await device.publish(`v2/things/${other.thingToken}`, { values: [{ key: 'k', value: 1 }] })
    const read = await api(server.httpUrl).get(`/v2/things/${other.thingToken}/resources/k`)
    expect(read.status).toBe(404)
    await device.end()
  })

  describe('a guest', () => {
    test('may hear nothing but topics with a good credential or a code in them', async () => {
      const { thingToken } = await activate(server.httpUrl)
      const client = await guest()
      const device = await makeDevice(await signIn(server.httpUrl))
      for (const filter of [
        '#',
        '+',
        'v2/#',
        'v2/+/+',
        'v2/things/+',
        'v2/things/#',
        'v2/things/+/link-id',
        'v2/activations/+/+',
        'v2/activations/+/1',
        'v2/activations/code/+',
        'v2/activations/code/#',
        'v2/activations/code',
        `v2/things/${'A'.repeat(43)}`,
        `v2/things/${thingToken}/#`,
        `v2/things/${thingToken}/+`,
        `v2/things/${thingToken}/cmd`,
        `/v2/things/${thingToken}`,
        `$share/g/v2/things/${thingToken}`,
        'latchkey/v1/owner',
        'latchkey/v1/claim/result',
        'v1/devices/me/rpc/request/+',
        `devices/${device.id}/#`,
        '$SYS/#',
      ])
        expect([filter, await granted(client, filter)]).toEqual([filter, 128])
      expect(await granted(client, `v2/things/${thingToken}`)).toBe(1)
      await client.end()
    })

    test('may say nothing anywhere else', async () => {
      const { own, client, thingToken } = await live()
      const other = await guest()
      for (const topic of [
        'latchkey/v1/claim',
        'v1/devices/me/claim',
        `${own}/cmd`,
        `v2/things/${'A'.repeat(43)}`,
        'v2/activations/a/b',
        '$SYS/evil',
      ])
        await other.publish(topic, { values: [{ key: 'w', value: 1 }] })
      expect(other.client.connected).toBe(true)
      await other.end()
      await expect(client.next(own, 100)).rejects.toThrow('nothing came')
      const read = await api(server.httpUrl).get(`/v2/things/${thingToken}/resources/w`)
      expect(read.status).toBe(404)
      await client.end()
    })

    // tt-mqtt examples/last-will-client.js: the payload is the example's.
    test('leaves a last will that is stored when its connection breaks, and only then', async () => {
      const [one, two] = [await activate(server.httpUrl), await activate(server.httpUrl)]
      const payload = JSON.stringify({
        values: [{ key: 'LWT', value: 'Device Last Will Testament' }],
      })
      const leave = (token: string) =>
        guest([], { will: { topic: `v2/things/${token}`, payload, qos: 0, retain: true } })
      const [gone, ended] = [await leave(one.thingToken), await leave(two.thingToken)]
      await ended.client.endAsync()
      gone.client.stream.destroy()
      await gone.closed
      const read = (token: string) =>
        api(server.httpUrl).get(`/v2/things/${token}/resources/LWT/?limit=1`)
      let reply = await read(one.thingToken)
      for (const began = Date.now(); reply.status === 404 && Date.now() < began + 3000; )
        reply = await read(one.thingToken)
      expect(reply.body).toMatchObject([{ key: 'LWT', value: 'Device Last Will Testament' }])
      expect((await read(two.thingToken)).status).toBe(404)
    })

    test('leaves no last will anywhere else', async () => {
      const { own, client } = await live()
      for (const topic of ['their/topic', `${own}/cmd`, `v2/things/${'A'.repeat(43)}`]) {
        const will = { topic, payload: Buffer.from('{"values":[]}'), qos: 1, retain: true } as const
        const other = await guest([], { will })
        other.client.stream.destroy()
        await other.closed
      }
      await expect(client.next(own, 100)).rejects.toThrow('nothing came')
      expect(client.client.connected).toBe(true)
      await client.end()
    })

    test('speaks for many things, each answered on its own topic, but not for any number', async () => {
      const codes = await newCodes(server.httpUrl, 101)
      const things = await Promise.all(
        codes.map(
          async (activationCode) =>
            (await api(server.httpUrl).post('/v2/things', { activationCode })).body.thingToken,
        ),
      )
      const client = await guest()
      const links = things.map((token) => `v2/things/${token}/link-id`)
      for (const link of links.slice(0, 100)) expect(await granted(client, link)).toBe(1)
      expect(await granted(client, links[100] as string)).toBe(128)
      for (const link of links.slice(0, 2)) {
        await client.publish(link, { linkId: newLinkId() })
        expect(await client.next(link)).toEqual(WAITING)
      }
      await client.end()
    })

    test('hears nothing more on a topic whose credential has died', async () => {
      const { client, own, thingId } = await live()
      await removeThing(server.httpUrl, thingId)
      await client.publish(own, { values: [{ key: 'k', value: 1 }] })
      expect(await granted(await guest(), own)).toBe(128)
      expect(client.client.connected).toBe(true)
      await client.end()
    })

    test('may have the client id of another guest', async () => {
      const [one, two] = [await live({ clientId: 'same' }), await live({ clientId: 'same' })]
      await one.client.publish(one.link, { linkId: newLinkId() })
      expect(await one.client.next(one.link)).toEqual(WAITING)
      await Promise.all([one.client.end(), two.client.end()])
    })
  })
})

test('without the dialect nobody connects without a credential', async () => {
  const other = await startServer({ LATCHKEY_DIALECTS: 'thingsboard' })
  const refused = new Promise((resolve) => {
    const client = mqtt.connect(other.mqttUrl, { reconnectPeriod: 0 })
    client.once('connect', () => resolve('connected'))
    client.once('error', (error) => resolve((error as Error & { code: number }).code))
    client.once('close', () => client.end(true))
  })
  expect(await refused).toBe(5)
  await other.close()
})
