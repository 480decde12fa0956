import { once } from 'node:events'
import { request } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate, type Packet, parser } from 'mqtt-packet'
import { WebSocket } from 'ws'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { startServer, type TestServer } from '../support/server.ts'

const RESULT = 'latchkey/v1/claim/result'
const CLAIM = 'latchkey/v1/claim'
const LISTED = 'https://app.example'

let server: TestServer
let maker: Api
let wsUrl: string

beforeAll(async () => {
  server = await startServer({ LATCHKEY_ORIGINS: LISTED })
  maker = await signIn(server.httpUrl)
  wsUrl = server.httpUrl.replace('http:', 'ws:')
})
afterAll(() => server.close())

const connectPacket = (username: string) =>
  generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: 'raw',
    username,
    keepalive: 60,
  })

const publishPacket = (body: unknown, messageId: number) =>
  generate({
    cmd: 'publish',
    topic: CLAIM,
    payload: JSON.stringify(body),
    qos: 1,
    messageId,
    dup: false,
    retain: false,
  })

/** A bare WebSocket that reads the packets in its frames. */
const bare = async (path = '/mqtt', headers: Record<string, string> = {}) => {
  const socket = new WebSocket(`${wsUrl}${path}`, 'mqtt', { headers, perMessageDeflate: true })
  const packets: Packet[] = []
  const reader = parser({ protocolVersion: 4 })
  reader.on('packet', (packet) => packets.push(packet))
  socket.on('message', (data: Buffer) => reader.parse(data))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close').then(([code]) => code as number)
  await once(socket, 'open')
  const until = async (cmd: string) => {
    while (!packets.some((packet) => packet.cmd === cmd)) await once(socket, 'message')
  }
  return { socket, packets, closed, until }
}

/** The status that an upgrade is answered with; 101: it is a WebSocket. */
const statusOf = (path: string, headers: Record<string, string> = {}) =>
  new Promise<number>((resolve, reject) => {
    const asked = request(`${server.httpUrl}${path}`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-protocol': 'mqtt',
        ...headers,
      },
    })
    asked.on('upgrade', (_reply, socket) => {
      socket.destroy()
      resolve(101)
    })
    asked.on('response', (reply) => {
      reply.resume()
      resolve(reply.statusCode ?? 0)
    })
    asked.on('error', reject)
    asked.end()
  })

describe('a device over WebSocket', () => {
  test.each([
    ['/mqtt', 4],
    ['/mqtt', 5],
    ['/', 4],
  ] as const)('claims at %s as over TCP (MQTT version %i)', async (path, protocolVersion) => {
    const device = await makeDevice(maker)
    const live = await connectDevice(`${wsUrl}${path}`, device.token, [RESULT], { protocolVersion })
    await live.publish(CLAIM, { secret: 'open sesame' })
    expect(await live.next(RESULT)).toMatchObject({ state: 'open' })
    const ada = await customer(server.httpUrl)
    const claim = { device: device.id, secret: 'open sesame' }
    expect((await ada.post('/latchkey/v1/claims', claim)).status).toBe(201)
    expect(await live.next(RESULT)).toMatchObject({ state: 'claimed' })
    await live.end()
  })

  test('needs its credential', async () => {
    await expect(connectDevice(`${wsUrl}/mqtt`, 'A'.repeat(43))).rejects.toMatchObject({ code: 5 })
  })

  test('has one live connection: over TCP it takes the place of the one here', async () => {
    const device = await makeDevice(maker)
    const here = await connectDevice(`${wsUrl}/mqtt`, device.token)
    const there = await connectDevice(server.mqttUrl, device.token)
    await here.closed
    await there.end()
  })

  test('is told nothing it did not subscribe to, and is closed by what the protocol forbids', async () => {
    const device = await makeDevice(maker)
    const { socket, closed, until } = await bare()
    socket.send(connectPacket(device.token))
    await until('connack')
    socket.send(connectPacket(device.token))
    await closed
  })
})

