import { expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import type { TestServer } from '../support/server.ts'
import { openStream } from '../support/sse.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const COMMANDS = 'latchkey/v1/commands'
const EVENTS = 'latchkey/v1/events'

let server: TestServer
let maker: Api

/** A device that a customer has claimed, not connected. */
const claimed = async (more: Record<string, unknown> = {}) => {
  const device = await makeDevice(maker, { claimCode: 'on-the-label', ...more })
  const owner = await customer(server.httpUrl)
  const claim = await owner.post(`${V1}/claims`, { device: device.name, secret: 'on-the-label' })
  expect(claim.status).toBe(201)
  return { device, owner }
}

const bearer = (who: Api) => ({ authorization: `Bearer ${who.token}` })

onEachStore(
  async (ready) => {
    server = ready
    maker = await signIn(ready.httpUrl)
  },
  () => {
    test('a command waits for its device, is given, acknowledged, and tells what was answered', async () => {
      const { device, owner } = await claimed()
      const given = await owner.post(`${V1}/devices/${device.id}/commands`, {
        action: 'unlock',
        parameters: { door: 2 },
      })
      expect(given.status).toBe(202)
      expect(given.body).toMatchObject({ state: 'queued' })
      const path = `${V1}/devices/${device.id}/commands/${given.body.id}`
      expect(given.headers.get('location')).toBe(path)
      expect((await owner.get(path)).body.state).toBe('queued')
      const connected = await connectDevice(server.mqttUrl, device.token, [COMMANDS])
      expect(await connected.next(COMMANDS)).toEqual({
        id: given.body.id,
        action: 'unlock',
        parameters: { door: 2 },
        epoch: 1,
      })
      await connected.publish(`${COMMANDS}/${given.body.id}/ack`, { opened: true })
      expect((await owner.get(path)).body).toMatchObject({
        state: 'acknowledged',
        result: { opened: true },
        epoch: 1,
      })
      await connected.end()
    })

    test('a device that listens gets a command at once, and again after a connection in which it did not acknowledge', async () => {
      const { device, owner } = await claimed()
      const first = await connectDevice(server.mqttUrl, device.token, [COMMANDS])
      const { body } = await owner.post(`${V1}/devices/${device.id}/commands`, { action: 'blink' })
      expect((await first.next(COMMANDS)).id).toBe(body.id)
      await first.end()
      const second = await connectDevice(server.mqttUrl, device.token, [COMMANDS])
      expect((await second.next(COMMANDS)).id).toBe(body.id)
      await second.publish(`${COMMANDS}/${body.id}/ack`, '')
      await second.end()
      const third = await connectDevice(server.mqttUrl, device.token, [COMMANDS])
      const later = await owner.post(`${V1}/devices/${device.id}/commands`, { action: 'last' })
      expect((await third.next(COMMANDS)).id).toBe(later.body.id)
      await third.end()
    })

    test('a command of a former owner is dropped: the device never gets it, and its sender can ask no more', async () => {
      const { device, owner } = await claimed()
      const given = await owner.post(`${V1}/devices/${device.id}/commands`, { action: 'unlock' })
      expect((await owner.delete(`${V1}/devices/${device.id}/owner`)).status).toBe(204)
      const path = `${V1}/devices/${device.id}/commands/${given.body.id}`
      expect((await maker.get(path)).body.state).toBe('dropped')
      expect((await owner.get(path)).status).toBe(404)
      const connected = await connectDevice(server.mqttUrl, device.token, [COMMANDS])
      const fresh = await maker.post(`${V1}/devices/${device.id}/commands`, { action: 'hello' })
      expect((await connected.next(COMMANDS)).id).toBe(fresh.body.id)
      await connected.publish(`${COMMANDS}/${given.body.id}/ack`, {})
      expect((await maker.get(path)).body.state).toBe('dropped')
      await connected.end()
    })

    test('whoever loses a device is told which of his commands were dropped', async () => {
      const { device, owner } = await claimed()
      const given = await owner.post(`${V1}/devices/${device.id}/commands`, { action: 'unlock' })
      const stream = await openStream(`${server.httpUrl}${V1}/events`, bearer(owner))
      await owner.delete(`${V1}/devices/${device.id}/owner`)
      expect(JSON.parse((await stream.next()).data).type).toBe('latchkey.device.released')
      expect(JSON.parse((await stream.next()).data)).toMatchObject({
        type: 'latchkey.command.dropped',
        subject: device.id,
        data: { id: given.body.id, action: 'unlock' },
      })
      stream.close()
    })

    test('a command is over with its time', async () => {
      const { device, owner } = await claimed()
      const { body } = await owner.post(`${V1}/devices/${device.id}/commands`, {
        action: 'now-or-never',
        ttlMs: 1000,
      })
      const left = Date.parse(body.expiresAt) - Date.now()
      await new Promise((resolve) => setTimeout(resolve, left + 50))
      const path = `${V1}/devices/${device.id}/commands/${body.id}`
      expect((await owner.get(path)).body.state).toBe('expired')
      const connected = await connectDevice(server.mqttUrl, device.token, [COMMANDS])
      const next = await owner.post(`${V1}/devices/${device.id}/commands`, { action: 'next' })
      expect((await connected.next(COMMANDS)).id).toBe(next.body.id)
      await connected.end()
    })

    test('a hundred commands wait at most; the next is refused, and nothing is lost', async () => {
      const { device, owner } = await claimed()
      const path = `${V1}/devices/${device.id}/commands`
      for (let n = 0; n < 100; n++)
        expect((await owner.post(path, { action: `a${n}` })).status).toBe(202)
      const refused = await owner.post(path, { action: 'one too many' })
      expect(refused.status).toBe(429)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      const connected = await connectDevice(server.mqttUrl, device.token, [COMMANDS])
      for (let n = 0; n < 100; n++) {
        const { id, action } = await connected.next(COMMANDS)
        expect(action).toBe(`a${n}`)
        await connected.publish(`${COMMANDS}/${id}/ack`, '')
      }
      expect((await owner.post(path, { action: 'room again' })).status).toBe(202)
      await connected.end()
    })

    test('nobody but owner and maker commands a device', async () => {
      const { device } = await claimed()
      const stranger = await customer(server.httpUrl)
      const path = `${V1}/devices/${device.id}/commands`
      expect((await stranger.post(path, { action: 'unlock' })).status).toBe(404)
      expect((await api(server.httpUrl).post(path, { action: 'unlock' })).status).toBe(401)
    })

    test.each([
      [{}],
      [{ action: '' }],
      [{ action: 1 }],
      [{ action: 'a', more: 1 }],
      [{ action: 'a', ttlMs: 999 }],
      [{ action: 'a', parameters: 'x'.repeat(17_000) }],
    ])('a malformed command %# is refused with 400', async (body) => {
      const { device, owner } = await claimed()
      const reply = await owner.post(`${V1}/devices/${device.id}/commands`, body)
      expect(reply.status).toBe(400)
      expect(reply.body.reason).toBe('bad-request')
    })

    test('another device cannot acknowledge a command', async () => {
      const { device, owner } = await claimed()
      const other = await makeDevice(maker)
      const { body } = await owner.post(`${V1}/devices/${device.id}/commands`, { action: 'x' })
      const thief = await connectDevice(server.mqttUrl, other.token)
      await thief.publish(`${COMMANDS}/${body.id}/ack`, { mine: true })
      const path = `${V1}/devices/${device.id}/commands/${body.id}`
      expect((await owner.get(path)).body.state).toBe('queued')
      await thief.end()
    })

    test('an event is stored when it is acknowledged, and its owner reads it in order', async () => {
      const { device, owner } = await claimed()
      const connected = await connectDevice(server.mqttUrl, device.token)
      for (const n of [1, 2, 3])
        await connected.publish(EVENTS, { eventType: 'door', eventData: { n } })
      const all = await owner.get(`${V1}/devices/${device.id}/events`)
      const said = all.body.items.filter(
        ({ type }: { type: string }) => type === 'latchkey.device.event',
      )
      expect(said.map(({ data }: { data: unknown }) => data)).toEqual(
        [1, 2, 3].map((n) => ({ eventType: 'door', eventData: { n } })),
      )
      expect(said[0]).toMatchObject({
        specversion: '1.0',
        source: `${V1}/devices/${device.id}`,
        subject: device.id,
        datacontenttype: 'application/json',
        epoch: 1,
      })
      const after = await owner.get(`${V1}/devices/${device.id}/events?after=${said[1].id}`)
      expect(after.body.items.map(({ id }: { id: string }) => id)).toEqual([said[2].id])
      const bad = await owner.get(`${V1}/devices/${device.id}/events?after=nonsense`)
      expect(bad.status).toBe(400)
      await connected.end()
    })

    test('a new owner reads nothing of what was before him, the old one nothing at all', async () => {
      const { device, owner } = await claimed()
      const connected = await connectDevice(server.mqttUrl, device.token, ['latchkey/v1/owner'])
      await connected.publish(EVENTS, { eventType: 'secret-of-the-first' })
      await owner.delete(`${V1}/devices/${device.id}/owner`)
      await maker.put(`${V1}/devices/${device.id}/box-key`, {
        secret: 'second',
        expiresAt: new Date(Date.now() + 60_000).toISOString(),
      })
      const second = await customer(server.httpUrl)
      await second.post(`${V1}/claims`, { device: device.name, secret: 'second' })
      await connected.publish(EVENTS, { eventType: 'of-the-second' })
      const seen = await second.get(`${V1}/devices/${device.id}/events`)
      expect(seen.text).toContain('of-the-second')
      expect(seen.text).not.toContain('secret-of-the-first')
      expect((await owner.get(`${V1}/devices/${device.id}/events`)).status).toBe(404)
      await connected.end()
    })

    test.each([
      ['{"eventType":""}'],
      ['{"eventType":"a","eventData":3}'],
      ['{"eventType":"a","more":1}'],
      ['not json'],
    ])('a malformed event %# is refused in MQTT 5 and not stored', async (payload) => {
      const { device, owner } = await claimed()
      const connected = await connectDevice(server.mqttUrl, device.token, [], {
        protocolVersion: 5,
      })
      await expect(connected.publish(EVENTS, payload)).rejects.toMatchObject({ code: 0x99 })
      const seen = await owner.get(`${V1}/devices/${device.id}/events`)
      expect(seen.text).not.toContain('latchkey.device.event')
      await connected.end()
    })

    test('a stream tells its owner what happens, and a stranger nothing of it', async () => {
      const { device, owner } = await claimed()
      const stranger = await customer(server.httpUrl)
      const mine = await openStream(`${server.httpUrl}${V1}/events`, bearer(owner))
      const theirs = await openStream(`${server.httpUrl}${V1}/events`, bearer(stranger))
      expect(mine.status).toBe(200)
      const connected = await connectDevice(server.mqttUrl, device.token)
      expect(JSON.parse((await mine.next()).data).type).toBe('latchkey.device.connected')
      await connected.publish(EVENTS, { eventType: 'door', eventData: { open: true } })
      const sent = await mine.next()
      const event = JSON.parse(sent.data)
      expect(sent.id).toBe(event.id)
      expect(event).toMatchObject({
        type: 'latchkey.device.event',
        subject: device.id,
        data: { eventType: 'door', eventData: { open: true } },
      })
      await connected.end()
      expect(JSON.parse((await mine.next()).data).type).toBe('latchkey.device.disconnected')
      expect(theirs.came).toEqual([])
      mine.close()
      theirs.close()
    })

    test('a stream goes on behind the last event that was seen: nothing twice, nothing lost', async () => {
      const { device, owner } = await claimed()
      const connected = await connectDevice(server.mqttUrl, device.token)
      const first = await openStream(`${server.httpUrl}${V1}/events`, bearer(owner))
      await connected.publish(EVENTS, { eventType: 'e', eventData: { n: 0 } })
      const seen = await first.next()
      first.close()
      await first.ended
      for (let n = 1; n <= 1200; n++)
        void connected.publish(EVENTS, { eventType: 'e', eventData: { n } })
      await connected.publish(EVENTS, { eventType: 'e', eventData: { n: 1201 } })
      const second = await openStream(`${server.httpUrl}${V1}/events`, {
        ...bearer(owner),
        'last-event-id': seen.id as string,
      })
      await connected.publish(EVENTS, { eventType: 'e', eventData: { n: 1202 } })
      const numbers: number[] = []
      while (numbers.length < 1202)
        numbers.push(JSON.parse((await second.next()).data).data.eventData.n)
      expect(numbers).toEqual(Array.from({ length: 1202 }, (_, n) => n + 1))
      second.close()
      await connected.end()
    })

    test('a stream ends with the session that opened it', async () => {
      const { owner } = await claimed()
      const stream = await openStream(`${server.httpUrl}${V1}/events`, bearer(owner))
      expect((await owner.delete(`${V1}/sessions`)).status).toBe(204)
      await stream.ended
    })

    test('after a release the stream of the former owner says so, and no more of the device', async () => {
      const { device, owner } = await claimed()
      const connected = await connectDevice(server.mqttUrl, device.token)
      const stream = await openStream(`${server.httpUrl}${V1}/events`, bearer(owner))
      await owner.delete(`${V1}/devices/${device.id}/owner`)
      await connected.publish(EVENTS, { eventType: 'not-for-him' })
      const own = await makeDevice(maker, { claimCode: 'other' })
      await owner.post(`${V1}/claims`, { device: own.name, secret: 'other' })
      expect(JSON.parse((await stream.next()).data)).toMatchObject({
        type: 'latchkey.device.released',
        subject: device.id,
      })
      expect(JSON.parse((await stream.next()).data)).toMatchObject({
        type: 'latchkey.device.claimed',
        subject: own.id,
      })
      stream.close()
      await connected.end()
    })

    test('a ticket opens a WebSocket once, which carries the same events', async () => {
      const { device, owner } = await claimed()
      const { body } = await owner.post(`${V1}/tickets`)
      const url = `${server.httpUrl.replace('http', 'ws')}${V1}/events?ticket=${body.ticket}`
      const socket = new WebSocket(url)
      await new Promise((resolve, reject) => {
        socket.once('open', resolve)
        socket.once('error', reject)
      })
      const message = new Promise<string>((resolve) => {
        socket.once('message', (data) => resolve(String(data)))
      })
      const connected = await connectDevice(server.mqttUrl, device.token)
      expect(JSON.parse(await message)).toMatchObject({
        specversion: '1.0',
        type: 'latchkey.device.connected',
      })
      const again = new WebSocket(url)
      const status = await new Promise((resolve) => {
        again.once('unexpected-response', (_request, response) => resolve(response.statusCode))
        again.once('error', () => undefined)
      })
      expect(status).toBe(401)
      const closed = new Promise<number>((resolve) => {
        socket.once('close', (code) => resolve(code))
      })
      await owner.delete(`${V1}/sessions`)
      expect(await closed).toBe(1008)
      await connected.end()
    })

    test('a long poll answers when something happens', async () => {
      const { device, owner } = await claimed()
      const connected = await connectDevice(server.mqttUrl, device.token)
      const seen = await owner.get(`${V1}/devices/${device.id}/events`)
      const waiting = owner.get(
        `${V1}/devices/${device.id}/events?waitMs=20000&after=${seen.body.next}`,
      )
      await connected.publish(EVENTS, { eventType: 'at-last' })
      const came = await waiting
      expect(came.body.items).toHaveLength(1)
      expect(came.body.items[0].data.eventType).toBe('at-last')
      const empty = await owner.get(`${V1}/events?waitMs=1`)
      expect(empty.body.items).toEqual([])
      await connected.end()
    })

    test('a maker hears all of the project', async () => {
      const stream = await openStream(`${server.httpUrl}${V1}/events`, bearer(maker))
      const device = await makeDevice(maker)
      const connected = await connectDevice(server.mqttUrl, device.token)
      const types: string[] = []
      while (!types.includes(`latchkey.device.connected ${device.id}`)) {
        const { type, subject } = JSON.parse((await stream.next()).data)
        types.push(`${type} ${subject}`)
      }
      stream.close()
      await connected.end()
    })

    test('a gateway carries events and commands of its children, and of nobody else', async () => {
      const gateway = await makeDevice(maker, { gateway: true })
      const { device: child, owner } = await claimed()
      const { device: other, owner: otherOwner } = await claimed()
      const topic = 'latchkey/v1/gateway/commands'
      const connected = await connectDevice(server.mqttUrl, gateway.token, [topic])
      await connected.publish('latchkey/v1/gateway/connect', { device: child.name })
      await connected.publish('latchkey/v1/gateway/events', [
        { device: child.name, eventType: 'of-the-child' },
        { device: other.name, eventType: 'not-its-own' },
      ])
      expect((await owner.get(`${V1}/devices/${child.id}/events`)).text).toContain('of-the-child')
      const others = await otherOwner.get(`${V1}/devices/${other.id}/events`)
      expect(others.text).not.toContain('not-its-own')
      const { body } = await owner.post(`${V1}/devices/${child.id}/commands`, { action: 'go' })
      expect(await connected.next(topic)).toMatchObject({ device: child.name, id: body.id })
      await connected.publish(`${topic}/${body.id}/ack`, { ok: true })
      const path = `${V1}/devices/${child.id}/commands/${body.id}`
      expect((await owner.get(path)).body.state).toBe('acknowledged')
      await connected.end()
    })
  },
)
