import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import mqtt from 'mqtt'
import { generate } from 'mqtt-packet'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const RESULT = 'latchkey/v1/claim/result'
const OWNER = 'latchkey/v1/owner'
const CLAIM = 'latchkey/v1/claim'
const BATCH = 'latchkey/v1/gateway/claims'
const BATCH_RESULT = 'latchkey/v1/gateway/claims/result'
const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api

const ready = async (started: TestServer) => {
  server = started
  maker = await signIn(server.httpUrl)
}

const connected = async (topics = [RESULT, OWNER], more: Record<string, unknown> = {}) => {
  const device = await makeDevice(maker, more)
  return { device, ...(await connectDevice(server.mqttUrl, device.token, topics)) }
}

/** A connection of bare bytes, with its CONNACK if one comes. */
const rawConnect = async (username: string, clientId: string) => {
  const socket = connectSocket(Number(new URL(server.mqttUrl).port), '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const connack = new Promise<number[]>((resolve) => {
    socket.once('data', (bytes) => resolve([...bytes]))
    socket.once('close', () => resolve([]))
  })
  socket.write(
    generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId,
      username,
      keepalive: 60,
    }),
  )
  return { socket, connack }
}

const codeOf = async (username: string | undefined) => {
  const options = username === undefined ? {} : { username }
  const connecting = mqtt.connectAsync(server.mqttUrl, { reconnectPeriod: 0, ...options })
  return connecting.then(
    () => 0,
    (error: { code?: number }) => error.code,
  )
}

