import { once } from 'node:events'
import { expect, test } from '@jest/globals'
import { type Packet, parser } from 'mqtt-packet'
import { api } from '../support/api.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'
import { activate, newCodes, register } from '../support/thethings.ts'
import { openWire, statusIn, takeChunk, takeHead, takeReply } from '../support/wire.ts'
import { COMPLETE_CLIENT, filled, LAST_WILL_CLIENT, SDK } from './thethings-recorded.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}

const CREATED = { status: 'success', message: 'created' }
const SUBSCRIBED = { status: 'success', message: 'subscribed' }
const NONE = ''

/** The packets of the server on one connection, in order. */
const openMqtt = async () => {
  const wire = await openWire(server.mqttUrl)
  const read = parser({ protocolVersion: 4 })
  const came: Packet[] = []
  read.on('packet', (packet) => came.push(packet))
  wire.socket.on('data', (part) => read.parse(part))
  const next = async (): Promise<Packet> => {
    while (came.length === 0) await once(wire.socket, 'data')
    return came.shift() as Packet
  }
  return { ...wire, next }
}

const textOf = (packet: Packet) => (packet.cmd === 'publish' ? packet.payload.toString() : '')

// What the clients make of the replies: research/mode_thethings_thingful.md 2.2, 2.4 and 2.5.
onEachStore(ready, () => {
  test('the JavaScript SDK: activates, writes, reads, and reads a page', async () => {
    const [code = ''] = await newCodes(server.httpUrl)
    const wire = await openWire(server.httpUrl)
    wire.send(filled(SDK.activate, code, NONE))
    const activated = await takeReply(wire)
    const { thingToken, ...rest } = JSON.parse(activated.body)
    expect([activated.status, rest.status]).toEqual([201, 'created'])
    expect(thingToken).toMatch(/^[\w-]{43}$/)
    const ask = async (recorded: string) => {
      wire.send(filled(recorded, code, thingToken))
      const { status, body } = await takeReply(wire)
      return { status, body: JSON.parse(body) }
    }
    expect(await ask(SDK.write)).toEqual({ status: 201, body: CREATED })
    expect(await ask(SDK.read)).toEqual({
      status: 200,
      body: [{ key: 'voltage', value: 76, datetime: expect.any(String) }],
    })
    // The example reads on while there is a `length`: an error has none, and ends it.
    expect((await ask(SDK.readPage)).body.length).toBeUndefined()
    const past = { key: 'voltage', value: 1, datetime: '2015-01-20T10:00:00Z' }
    await api(server.httpUrl).post(`/v2/things/${thingToken}`, { values: [past] })
    expect((await ask(SDK.readPage)).body).toMatchObject([{ value: 1 }])
    wire.socket.destroy()
  })

  test('the JavaScript SDK: hears what is written and set, each JSON text in a chunk', async () => {
    const { thingToken, thingId } = await activate(server.httpUrl)
    const ada = await register(server.httpUrl)
    await ada.post('/v2/me/things', { thingToken })
    const [stream, other] = [await openWire(server.httpUrl), await openWire(server.httpUrl)]
    stream.send(filled(SDK.subscribe, NONE, thingToken))
    expect(statusIn(await takeHead(stream))).toBe(200)
    expect(JSON.parse(await takeChunk(stream))).toEqual(SUBSCRIBED)
    other.send(filled(SDK.writeHello, NONE, thingToken))
    expect((await takeReply(other)).status).toBe(201)
    expect(JSON.parse(await takeChunk(stream))).toMatchObject([{ key: 'hello', value: 'world' }])
    await ada.post(`/v2/me/resources/lamp/${thingId}`, { values: [{ value: 'on' }] })
    expect(JSON.parse(await takeChunk(stream))).toMatchObject([{ key: 'lamp', value: 'on' }])
    for (const wire of [stream, other]) wire.socket.destroy()
  })

  test('the JavaScript SDK: hears a beat before it believes that it is cut off', async () => {
    const { thingToken } = await activate(server.httpUrl)
    const stream = await openWire(server.httpUrl)
    const asked = filled(SDK.subscribeWithBeat, NONE, thingToken)
    stream.send(asked.replace('keepAlive=10000', 'keepAlive=1000'))
    await takeHead(stream)
    expect(JSON.parse(await takeChunk(stream))).toEqual(SUBSCRIBED)
    // http-client.js gives up a second after the beat that it asked for.
    const gaveUp = setTimeout(() => stream.socket.destroy(), 2000)
    expect(await takeChunk(stream)).toBe('{}')
    clearTimeout(gaveUp)
    stream.socket.destroy()
  })

  test('complete-client.js: is activated by subscribing, subscribes, and publishes', async () => {
    const [code = ''] = await newCodes(server.httpUrl)
    const { send, next, socket } = await openMqtt()
    send(COMPLETE_CLIENT.connect)
    expect(await next()).toMatchObject({ cmd: 'connack', returnCode: 0 })
    send(filled(COMPLETE_CLIENT.activate, code, NONE))
    expect(await next()).toMatchObject({ cmd: 'suback', granted: [0] })
    const told = await next()
    expect(told).toMatchObject({ topic: filled(COMPLETE_CLIENT.activationTopic, code, NONE) })
    const { status, thingToken } = JSON.parse(textOf(told))
    expect(status).toBe('created')
    send(filled(COMPLETE_CLIENT.subscribe, code, thingToken))
    expect(await next()).toMatchObject({ cmd: 'suback', granted: [0] })
    send(filled(COMPLETE_CLIENT.write, code, thingToken))
    const read = () => api(server.httpUrl).get(`/v2/things/${thingToken}/resources/fun`)
    let reply = await read()
    for (const until = Date.now() + 3000; reply.status === 404 && Date.now() < until; )
      reply = await read()
    expect(reply.body).toMatchObject([{ key: 'fun', value: '9000' }])
    socket.destroy()
  })

  test('last-will-client.js: its last will is stored', async () => {
    const { thingToken } = await activate(server.httpUrl)
    const { send, next, socket } = await openMqtt()
    send(filled(LAST_WILL_CLIENT.connect, NONE, thingToken))
    expect(await next()).toMatchObject({ cmd: 'connack', returnCode: 0 })
    send(filled(LAST_WILL_CLIENT.subscribe, NONE, thingToken))
    expect(await next()).toMatchObject({ cmd: 'suback', granted: [0] })
    socket.destroy()
    const read = () => api(server.httpUrl).get(`/v2/things/${thingToken}/resources/LWT`)
    let reply = await read()
    for (const until = Date.now() + 3000; reply.status === 404 && Date.now() < until; )
      reply = await read()
    expect(reply.body).toMatchObject([{ key: 'LWT', value: 'Device Last Will Testament' }])
  })
})
