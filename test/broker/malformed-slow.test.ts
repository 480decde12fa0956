import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { generate } from 'mqtt-packet'
import { createFrames } from '../../broker/front/frames.ts'
import { DEFAULT_LIMITS } from '../../shared/limits.ts'
import { type BrokerAlone, startBrokerAlone } from '../support/broker.ts'
import { chunksOf } from './fuzz-inputs.ts'
import { ROWS } from './malformed.ts'
import { connect, packet, publish, raw, subscribe } from './malformed-bytes.ts'
import { openSocket, whenClosed } from './malformed-play.ts'

const CLOSED_WITHIN_MS = 10_000
const SOCKETS = 200

let broker: BrokerAlone
let user: string

beforeAll(async () => {
  broker = await startBrokerAlone({
    limits: { ...DEFAULT_LIMITS, reconnectBurst: 0, wrongConnectsPerMinute: 0 },
  })
  user = (await broker.makeDevice()).token
})
afterAll(() => broker.close())

/** The packets of a stream as createFrames cuts it; and the fault, if there is one. */
const cutBy = (chunks: readonly Buffer[]) => {
  const taken: string[] = []
  const frames = createFrames(DEFAULT_LIMITS.connectBytes, (bytes, header, start, end) => {
    taken.push(`${header} ${bytes.toString('hex', start, end)}`)
    frames.setLimit(DEFAULT_LIMITS.packetBytes)
    return true
  })
  for (const chunk of chunks) {
    const fault = frames.feed(chunk)
    if (fault !== undefined) return { taken, fault }
  }
  return { taken, fault: undefined }
}

const STREAM = raw(
  connect({ username: 'a' }),
  publish(0x30, 'a', { payload: Buffer.alloc(300) }),
  subscribe(['a', 0]),
  publish(0x32, 'b', { id: 1, payload: Buffer.alloc(20_000) }),
  [0xc0, 0, 0xe0, 0],
)

test('a stream of packets is the same one byte at a time', () => {
  const bytes = [...STREAM].map((byte) => Buffer.from([byte]))
  expect(cutBy(bytes)).toEqual(cutBy([STREAM]))
  expect(cutBy(bytes).taken).toHaveLength(6)
})

test('a stream of packets is the same however it is cut', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(STREAM, ...ROWS.map((row) => row.bytes('a'))),
      fc.array(fc.nat(30_000), { maxLength: 20 }),
      (bytes, places) => {
        expect(cutBy(chunksOf(bytes, places))).toEqual(cutBy([bytes]))
      },
    ),
    { numRuns: 2000 },
  )
})

test('every single cut of a packet makes no difference', () => {
  const bytes = raw(connect({ username: 'a' }), publish(0x32, 'a/b', { id: 7 }), [0xc0, 0])
  const whole = cutBy([bytes])
  for (let place = 0; place <= bytes.length; place++)
    expect(cutBy([bytes.subarray(0, place), bytes.subarray(place)])).toEqual(whole)
})

test('a client that sends one byte at a time is served', async () => {
  const socket = await openSocket(broker.port)
  const came: Buffer[] = []
  socket.on('data', (data: Buffer) => came.push(data))
  for (const byte of raw(connect({ username: user }), [0xc0, 0])) {
    socket.write(Buffer.from([byte]))
    await new Promise((resolve) => setImmediate(resolve))
  }
  while (Buffer.concat(came).length < 6) await once(socket, 'data')
  expect([...Buffer.concat(came)]).toEqual([0x20, 2, 0, 0, 0xd0, 0])
  socket.destroy()
})

/** Writes 64 KiB at a time until it is closed; answers how much went out. */
const flood = async (socket: Socket, head: Buffer): Promise<number> => {
  const chunk = Buffer.alloc(65_536, 0x61)
  let sent = 0
  let isClosed = false
  const closed = whenClosed(socket).then(() => {
    isClosed = true
  })
  socket.resume().write(head)
  while (!isClosed && sent < 60_000_000) {
    sent += chunk.length
    if (!socket.write(chunk))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
  }
  await closed
  return sent
}

test.each([
  ['in a CONNECT', () => Buffer.alloc(0), 0x10],
  ['in a PUBLISH', () => connect({ username: user }), 0x30],
])(
  `${SOCKETS} sockets that announce 60 MB %s are cut, and cost nothing that stays`,
  async (_name, before, header) => {
    const head = raw(before(), header, [0x80, 0x8e, 0xce, 0x1c])
    const rss = process.memoryUsage().rss
    let most = rss
    for (let round = 0; round < SOCKETS; round += 50) {
      const sockets = await Promise.all(Array.from({ length: 50 }, () => openSocket(broker.port)))
      await Promise.all(sockets.map((socket) => flood(socket, head)))
      most = Math.max(most, process.memoryUsage().rss)
    }
    // The clients are in the same process: what they write counts too.
    expect(most - rss).toBeLessThan(50 * 1024 * 1024)
  },
)

test('who says nothing, or half of something, or a byte now and then, is closed within 10 s', async () => {
  const hello = connect({ username: user })
  const beginnings = [
    Buffer.alloc(0),
    raw(0x10),
    raw(0x10, 0xff),
    raw(0x10, 0xff, 0x1f),
    hello.subarray(0, 20),
    hello.subarray(0, hello.length - 1),
  ]
  const began = Date.now()
  const sockets = await Promise.all(
    [...beginnings, hello].map(async (bytes, place) => {
      const socket = await openSocket(broker.port)
      const closed = whenClosed(socket.resume())
      if (place < beginnings.length) socket.write(bytes)
      return { socket, bytes, closed, drips: place === beginnings.length }
    }),
  )
  const drip = sockets.find(({ drips }) => drips)
  const dripping = setInterval(() => {
    const at = Math.floor((Date.now() - began) / 500)
    drip?.socket.write(hello.subarray(at, at + 1))
  }, 500)
  await Promise.all(sockets.map(({ closed }) => closed))
  clearInterval(dripping)
  expect(Date.now() - began).toBeLessThan(CLOSED_WITHIN_MS)
})

test('who does not read what is sent to it is cut, and the others are served meanwhile', async () => {
  const gateway = await broker.registry.devices.create({
    project: broker.project,
    name: 'frozen',
    gateway: true,
  })
  if (gateway === 'name-taken') throw new Error('taken')
  const socket = await openSocket(broker.port)
  socket.write(
    raw(connect({ username: gateway.token }), subscribe(['latchkey/v1/gateway/claims/result', 0])),
  )
  await once(socket, 'data')
  const before = broker.connected()
  socket.pause()
  const batch = generate({
    cmd: 'publish',
    topic: 'latchkey/v1/gateway/claims',
    payload: JSON.stringify(Array.from({ length: 10_000 }, () => ({}))),
    qos: 0,
    retain: false,
    dup: false,
  })
  const began = Date.now()
  for (let sent = 0; broker.connected() === before; sent++) {
    if (sent < 60) socket.write(batch)
    const other = await openSocket(broker.port)
    other.write(connect({ username: user }))
    const [connack] = (await once(other, 'data')) as [Buffer]
    expect([...connack]).toEqual([0x20, 2, 0, 0])
    other.write(packet(0xe0))
    await whenClosed(other.resume())
    await sleep(20)
    expect(Date.now() - began).toBeLessThan(20_000)
  }
  socket.destroy()
})