onEachStore(ready, () => {
  describe('connecting', () => {
    test('needs the credential of a device', async () => {
      for (const wrong of [
        '',
        'nobody',
        'A'.repeat(43),
        '__proto__',
        'constructor',
        'x'.repeat(3000),
      ])
        expect([4, 5]).toContain(await codeOf(wrong))
    })

    test('with a client id that another device uses harms neither', async () => {
      const one = await makeDevice(maker)
      const two = await makeDevice(maker)
      const first = await connectDevice(server.mqttUrl, one.token, [OWNER], { clientId: 'same' })
      const second = await connectDevice(server.mqttUrl, two.token, [OWNER], { clientId: 'same' })
      expect(await first.next(OWNER)).toMatchObject({ claimed: false })
      expect(await second.next(OWNER)).toMatchObject({ claimed: false })
      expect([first.client.connected, second.client.connected]).toEqual([true, true])
      await Promise.all([first.end(), second.end()])
    })

    test('a hundred times at once leaves exactly one connection, and it works', async () => {
      const device = await makeDevice(maker)
      const sockets = await Promise.all(
        Array.from({ length: 100 }, (_, i) => rawConnect(device.token, `client-${i % 3}`)),
      )
      const settled = () => sockets.filter(({ socket }) => !socket.destroyed)
      while (settled().length > 1) await once(settled()[0]?.socket as Socket, 'close')
      const [winner] = settled()
      expect(settled()).toHaveLength(1)
      expect(await winner?.connack).toEqual([0x20, 0x02, 0x00, 0x00])
      winner?.socket.write(Buffer.from([0xc0, 0x00]))
      const [pong] = await once(winner?.socket as Socket, 'data')
      expect([...pong]).toEqual([0xd0, 0x00])
      winner?.socket.destroy()
    })

    test('with more than 4 KB before the CONNECT is complete is cut', async () => {
      const port = Number(new URL(server.mqttUrl).port)
      const socket = connectSocket(port, '127.0.0.1')
      socket.on('error', () => undefined)
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      // A CONNECT that announces 60 MB.
      socket.write(Buffer.from([0x10, 0x80, 0x80, 0x80, 0x1d]))
      await closed
    })

    test.each([
      ['a packet that is no CONNECT', [0x30, 0x03, 0x00, 0x01, 0x61]],
      ['a length without an end', [0x10, 0xff, 0xff, 0xff, 0xff, 0x7f]],
      ['flags where none may be', [0x11, 0x00]],
    ])('with %s is cut', async (_, bytes) => {
      const socket = connectSocket(Number(new URL(server.mqttUrl).port), '127.0.0.1')
      socket.on('error', () => undefined)
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      socket.write(Buffer.from(bytes))
      await closed
    })
  })

  describe('a claim that is not of the documented form', () => {
    test.each([
      ['no JSON', 'nonsense'],
      ['nothing', ''],
      ['not UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d])],
      ['a list', '[]'],
      ['null', 'null'],
      ['an unknown member', '{"secret":"x","owner":"me"}'],
      ['a secret that is no text', '{"secret":1}'],
      ['a secret too long', JSON.stringify({ secret: 'x'.repeat(257) })],
      ['a duration that is text', '{"secret":"x","durationMs":"60000"}'],
      ['a duration of zero', '{"secret":"x","durationMs":0}'],
      ['a duration below zero', '{"secret":"x","durationMs":-1}'],
      ['a duration that is no integer', '{"secret":"x","durationMs":1000.5}'],
      ['a duration without an end', '{"secret":"x","durationMs":1e308}'],
      ['a duration over the maximum', '{"secret":"x","durationMs":86400001}'],
      ['__proto__', '{"__proto__":{"secret":"x"}}'],
      ['a lone surrogate', '{"secret":"\\ud800"}'],
    ])('(%s) is acknowledged, refused in words, and the connection stays', async (_, payload) => {
      const { next, publish, end } = await connected()
      await publish(CLAIM, payload)
      expect(await next(RESULT)).toEqual({ state: 'refused', reason: 'bad-request' })
      await publish(CLAIM, { secret: 'right' })
      expect(await next(RESULT)).toMatchObject({ state: 'open' })
      await end()
    })

    test('because it has no secret where one is needed is told so', async () => {
      const { next, publish, end } = await connected()
      for (const nothing of [{}, { secret: '' }]) {
        await publish(CLAIM, nothing)
        expect(await next(RESULT)).toEqual({ state: 'refused', reason: 'secret-required' })
      }
      await end()
    })
  })

  describe('topics', () => {
    test('that are not on the list are not granted, alone or beside one that is', async () => {
      const { client, end } = await connected([])
      const foreign = [
        '#',
        '+/+',
        'latchkey/#',
        'latchkey/v1/claim',
        '$SYS/#',
        '$share/g/latchkey/v1/owner',
        'latchkey/v1/+',
        '/latchkey/v1/owner',
        'LATCHKEY/V1/OWNER',
        'latchkey/v1/owner/',
        'devices/1/cmd',
      ]
      for (const filter of foreign) {
        const granted = await client
          .subscribeAsync({ [OWNER]: { qos: 1 }, [filter]: { qos: 1 } })
          .catch((e) => e.message)
        expect(String(JSON.stringify(granted))).toMatch(/128|Unspecified/)
      }
      await end()
    })

    test('of others are acknowledged and go nowhere', async () => {
      const one = await connected()
      const two = await connected()
      await one.next(OWNER)
      await two.publish(OWNER, { claimed: true, epoch: 99 })
      await two.publish('$SYS/evil/new/clients', 'x')
      await two.publish('anything/at/all', 'x')
      await one.publish(CLAIM, { secret: 's' })
      expect(await one.next(RESULT)).toMatchObject({ state: 'open' })
      await expect(one.next(OWNER, 100)).rejects.toThrow('nothing came')
      expect(two.client.connected).toBe(true)
      await Promise.all([one.end(), two.end()])
    })

    test('hear nothing more after unsubscribing', async () => {
      const { client, next, publish, end } = await connected()
      await client.unsubscribeAsync(RESULT)
      await publish(CLAIM, { secret: 's' })
      await expect(next(RESULT, 100)).rejects.toThrow('nothing came')
      await end()
    })
  })

  describe('a gateway', () => {
    test('claims for its children, one outcome for each, in order, and one bad item harms no other', async () => {
      const gateway = await connected([BATCH_RESULT], { gateway: true })
      const child = await makeDevice(maker)
      const other = await makeDevice(maker)
      await gateway.publish(BATCH, [
        { device: child.name, secret: 'a' },
        { device: 'no such child', secret: 'b' },
        { secret: 'no name' },
        { device: other.name, durationMs: 5 },
        null,
        { device: other.name, secret: 'c', durationMs: 60_000 },
      ])
      const outcomes = await gateway.next(BATCH_RESULT)
      expect(outcomes).toMatchObject([
        { device: child.name, state: 'open' },
        { device: 'no such child', state: 'refused', reason: 'device-unknown' },
        { state: 'refused', reason: 'bad-request' },
        { device: other.name, state: 'refused', reason: 'bad-request' },
        { state: 'refused', reason: 'bad-request' },
        { device: other.name, state: 'open' },
      ])
      const ada = await customer(server.httpUrl)
      expect((await ada.post(`${V1}/claims`, { device: child.name, secret: 'a' })).status).toBe(201)
      expect((await ada.post(`${V1}/claims`, { device: other.name, secret: 'c' })).status).toBe(201)
      await gateway.end()
    })

    test('may send ten thousand at once', async () => {
      const gateway = await connected([BATCH_RESULT], { gateway: true })
      const children: string[] = []
      for (let i = 0; i < 20; i++) children.push((await makeDevice(maker)).name)
      const batch = Array.from({ length: 10_000 }, (_, i) => ({
        device: children[i % 20] ?? `none-${i}`,
        secret: `${i}`,
      }))
      await gateway.publish(BATCH, batch)
      const outcomes = await gateway.next(BATCH_RESULT, 30_000)
      expect(outcomes).toHaveLength(10_000)
      expect(outcomes.every(({ state }: { state: string }) => state === 'open')).toBe(true)
      const ada = await customer(server.httpUrl)
      // The last one of each child counts.
      const last = await ada.post(`${V1}/claims`, { device: children[19], secret: '9999' })
      expect(last.status).toBe(201)
      await gateway.end()
    })

    test('of more than ten thousand is refused as a whole', async () => {
      const gateway = await connected([BATCH_RESULT], { gateway: true })
      await gateway.publish(
        BATCH,
        Array.from({ length: 10_001 }, () => ({ device: 'x' })),
      )
      expect(await gateway.next(BATCH_RESULT)).toEqual({ state: 'refused', reason: 'bad-request' })
      await gateway.end()
    })

    test('that is none is told so', async () => {
      const device = await connected([BATCH_RESULT])
      await device.publish(BATCH, [{ device: 'x', secret: 'y' }])
      expect(await device.next(BATCH_RESULT)).toEqual({
        state: 'refused',
        reason: 'gateway-not-entitled',
      })
      await device.end()
    })

    test('speaks for a device until another gateway has connected it', async () => {
      const one = await connected([BATCH_RESULT], { gateway: true })
      const two = await connected([BATCH_RESULT], { gateway: true })
      const child = await makeDevice(maker)
      const ask = async (gateway: typeof one) => {
        await gateway.publish(BATCH, [{ device: child.name, secret: 's' }])
        return (await gateway.next(BATCH_RESULT))[0]
      }
      await one.publish('latchkey/v1/gateway/connect', { device: child.name })
      expect(await ask(one)).toMatchObject({ state: 'open' })
      expect(await ask(two)).toMatchObject({ state: 'refused', reason: 'gateway-not-entitled' })
      await one.publish('latchkey/v1/gateway/disconnect', { device: child.name })
      expect(await ask(two)).toMatchObject({ state: 'open' })
      await Promise.all([one.end(), two.end()])
    })
  })

  test('a packet over 64 KiB ends the connection of a device', async () => {
    const device = await connected([])
    void device.publish(CLAIM, 'x'.repeat(70_000)).catch(() => undefined)
    await device.closed
  })

  test('a device whose credential is right learns its owner on every subscribe', async () => {
    const device = await makeDevice(maker)
    const expiresAt = new Date(Date.now() + 60_000).toISOString()
    const key = await maker.put(`${V1}/devices/${device.id}/box-key`, { expiresAt })
    const ada = await customer(server.httpUrl)
    await ada.post(`${V1}/claims`, { device: device.id, secret: key.body.secret })
    for (let time = 0; time < 2; time++) {
      const live = await connectDevice(server.mqttUrl, device.token, [OWNER])
      expect(await live.next(OWNER)).toEqual({ claimed: true, epoch: 1, home: ada.home })
      await live.end()
    }
  })
})
