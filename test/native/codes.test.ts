import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const RESULT = 'latchkey/v1/claim/result'
const OWNER = 'latchkey/v1/owner'
const CODE = 'latchkey/v1/code'
const V1 = '/latchkey/v1'
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

let server: TestServer
let maker: Api

const ready = async (started: TestServer) => {
  server = started
  maker = await signIn(server.httpUrl)
}

const connected = async (options = {}) => {
  const device = await makeDevice(maker)
  const live = await connectDevice(server.mqttUrl, device.token, [RESULT, OWNER], options)
  await live.next(OWNER)
  return { device, live }
}

const newCode = async (app: Api, body: unknown = {}) => {
  const made = await app.post(`${V1}/claim-codes`, body)
  expect(made.status).toBe(201)
  return made.body.code as string
}

const lookAt = (app: Api, code: string) => app.get(`${V1}/claim-codes/${encodeURIComponent(code)}`)

onEachStore(ready, () => {
  describe('a claim code', () => {
    test('is made by an account and brought by the device, which then is the account’s', async () => {
      const ada = await customer(server.httpUrl)
      const { device, live } = await connected()
      const made = await ada.post(`${V1}/claim-codes`)
      expect(made.status).toBe(201)
      expect(made.body).toEqual({
        code: expect.stringMatching(/^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$/),
        expiresAt: expect.any(String),
        deviceIds: [],
      })
      expect(made.headers.get('cache-control')).toBe('no-store')
      const { code } = made.body
      const open = await lookAt(ada, code)
      expect([open.status, open.body]).toEqual([
        200,
        { state: 'open', expiresAt: made.body.expiresAt },
      ])
      expect(open.headers.get('cache-control')).toBe('no-store')
      const poll = ada.get(`${made.headers.get('location')}?waitMs=20000`)
      await live.publish(CODE, { code: code.toLowerCase().replaceAll('-', ' ') })
      expect(await live.next(RESULT)).toEqual({
        id: expect.any(String),
        state: 'claimed',
        epoch: 1,
      })
      expect(await live.next(OWNER)).toEqual({ claimed: true, epoch: 1, home: ada.home })
      expect((await poll).body).toMatchObject({ state: 'claimed', device: device.id, epoch: 1 })
      expect((await lookAt(ada, code)).body).toEqual({
        ...{ state: 'used', device: device.id, expiresAt: made.body.expiresAt },
        usedAt: expect.stringMatching(TIME),
      })
      expect((await ada.post(`${V1}/claim-codes`)).body.deviceIds).toEqual([device.id])
      await live.end()
    })

    test('is confirmed again to the same device under the same id, and refused to another one', async () => {
      const ada = await customer(server.httpUrl)
      const [one, two] = [await connected(), await connected()]
      const code = await newCode(ada)
      await one.live.publish(CODE, { code })
      const first = await one.live.next(RESULT)
      await one.live.publish(CODE, { code })
      expect(await one.live.next(RESULT)).toEqual(first)
      await two.live.publish(CODE, { code })
      expect(await two.live.next(RESULT)).toEqual({ state: 'refused', reason: 'code-used' })
      await Promise.all([one.live.end(), two.live.end()])
    })

    test('is stored when it is acknowledged', async () => {
      const ada = await customer(server.httpUrl)
      const { device, live } = await connected()
      const code = await newCode(ada)
      await live.publish(CODE, { code })
      expect((await ada.get(`${V1}/devices/${device.id}`)).status).toBe(200)
      await live.end()
    })

    test('takes the device from its present owner where the device itself brings it', async () => {
      const [ada, bob] = [await customer(server.httpUrl), await customer(server.httpUrl)]
      const { device, live } = await connected()
      await live.publish(CODE, { code: await newCode(ada) })
      expect(await live.next(OWNER)).toMatchObject({ home: ada.home, epoch: 1 })
      await live.publish(CODE, { code: await newCode(bob) })
      expect(await live.next(OWNER)).toEqual({ claimed: true, epoch: 2, home: bob.home })
      expect((await ada.get(`${V1}/devices/${device.id}`)).status).toBe(404)
      expect((await bob.get(`${V1}/devices/${device.id}`)).status).toBe(200)
      await live.end()
    })

    test('of a product is one for machines, good for the product’s devices and customers', async () => {
      const product = await maker.post(`${V1}/projects`, {
        name: `product-${Date.now()}-${Math.random()}`,
        accounts: 'email',
        provisioning: 'pre',
      })
      const who = { email: `p${product.body.number}@example.com`, password: 'customer-password' }
      const project = product.body.id
      expect((await maker.post(`${V1}/users`, { ...who, role: 'customer', project })).status).toBe(
        201,
      )
      const ada = await signIn(server.httpUrl, who)
      const inside = await makeDevice(maker, { project: product.body.name })
      const outside = await connected()
      for (const ref of [product.body.name, String(product.body.number), product.body.id])
        expect(await newCode(ada, { product: ref })).toMatch(/^[A-Za-z0-9+/]{63}$/)
      const code = await newCode(ada, { product: product.body.name })
      await outside.live.publish(CODE, { code })
      expect(await outside.live.next(RESULT)).toEqual({
        state: 'refused',
        reason: 'device-not-in-project',
      })
      expect((await lookAt(ada, code)).body).toEqual({
        ...{ state: 'open', reason: 'device-not-in-project' },
        ...{ expiresAt: expect.stringMatching(TIME), refusedAt: expect.stringMatching(TIME) },
      })
      const live = await connectDevice(server.mqttUrl, inside.token, [RESULT])
      await live.publish(CODE, { code })
      expect(await live.next(RESULT)).toMatchObject({ state: 'claimed', epoch: 1 })
      expect((await lookAt(ada, code)).body).toMatchObject({ state: 'used', device: inside.id })
      const stranger = await customer(server.httpUrl)
      const foreign = await stranger.post(`${V1}/claim-codes`, { product: product.body.name })
      expect(foreign.status).toBe(404)
      const unknown = await stranger.post(`${V1}/claim-codes`, { product: 'no-such' })
      expect([unknown.status, unknown.body]).toEqual([404, foreign.body])
      const team = await maker.post(`${V1}/claim-codes`, { product: product.body.name })
      expect([team.status, team.body.reason]).toEqual([403, 'not-permitted'])
      await Promise.all([live.end(), outside.live.end()])
    })

    test('is nobody else’s to ask about', async () => {
      const [ada, eve] = [await customer(server.httpUrl), await customer(server.httpUrl)]
      const code = await newCode(ada)
      const foreign = await lookAt(eve, code)
      const absent = await lookAt(eve, '2222-2222-2222')
      expect([foreign.status, absent.status]).toEqual([404, 404])
      expect(foreign.body).toEqual(absent.body)
      expect((await lookAt(maker, code)).status).toBe(404)
      for (const wrong of ['x', '..', '%00', '€', 'A'.repeat(128)])
        expect((await lookAt(ada, wrong)).status).toBe(404)
      expect((await ada.get(`${V1}/claim-codes/${'A'.repeat(129)}`)).status).toBe(400)
    })

    test('needs an account, and no members that nobody knows', async () => {
      const ada = await customer(server.httpUrl)
      for (const body of [{ product: 7 }, { product: '' }, { home: ada.home }, [], 'x'])
        expect((await ada.post(`${V1}/claim-codes`, body)).status).toBe(400)
      const anyone = await fetch(`${server.httpUrl}${V1}/claim-codes`, { method: 'POST' })
      expect(anyone.status).toBe(401)
    })

    test('over the fiftieth has to wait', async () => {
      const ada = await customer(server.httpUrl)
      for (let i = 0; i < 50; i++) await newCode(ada)
      const refused = await ada.post(`${V1}/claim-codes`)
      expect([refused.status, refused.body.reason]).toEqual([429, 'too-many-attempts'])
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    })
  })

  describe('POST /claims with a code', () => {
    test('is the claim that waits for the code’s device, and then the one that was made', async () => {
      const ada = await customer(server.httpUrl)
      const { device, live } = await connected()
      const code = await newCode(ada)
      const waits = await ada.post(`${V1}/claims`, { code })
      expect([waits.status, waits.body]).toEqual([
        202,
        { id: expect.any(String), state: 'waiting', expiresAt: expect.any(String) },
      ])
      const place = waits.headers.get('location') as string
      expect((await ada.get(place)).body).toMatchObject({ id: waits.body.id, state: 'waiting' })
      await live.publish(CODE, { code })
      const made = await ada.post(`${V1}/claims`, { code })
      expect([made.status, made.body]).toEqual([
        200,
        { id: waits.body.id, state: 'claimed', device: device.id, epoch: 1 },
      ])
      expect((await ada.get(place)).body).toMatchObject({ state: 'claimed', device: device.id })
      await live.end()
    })

    test('of somebody else is refused as any claim is, and counts as a wrong try', async () => {
      const [ada, eve] = [await customer(server.httpUrl), await customer(server.httpUrl)]
      const code = await newCode(ada)
      const foreign = await eve.post(`${V1}/claims`, { code })
      const absent = await eve.post(`${V1}/claims`, { device: 'no-such', secret: 'x' })
      expect([foreign.status, foreign.body]).toEqual([403, absent.body])
      for (let i = 0; i < 18; i++) await eve.post(`${V1}/claims`, { code })
      expect((await eve.post(`${V1}/claims`, { code })).status).toBe(429)
      const seen = (await lookAt(ada, code)).body
      expect(seen).toEqual({ state: 'open', expiresAt: expect.stringMatching(TIME) })
    })

    test.each([
      [{ code: '' }],
      [{ code: 7 }],
      [{ code: 'x'.repeat(129) }],
      [{ code: 'x', device: 'y' }],
    ])('%j is refused', async (body) => {
      const ada = await customer(server.httpUrl)
      expect((await ada.post(`${V1}/claims`, body)).status).toBe(400)
    })
  })

  describe('a payload of another form', () => {
    const wrong = [
      '',
      'x',
      '[]',
      'null',
      '{}',
      '{"code":7}',
      '{"code":""}',
      '{"code":"A","more":1}',
      `{"code":"${'A'.repeat(129)}"}`,
      '{"code":"\\u0000"}',
      Buffer.from([0x7b, 0xff, 0x7d]),
    ]

    test.each(wrong)(
      '%j is told to an MQTT 3.1.1 client, and the connection stays',
      async (body) => {
        const { live } = await connected()
        await live.publish(CODE, body)
        expect(await live.next(RESULT)).toEqual({ state: 'refused', reason: 'bad-request' })
        await live.publish(CODE, { code: '2222-2222-2222' })
        expect(await live.next(RESULT)).toEqual({ state: 'refused', reason: 'code-unknown' })
        await live.end()
      },
    )

    test.each(wrong)('%j is 0x99 to an MQTT 5 client, and the connection stays', async (body) => {
      const { live } = await connected({ protocolVersion: 5 })
      await expect(live.publish(CODE, body)).rejects.toMatchObject({ code: 0x99 })
      expect(live.client.connected).toBe(true)
      await live.end()
    })
  })
})