describe('frames and packets', () => {
  test('a packet may be split over many frames', async () => {
    const device = await makeDevice(maker)
    const { socket, until } = await bare()
    for (const byte of connectPacket(device.token)) socket.send(Buffer.from([byte]))
    await until('connack')
    for (const byte of publishPacket({ secret: 's' }, 7)) socket.send(Buffer.from([byte]))
    await until('puback')
    socket.terminate()
  })

  test('a message may be split over fragments, with a ping between them', async () => {
    const device = await makeDevice(maker)
    const { socket, until } = await bare()
    const bytes = connectPacket(device.token)
    socket.send(bytes.subarray(0, 10), { fin: false })
    socket.ping('still there?')
    socket.send(bytes.subarray(10), { fin: true })
    await Promise.all([once(socket, 'pong'), until('connack')])
    socket.terminate()
  })

  test('several packets may lie in one frame', async () => {
    const device = await makeDevice(maker)
    const { socket, packets } = await bare()
    const all = [connectPacket(device.token), publishPacket({ secret: 's' }, 1)]
    socket.send(Buffer.concat([...all, publishPacket({ secret: 't' }, 2), Buffer.from([0xc0, 0])]))
    while (packets.length < 4) await once(socket, 'message')
    expect(packets.map(({ cmd }) => cmd).sort()).toEqual([
      'connack',
      'pingresp',
      'puback',
      'puback',
    ])
    socket.terminate()
  })

  test('what is sent right before a close still counts', async () => {
    const device = await makeDevice(maker)
    const { socket, closed, until } = await bare()
    socket.send(connectPacket(device.token))
    await until('connack')
    socket.send(publishPacket({ secret: 'last words' }, 1))
    socket.close(1000)
    await closed
    const ada = await customer(server.httpUrl)
    const claim = { device: device.id, secret: 'last words' }
    let status = 0
    for (let tries = 0; tries < 10 && status !== 201; tries++)
      status = (await ada.post('/latchkey/v1/claims', claim)).status
    expect(status).toBe(201)
  })

  test('a text frame is closed with 1003', async () => {
    const device = await makeDevice(maker)
    const { socket, closed, packets } = await bare()
    socket.send(connectPacket(device.token).toString('latin1'))
    expect(await closed).toBe(1003)
    expect(packets).toEqual([])
  })

  test('a frame of 10 MB is closed with 1009, also from a device that is let in', async () => {
    const device = await makeDevice(maker)
    const { socket, closed, until } = await bare()
    socket.send(connectPacket(device.token))
    await until('connack')
    socket.send(Buffer.alloc(10 * 1024 * 1024))
    expect([1009, 1006]).toContain(await closed)
  })

  test('who is not let in yet is cut long before the longest frame', async () => {
    const { socket, closed } = await bare()
    socket.send(Buffer.alloc(1024 * 1024))
    expect(await closed).toBe(1006)
  })

  test('a CONNECT over the limit is cut', async () => {
    const { socket, closed } = await bare()
    socket.send(Buffer.from([0x10, 0xff, 0xff, 0x03]))
    await closed
  })

  test('nothing is compressed, whatever the client offers', async () => {
    const { socket } = await bare()
    expect(socket.extensions).toBe('')
    socket.terminate()
  })

  test('who says nothing is closed within 10 s', async () => {
    const began = Date.now()
    const { closed } = await bare()
    await closed
    expect(Date.now() - began).toBeLessThan(10_000)
  })
})

describe('an upgrade', () => {
  test('is taken for mqtt and mqttv3.1, at / and /mqtt', async () => {
    expect(await statusOf('/')).toBe(101)
    expect(await statusOf('/mqtt?x=1')).toBe(101)
    expect(await statusOf('/mqtt', { 'sec-websocket-protocol': 'chat, mqttv3.1' })).toBe(101)
  })

  test.each(['/mqtts', '/mqtt/', '//mqtt', '/latchkey/v1/devices', '/healthz'])(
    'to %s is refused with 404',
    async (path) => expect(await statusOf(path)).toBe(404),
  )

  test.each(['chat', 'MQTT', '', 'mqtt,,mqtt'])(
    'with the subprotocol "%s" is refused with 400',
    async (name) => expect(await statusOf('/mqtt', { 'sec-websocket-protocol': name })).toBe(400),
  )

  test('from the own host, from a listed page, and from no page is taken', async () => {
    expect(await statusOf('/mqtt', { origin: server.httpUrl })).toBe(101)
    expect(await statusOf('/mqtt', { origin: LISTED })).toBe(101)
    expect(await statusOf('/mqtt')).toBe(101)
  })

  test.each([
    ['another page', 'https://evil'],
    ['nobody in particular', 'null'],
    ['nothing', ''],
    ['a longer name', `${LISTED}.evil`],
    ['below a listed name', 'https://evil.app.example'],
    ['a listed name without TLS', 'http://app.example'],
    ['a name of 5 KB', `https://${'x'.repeat(5000)}`],
    ['a listed page and 5 KB', `${LISTED}/${'x'.repeat(5000)}`],
    ['two pages', `${LISTED}, https://evil`],
    ['a listed name as a user', 'https://app.example@evil'],
    ['a file', 'file://127.0.0.1'],
  ])('from %s is refused with 403', async (_, origin) => {
    expect(await statusOf('/mqtt', { origin })).toBe(403)
    expect(
      await statusOf('/mqtt', { 'sec-websocket-version': '8', 'sec-websocket-origin': origin }),
    ).toBe(403)
  })

  test('without a key, or with a method that is not GET, is refused', async () => {
    expect(await statusOf('/mqtt', { 'sec-websocket-key': 'short' })).toBe(400)
    const socket = connectSocket(Number(new URL(server.httpUrl).port), '127.0.0.1')
    socket.write(
      'POST /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 405 /)
    socket.destroy()
  })

  test('that offers HTTP/2 is answered as if it offered nothing, body and all', async () => {
    const socket = connectSocket(Number(new URL(server.httpUrl).port), '127.0.0.1')
    const body = JSON.stringify({ email: 'nobody@example.com', password: 'wrong-password' })
    socket.write(
      [
        'POST /latchkey/v1/sessions HTTP/1.1',
        'Host: x',
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        '',
        body.slice(0, 10),
      ].join('\r\n'),
    )
    setImmediate(() => socket.write(body.slice(10)))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 401 /)
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    const [next] = (await once(socket, 'data')) as [Buffer]
    expect(next.toString()).toMatch(/^HTTP\/1.1 200 /)
    socket.destroy()
  })
})

describe('the end of the server', () => {
  test('ends WebSockets at once, and tells a client of MQTT 5 why', async () => {
    const brief = await startServer()
    const url = `${brief.httpUrl.replace('http:', 'ws:')}/mqtt`
    const device = await makeDevice(await signIn(brief.httpUrl))
    const live = await connectDevice(url, device.token, [], { protocolVersion: 5 })
    const told = new Promise<number | undefined>((resolve) =>
      live.client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)),
    )
    const mute = new WebSocket(url, 'mqtt')
    mute.on('error', () => undefined)
    await once(mute, 'open')
    const began = Date.now()
    await brief.close()
    expect(await told).toBe(0x8b)
    expect(Date.now() - began).toBeLessThan(5000)
  })
})
