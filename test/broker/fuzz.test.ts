import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Aedes } from 'aedes'
import fc from 'fast-check'
import { generate, type Packet, parser } from 'mqtt-packet'
import { type Decoded, decode } from '../../broker/front/decode.ts'
import { createExchange } from '../../broker/front/exchange.ts'
import { createFrames } from '../../broker/front/frames.ts'
import { DEFAULT_LIMITS } from '../../shared/limits.ts'
import { type BrokerAlone, startBrokerAlone } from '../support/broker.ts'
import { chunksOf, fuzzFor, noise, streams } from './fuzz-inputs.ts'
import { packets } from './fuzz-packets.ts'
import { frontAlone } from './fuzz-sink.ts'
import { connect, PING } from './malformed-bytes.ts'
import { openSocket } from './malformed-play.ts'

const USER = 'A'.repeat(43)
const SLOW_MS = 200
const places = fc.array(fc.nat(2000), { maxLength: 6 })

const quarter = fuzzFor(0.25)
const eighth = fuzzFor(0.125)

/** What the frames and the decoder make of a stream; stops at the first fault, as the front does. */
const readAll = (chunks: readonly Buffer[], version: 3 | 4 | 5) => {
  const seen: Decoded[] = []
  const frames = createFrames(DEFAULT_LIMITS.connectBytes, (bytes, header, start, end) => {
    const decoded = decode(bytes, header, start, end, version)
    seen.push(decoded)
    frames.setLimit(DEFAULT_LIMITS.packetBytes)
    return !('fault' in decoded)
  })
  for (const chunk of chunks) {
    const fault = frames.feed(chunk)
    if (fault !== undefined) return [...seen, { fault }]
    if (seen.some((decoded) => 'fault' in decoded)) return seen
  }
  return seen
}

test(
  'whatever comes, it is a packet or a fault, however it is cut, and soon',
  () => {
    fc.assert(
      fc.property(
        fc.oneof({ weight: 5, arbitrary: streams(USER) }, { weight: 1, arbitrary: noise }),
        places,
        fc.constantFrom(3 as const, 4 as const, 5 as const),
        (bytes, cuts, version) => {
          const began = performance.now()
          const whole = readAll([bytes], version)
          const inParts = readAll(chunksOf(bytes, cuts), version)
          expect(performance.now() - began).toBeLessThan(SLOW_MS)
          expect(inParts).toEqual(whole)
        },
      ),
      quarter.run,
    )
  },
  quarter.timeout,
)

test.each([
  ['the front of a device', false],
  ['the front of a broker’s own client', true],
])(
  'whatever comes, %s throws nothing, and all that the client reads is MQTT of its version',
  async (_name, isOwn) => {
    const aedes = await Aedes.createBroker()
    const exchange = isOwn ? createExchange(aedes, { backlogBytes: 64 * 1024 }) : undefined
    fc.assert(
      fc.property(streams(USER), places, fc.array(fc.nat(2)), (bytes, cuts, deliveries) => {
        const { front, feed, deliver, sent, isClosed } = frontAlone(exchange)
        const began = performance.now()
        for (const chunk of chunksOf(bytes, cuts)) feed(chunk)
        if (front.version() !== undefined && !isClosed())
          for (const qos of deliveries) deliver(qos as 0 | 1 | 2)
        front.end(0x8b)
        expect(performance.now() - began).toBeLessThan(SLOW_MS)
        // A CONNACK of MQTT 5 has a length of 3 and more.
        const said = sent()
        const isV5 = said[1] !== 2
        const read = parser({ protocolVersion: isV5 ? 5 : 4 })
        const came: Packet[] = []
        read.on('packet', (packet) => came.push(packet))
        read.on('error', (error) => {
          throw error
        })
        expect(read.parse(said)).toBe(0)
        if (came.length > 0) expect(came[0]?.cmd).toBe('connack')
      }),
      eighth.run,
    )
    exchange?.close()
    await new Promise<void>((resolve) => aedes.close(() => resolve()))
  },
  eighth.timeout,
)