describe('a project’s policy', () => {
  let own: TestServer
  beforeAll(async () => {
    own = await startServer()
  })
  afterAll(() => own.close())

  test('without possession the owner keeps the device, and the code’s maker can ask why', async () => {
    const admin = await signIn(own.httpUrl)
    const product = await admin.post(`${V1}/projects`, {
      name: 'kept',
      accounts: 'email',
      provisioning: 'pre',
    })
    const people = []
    for (const name of ['ada', 'bob']) {
      const who = { email: `${name}@kept.example`, password: 'customer-password' }
      await admin.post(`${V1}/users`, { ...who, role: 'customer', project: product.body.id })
      people.push(await signIn(own.httpUrl, who))
    }
    const [ada, bob] = people as [Api, Api]
    const device = await makeDevice(admin, { project: 'kept' })
    const live = await connectDevice(own.mqttUrl, device.token, [RESULT])
    await live.publish(CODE, { code: await newCode(ada) })
    expect(await live.next(RESULT)).toMatchObject({ state: 'claimed' })
    const code = await newCode(bob)
    await live.publish(CODE, { code })
    expect(await live.next(RESULT)).toEqual({ state: 'refused', reason: 'owned-by-another' })
    expect((await lookAt(bob, code)).body).toEqual({
      ...{ state: 'open', device: device.id, reason: 'owned-by-another' },
      ...{ expiresAt: expect.stringMatching(TIME), refusedAt: expect.stringMatching(TIME) },
    })
    expect((await ada.delete(`${V1}/devices/${device.id}/owner`)).status).toBe(204)
    await live.publish(CODE, { code })
    expect(await live.next(RESULT)).toMatchObject({ state: 'claimed', epoch: 3 })
    await live.end()
  })
})
