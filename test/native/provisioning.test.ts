import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type mqtt from 'mqtt'
import { type Api, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const PROVISION = 'latchkey/v1/provision'
const RESULT = 'latchkey/v1/provision/result'
const OWNER = 'latchkey/v1/owner'
const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api
let ada: Api
let home: string
let projects = 0

/** A project that provisions on demand, with a customer. */
const openProject = async (at: TestServer) => {
  projects += 1
  const admin = await signIn(at.httpUrl)
  const name = `fleet-${projects}`
  const project = await admin.post(`${V1}/projects`, {
    name,
    accounts: 'email',
    provisioning: 'on-demand',
  })
  const who = { email: `ada@${name}.example`, password: 'customer-password' }
  const user = { ...who, role: 'customer', project: project.body.id }
  const made = await admin.post(`${V1}/users`, user)
  const app = await signIn(at.httpUrl, who)
  return { admin, app, home: made.body.home as string }
}

const ready = async (started: TestServer) => {
  server = started
  const opened = await openProject(server)
  maker = opened.admin
  ada = opened.app
  home = opened.home
}

const newToken = async (app = ada) => {
  const made = await app.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp', tag: 'hall' })
  expect(made.status).toBe(201)
  return made.body.token as string
}

const newcomer = (topics = [RESULT], options = {}) =>
  connectDevice(server.mqttUrl, 'provision', topics, options)

onEachStore(ready, () => {
  test('a token becomes a device that connects with what it was told', async () => {
    const asked = await ada.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp' })
    expect([asked.status, asked.body]).toEqual([
      201,
      { token: expect.stringMatching(/^[\w-]{43}$/), expiresAt: expect.any(String) },
    ])
    expect(asked.headers.get('cache-control')).toBe('no-store')
    const live = await newcomer()
    await live.publish(PROVISION, { token: asked.body.token })
    const made = await live.next(RESULT)
    expect(made).toEqual({
      id: expect.any(String),
      number: expect.any(Number),
      token: expect.stringMatching(/^[\w-]{43}$/),
    })
    const shown = await ada.get(`${V1}/devices/${made.id}`)
    expect(shown.body).toMatchObject({
      id: made.id,
      number: made.number,
      deviceClass: 'lamp',
      claimed: true,
      owner: home,
      epoch: 1,
    })
    const device = await connectDevice(server.mqttUrl, made.token, [OWNER])
    expect(await device.next(OWNER)).toEqual({ claimed: true, epoch: 1, home })
    await Promise.all([device.end(), live.end()])
  })

  test('a token is good once, and what is wrong with one is told', async () => {
    const token = await newToken()
    const live = await newcomer()
    await live.publish(PROVISION, { token })
    await live.next(RESULT)
    for (const [wrong, reason] of [
      [token, 'token-used'],
      ['A'.repeat(43), 'token-unknown'],
      ['', 'bad-request'],
    ]) {
      await live.publish(PROVISION, { token: wrong })
      expect(await live.next(RESULT)).toEqual({ state: 'refused', reason })
    }
    await live.end()
  })

  test('of ten newcomers with one token exactly one gets a device', async () => {
    const token = await newToken()
    const before = (await ada.get(`${V1}/devices`)).body.items.length
    const lives = await Promise.all(Array.from({ length: 10 }, () => newcomer()))
    await Promise.all(lives.map((live) => live.publish(PROVISION, { token })))
    const answers = await Promise.all(lives.map((live) => live.next(RESULT)))
    expect(answers.filter((answer) => 'token' in answer)).toHaveLength(1)
    expect((await ada.get(`${V1}/devices`)).body.items).toHaveLength(before + 1)
    await Promise.all(lives.map((live) => live.end()))
  })

  test('an answer waits for its subscription', async () => {
    const live = await newcomer([])
    await live.publish(PROVISION, { token: await newToken() })
    await live.client.subscribeAsync(RESULT, { qos: 1 })
    expect(await live.next(RESULT)).toMatchObject({ token: expect.any(String) })
    await live.end()
  })

  test('an MQTT 5 client gets the answer with its own correlation data', async () => {
    const live = await newcomer([RESULT], { protocolVersion: 5 })
    const packet = new Promise<mqtt.IPublishPacket>((resolve) =>
      live.client.once('message', (_topic, _payload, came) => resolve(came)),
    )
    await live.client.publishAsync(PROVISION, JSON.stringify({ token: await newToken() }), {
      qos: 1,
      properties: { responseTopic: RESULT, correlationData: Buffer.from('mine') },
    })
    expect((await packet).properties?.correlationData?.toString()).toBe('mine')
    await live.end()
  })

  test.each([
    [4, OWNER],
    [4, 'latchkey/v1/claim/result'],
    [4, '#'],
    [4, 'latchkey/v1/provision/+'],
    [5, 'latchkey/v1/commands'],
  ])('a newcomer hears nothing else (MQTT %d, %s)', async (protocolVersion, topic) => {
    const live = await newcomer([], { protocolVersion })
    await expect(live.client.subscribeAsync(topic)).rejects.toThrow()
    expect(live.client.connected).toBe(true)
    await live.end()
  })

  test('a newcomer says nothing else', async () => {
    const live = await newcomer([RESULT], { protocolVersion: 5 })
    for (const topic of ['latchkey/v1/claim', 'latchkey/v1/events', RESULT, 'any'])
      await expect(live.publish(topic, {})).rejects.toMatchObject({ code: 0x87 })
    await live.publish(PROVISION, { token: await newToken() })
    expect(await live.next(RESULT)).toMatchObject({ token: expect.any(String) })
    await live.end()
  })

  test('a device does not provision, and newcomers do not hear one another', async () => {
    const device = await makeDevice(maker)
    const live = await connectDevice(server.mqttUrl, device.token, [], { protocolVersion: 5 })
    await expect(live.publish(PROVISION, { token: await newToken() })).rejects.toMatchObject({
      code: 0x87,
    })
    await expect(live.client.subscribeAsync(RESULT)).rejects.toThrow()
    const [one, two] = [await newcomer(), await newcomer()]
    const heard: string[] = []
    two.client.on('message', (_topic, payload) => heard.push(payload.toString()))
    await one.publish(PROVISION, { token: await newToken() })
    await one.next(RESULT)
    await two.publish(PROVISION, { token: 'B'.repeat(43) })
    expect(await two.next(RESULT)).toEqual({ state: 'refused', reason: 'token-unknown' })
    expect(heard).toHaveLength(1)
    await Promise.all([live.end(), one.end(), two.end()])
  })

  const wrong = ['', 'x', '[]', '{}', '{"token":7}', '{"token":"a","home":"b"}', '{"token":null}']

  test.each(wrong)('%j is told to an MQTT 3.1.1 client, and the connection stays', async (body) => {
    const live = await newcomer()
    await live.publish(PROVISION, body)
    expect(await live.next(RESULT)).toEqual({ state: 'refused', reason: 'bad-request' })
    await live.publish(PROVISION, { token: await newToken() })
    expect(await live.next(RESULT)).toMatchObject({ token: expect.any(String) })
    await live.end()
  })

  test.each(wrong)('%j is 0x99 to an MQTT 5 client, and the connection stays', async (body) => {
    const live = await newcomer([RESULT], { protocolVersion: 5 })
    await expect(live.publish(PROVISION, body)).rejects.toMatchObject({ code: 0x99 })
    expect(live.client.connected).toBe(true)
    await live.end()
  })

  test('a connection brings ten tokens and no more', async () => {
    const live = await newcomer()
    for (let i = 0; i < 10; i++) {
      await live.publish(PROVISION, { token: 'C'.repeat(43) })
      await live.next(RESULT)
    }
    live.publish(PROVISION, { token: 'C'.repeat(43) }).catch(() => undefined)
    await live.closed
    await live.end()
  })

  test.each([
    [{}],
    [{ deviceClass: '' }],
    [{ deviceClass: 7 }],
    [{ deviceClass: 'lamp', more: 1 }],
    [{ deviceClass: 'lamp', tag: '\u0000' }],
    [{ deviceClass: 'x'.repeat(256) }],
  ])('no token for %j', async (body) => {
    expect((await ada.post(`${V1}/provisioning-tokens`, body)).status).toBe(400)
  })

  test('a token is for a home of one’s own, in a project that provisions on demand', async () => {
    const stranger = { deviceClass: 'lamp', home: '00000000-0000-4000-8000-000000000000' }
    const foreign = await ada.post(`${V1}/provisioning-tokens`, stranger)
    expect([foreign.status, foreign.body.reason]).toEqual([403, 'not-a-member'])
    const own = await ada.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp', home })
    expect(own.status).toBe(201)
    const closed = await maker.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp' })
    expect([closed.status, closed.body.reason]).toEqual([403, 'provisioning-closed'])
    const anyone = await fetch(`${server.httpUrl}${V1}/provisioning-tokens`, { method: 'POST' })
    expect(anyone.status).toBe(401)
  })
})

describe('a newcomer is sent away', () => {
  let own: TestServer
  beforeAll(async () => {
    own = await startServer({
      LATCHKEY_LIMITS: JSON.stringify({ newcomerMs: 600, newcomerAnsweredMs: 300 }),
    })
  })
  afterAll(() => own.close())

  test('when it brings nothing, and soon after its answer', async () => {
    const silent = await connectDevice(own.mqttUrl, 'provision')
    await silent.closed
    const { app } = await openProject(own)
    const asked = await app.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp' })
    const live = await connectDevice(own.mqttUrl, 'provision', [RESULT])
    await live.publish(PROVISION, { token: asked.body.token })
    expect(await live.next(RESULT)).toMatchObject({ token: expect.any(String) })
    await live.closed
    await Promise.all([silent.end(), live.end()])
  })
})

test('limits under which claim codes could be guessed are refused', async () => {
  const limits = JSON.stringify({ openCodes: 1_000_000, codeLookupsPerDay: 1_000_000 })
  await expect(startServer({ LATCHKEY_LIMITS: limits })).rejects.toThrow()
})