/** What both decoders say, in one form. */
const comparable = (packet: object): Record<string, unknown> => {
  const {
    mqtt5: _mqtt5,
    willProperties: _will,
    properties: _properties,
    reasonCode: _code,
    reason: _reason,
    ...rest
  } = packet as Record<string, unknown>
  const { sessionExpiryInterval: _expiry, bridgeMode: _bridge, ...more } = rest
  const { options: _options, identifier: _identifier, ...fields } = more
  for (const [name, value] of Object.entries(fields))
    if (value === null || value === undefined) delete fields[name]
  // A broker looks at the QoS of a publish only.
  if (fields.cmd !== 'publish') delete fields.qos
  if (fields.cmd === 'subscribe')
    fields.subscriptions = (fields.subscriptions as { topic: string; qos: number }[]).map(
      ({ topic, qos }) => ({ topic, qos }),
    )
  if (fields.cmd === 'connect' && fields.will !== undefined) {
    const { topic, payload, qos, retain } = fields.will as Record<string, unknown>
    fields.will = { topic, payload, qos, retain }
  }
  return fields
}

/** Names and values of user properties, as mqtt-packet groups them. */
const grouped = (pairs: readonly (readonly [string, string])[]) => {
  const values = new Map<string, string[]>()
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value])
  return Object.fromEntries(values)
}

/** Properties as mqtt-packet names them. */
const propertiesOf = (packet: object): Record<string, unknown> => {
  const { properties = {} } = packet as { properties?: Record<string, unknown> }
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => {
      if (name === 'userProperties')
        return [
          name,
          Object.fromEntries(Object.entries(value as object).map(([n, v]) => [n, [v].flat()])),
        ]
      return [name, typeof value === 'boolean' ? Number(value) : value]
    }),
  )
}

/** Ours, in the same form. */
const ownProperties = (properties: ReadonlyMap<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    [...properties].map(([name, value]) => [
      name,
      name === 'userProperties' ? grouped(value as [string, string][]) : value,
    ]),
  )

test.each([
  ['3.1.1', false],
  ['5', true],
])(
  'decodes what mqtt-packet generates for MQTT %s as its own parser does',
  (_name, isV5) => {
    const version = isV5 ? 5 : 4
    fc.assert(
      fc.property(packets(isV5), (packet) => {
        const bytes = generate(packet, { protocolVersion: version })
        const theirs = parser({ protocolVersion: version })
        let expected: object | undefined
        theirs.on('packet', (parsed) => {
          expected = parsed
        })
        theirs.parse(bytes)
        const first = packet.cmd === 'connect' ? [] : [connect({ level: version, username: USER })]
        const seen = readAll([Buffer.concat([...first, bytes])], version)
        const ours = seen.at(-1) as { packet: { mqtt5?: ReadonlyMap<string, unknown> } & object }
        expect(ours).toHaveProperty('packet')
        expect(comparable(ours.packet)).toEqual(comparable(expected as object))
        if (ours.packet.mqtt5 !== undefined)
          expect(ownProperties(ours.packet.mqtt5)).toEqual(propertiesOf(expected as object))
      }),
      eighth.run,
    )
  },
  eighth.timeout,
)

let broker: BrokerAlone
let user: string
let good: string

beforeAll(async () => {
  broker = await startBrokerAlone({
    limits: { ...DEFAULT_LIMITS, reconnectBurst: 0, wrongConnectsPerMinute: 0 },
  })
  user = (await broker.makeDevice()).token
  good = (await broker.makeDevice()).token
})
afterAll(() => broker.close())

test(
  'whatever a socket sends, a good client is served at once',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(streams(user), noise), { minLength: 1, maxLength: 8 }),
        async (inputs) => {
          const sockets = await Promise.all(inputs.map(() => openSocket(broker.port)))
          for (const [place, socket] of sockets.entries())
            socket.resume().write(inputs[place] as Buffer)
          const honest = await openSocket(broker.port)
          const began = performance.now()
          honest.write(Buffer.concat([connect({ username: good }), PING]))
          let answered = Buffer.alloc(0)
          while (answered.length < 6) {
            const [data] = (await once(honest, 'data')) as [Buffer]
            answered = Buffer.concat([answered, data])
          }
          expect([...answered]).toEqual([0x20, 2, 0, 0, 0xd0, 0])
          expect(performance.now() - began).toBeLessThan(2000)
          for (const socket of [...sockets, honest]) socket.destroy()
        },
      ),
      quarter.run,
    )
  },
  quarter.timeout,
)
