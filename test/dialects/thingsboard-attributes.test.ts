import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api, signIn } from '../support/api.ts'
import { claim, login, openThingsboard, reclaim, type Thingsboard } from '../support/thingsboard.ts'

const FAR = 4_102_444_800_000

let tb: Thingsboard
beforeAll(async () => {
  tb = await openThingsboard()
})
afterAll(() => tb.server.close())

const prefix = '/api/plugins/telemetry'

// research/thingsboard.md 1.5, 2.4.
describe('claimingData', () => {
  test.each([
    ['JSON', { secretKey: 'box', expirationTime: FAR }],
    ['JSON as text', `{"secretKey":"box","expirationTime":${FAR}}`],
    ['JSON with its time as text', { secretKey: 'box', expirationTime: String(FAR) }],
    ['text with its time as text', `{"secretKey":"box","expirationTime":"${FAR}"}`],
  ])('as %s is a key that the device need not know of', async (_what, claimingData) => {
    const device = await tb.newDevice()
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    const saved = await tb.save(device.id, { claimingData })
    expect([saved.status, saved.text]).toEqual([200, ''])
    expect((await claim(bob, device.name, { secretKey: 'wrong' })).text).toBe('"FAILURE"')
    expect((await claim(bob, device.name)).text).toBe('"FAILURE"')
    expect((await claim(ann, device.name, { secretKey: 'box' })).status).toBe(200)
    expect((await claim(ann, device.name, { secretKey: 'box' })).text).toBe('"CLAIMED"')
  })

  test.each(['/DEVICE/ID/SERVER_SCOPE', '/DEVICE/ID/attributes/SERVER_SCOPE', '/ID/SERVER_SCOPE'])(
    'may be posted to %s',
    async (form) => {
      const device = await tb.newDevice()
      const claimingData = { secretKey: 'box', expirationTime: FAR }
      const path = `${prefix}${form.replace('ID', device.id)}`
      expect((await tb.tenant.post(path, { claimingData })).status).toBe(200)
      expect((await claim(await tb.newCustomer(), device.name, { secretKey: 'box' })).status).toBe(
        200,
      )
    },
  )

  test('is read without its key, and not at all once it was used', async () => {
    const device = await tb.newDevice()
    await tb.save(device.id, {
      claimingData: { secretKey: 'box', expirationTime: FAR },
      claimingAllowed: true,
    })
    const shown = await tb.read(device.id)
    expect(shown).toEqual([
      { lastUpdateTs: expect.any(Number), key: 'claimingData', value: { expirationTime: FAR } },
      { lastUpdateTs: expect.any(Number), key: 'claimingAllowed', value: true },
    ])
    await claim(await tb.newCustomer(), device.name, { secretKey: 'box' })
    expect(await tb.read(device.id)).toEqual([])
    expect((await reclaim(tb.tenant, device.name)).status).toBe(200)
    expect(await tb.read(device.id)).toEqual([])
    expect((await claim(await tb.newCustomer(), device.name, { secretKey: 'box' })).text).toBe(
      '"FAILURE"',
    )
  })

  test.each([
    ['over', { secretKey: 'box', expirationTime: 1_577_836_800_000 }, { secretKey: 'box' }],
    ['without a time', { secretKey: 'box' }, { secretKey: 'box' }],
  ])('%s is of no use', async (_what, claimingData, body) => {
    const device = await tb.newDevice()
    expect((await tb.save(device.id, { claimingData })).status).toBe(200)
    expect((await claim(await tb.newCustomer(), device.name, body)).text).toBe('"FAILURE"')
  })

  test('without a key is claimed with the empty one', async () => {
    const device = await tb.newDevice()
    await tb.save(device.id, { claimingData: { expirationTime: FAR } })
    const ann = await tb.newCustomer()
    expect((await claim(ann, device.name, { secretKey: 'any' })).text).toBe('"FAILURE"')
    expect((await claim(ann, device.name, {})).status).toBe(200)
  })

  test('lies in the store as a digest, never in clear', async () => {
    const device = await tb.newDevice()
    const secretKey = 'clear-text-of-a-box'
    await tb.save(device.id, { claimingData: JSON.stringify({ secretKey, expirationTime: FAR }) })
    const marker = 'a-value-that-is-not-secret'
    await tb.save(device.id, { marker })
    const stored = readFileSync(join(tb.server.folder, 'store', 'data.mdb'), 'latin1')
    expect([stored.includes(marker), stored.includes(secretKey)]).toEqual([true, false])
  })

  test('and a key of the device are good beside each other', async () => {
    const device = await tb.newDevice()
    await tb.save(device.id, { claimingData: { secretKey: 'box', expirationTime: FAR } })
    await tb.send(device.token, 'v1/devices/me/claim', { secretKey: 'shown' })
    expect((await claim(await tb.newCustomer(), device.name, { secretKey: 'box' })).status).toBe(
      200,
    )
  })

  test('is taken away, and overwritten', async () => {
    const device = await tb.newDevice()
    const ann = await tb.newCustomer()
    await tb.save(device.id, { claimingData: { secretKey: 'one', expirationTime: FAR } })
    await tb.save(device.id, { claimingData: { secretKey: 'two', expirationTime: FAR } })
    expect((await claim(ann, device.name, { secretKey: 'one' })).text).toBe('"FAILURE"')
    const path = `${prefix}/DEVICE/${device.id}/SERVER_SCOPE?keys=claimingData,claimingAllowed`
    const gone = await tb.tenant.delete(path)
    expect([gone.status, gone.text]).toEqual([200, ''])
    expect(await tb.read(device.id)).toEqual([])
    expect((await claim(ann, device.name, { secretKey: 'two' })).text).toBe('"FAILURE"')
  })

  test.each([
    'topsecret',
    'null',
    '{"secretKey":"topsecret"',
    { secretKey: 'topsecret', expirationTime: FAR, more: 1 },
    { secretKey: 'topsecret', expirationTime: 'soon' },
    { secretKey: { topsecret: 1 }, expirationTime: FAR },
    ['topsecret'],
    7,
  ])(
    'that cannot be read (%p) is refused at once, and not said again (deviation)',
    async (claimingData) => {
      const device = await tb.newDevice()
      const reply = await tb.save(device.id, { claimingData })
      expect([reply.status, reply.text]).toEqual([400, 'Invalid claimingData'])
      expect(await tb.read(device.id)).toEqual([])
    },
  )

  test('at the top level is an attribute like any other (issue #7005)', async () => {
    const device = await tb.newDevice()
    await tb.save(device.id, { secretKey: 'box', expirationTime: FAR })
    expect((await claim(await tb.newCustomer(), device.name, { secretKey: 'box' })).text).toBe(
      '"FAILURE"',
    )
  })

  test('is not for the owner to set (deviation), so that nobody leaves a back door', async () => {
    const device = await tb.newDevice()
    const ann = await tb.newCustomer()
    await tb.save(device.id, { claimingData: { secretKey: 'box', expirationTime: FAR } })
    await claim(ann, device.name, { secretKey: 'box' })
    const path = `${prefix}/DEVICE/${device.id}/SERVER_SCOPE`
    const reply = await ann.post(path, { claimingData: { secretKey: 'mine', expirationTime: FAR } })
    expect([reply.status, reply.body.errorCode]).toEqual([403, 20])
  })
})

describe('claimingAllowed', () => {
  /** A tenant whose devices may not be claimed unless it says so. */
  const strictTenant = async () => {
    const first = await signIn(tb.httpUrl)
    const name = `strict-${Date.now()}`
    const policy = { claimingAllowedByDefault: false }
    const project = { name, accounts: 'email', provisioning: 'pre', policy }
    expect((await first.post('/latchkey/v1/projects', project)).status).toBe(201)
    const people = { maker: `m-${name}@example.com`, customer: `c-${name}@example.com` }
    for (const [role, email] of Object.entries(people)) {
      const user = { email, password: 'long-enough', role, project: name }
      expect((await first.post('/latchkey/v1/users', user)).status).toBe(201)
    }
    const [tenant, ann] = await Promise.all(
      Object.values(people).map((email) => login(tb.httpUrl, { email, password: 'long-enough' })),
    )
    const made = await tenant?.post('/api/device', { name: 'Lamp', type: 'default' })
    const id = made?.body.id.id as string
    const credentials = await tenant?.get(`/api/device/${id}/credentials`)
    const scope = `${prefix}/DEVICE/${id}`
    return {
      ann: ann as NonNullable<typeof ann>,
      allow: (claimingAllowed: unknown) =>
        tenant?.post(`${scope}/SERVER_SCOPE`, { claimingAllowed }),
      read: async () => (await tenant?.get(`${scope}/values/attributes/SERVER_SCOPE`))?.body,
      open: (secretKey: string) =>
        tb.send(credentials?.body.credentialsId, 'v1/devices/me/claim', { secretKey }),
    }
  }

  test('must be true where the policy does not allow claiming; it is gone after the claim, and back after the release', async () => {
    const { ann, allow, read, open } = await strictTenant()
    await open('a')
    expect((await claim(ann, 'Lamp', { secretKey: 'a' })).text).toBe('"FAILURE"')
    for (const value of [false, 'true', 1, {}]) {
      expect((await allow(value))?.status).toBe(200)
      await open('a')
      expect((await claim(ann, 'Lamp', { secretKey: 'a' })).text).toBe('"FAILURE"')
      expect(await read()).toEqual([])
    }
    await allow(true)
    await open('a')
    expect((await claim(ann, 'Lamp', { secretKey: 'a' })).status).toBe(200)
    expect(await read()).toEqual([])
    expect((await reclaim(ann, 'Lamp')).status).toBe(200)
    expect(await read()).toEqual([
      { lastUpdateTs: expect.any(Number), key: 'claimingAllowed', value: true },
    ])
    await open('b')
    expect((await claim(ann, 'Lamp', { secretKey: 'b' })).status).toBe(200)
  })

  test('is not asked where the policy allows claiming', async () => {
    const device = await tb.newDevice()
    for (const claimingAllowed of [false, true, 'no']) await tb.save(device.id, { claimingAllowed })
    await tb.send(device.token, 'v1/devices/me/claim', { secretKey: 'a' })
    expect((await claim(await tb.newCustomer(), device.name, { secretKey: 'a' })).status).toBe(200)
  })

  test('leaves alone what the native API forbids', async () => {
    const maker = api(tb.httpUrl, { token: tb.tenant.pair.token })
    const name = 'forbidden'
    const made = await maker.post('/latchkey/v1/devices', { name, claimingAllowed: false })
    await tb.save(made.body.id, { claimingAllowed: false })
    await tb.tenant.delete(`${prefix}/${made.body.id}/SERVER_SCOPE?keys=claimingAllowed`)
    await tb.send(made.body.token, 'v1/devices/me/claim', { secretKey: 'a' })
    expect((await claim(await tb.newCustomer(), name, { secretKey: 'a' })).text).toBe('"FAILURE"')
  })
})

describe('attributes', () => {
  test('are saved, read by key, overwritten and removed in their scope', async () => {
    const { id } = await tb.newDevice()
    await tb.save(id, { a: 1, b: 'two', c: { d: [true] } })
    await tb.save(id, { a: 2 })
    const path = `${prefix}/DEVICE/${id}`
    await tb.tenant.post(`${path}/SHARED_SCOPE`, { a: 'shared' })
    const pairs = (list: { key: string; value: unknown }[]) =>
      list.map(({ key, value }) => [key, value])
    expect(pairs(await tb.read(id))).toEqual([
      ['a', 2],
      ['b', 'two'],
      ['c', { d: [true] }],
    ])
    expect(pairs(await tb.read(id, 'b,none'))).toEqual([['b', 'two']])
    const twice = await tb.tenant.get(`${path}/values/attributes/SERVER_SCOPE?key=a&key=b`)
    expect(pairs(twice.body)).toEqual([
      ['a', 2],
      ['b', 'two'],
    ])
    const all = await tb.tenant.get(`${path}/values/attributes?keys=a`)
    expect(pairs(all.body)).toEqual([
      ['a', 2],
      ['a', 'shared'],
    ])
    await tb.tenant.delete(`${path}/SERVER_SCOPE?keys=a,c`)
    expect(pairs(await tb.read(id))).toEqual([['b', 'two']])
    expect(pairs((await tb.tenant.get(`${path}/values/attributes/SHARED_SCOPE`)).body)).toEqual([
      ['a', 'shared'],
    ])
  })

  test.each([
    ['SERVER_SCOPE', '{"a":', 'Invalid JSON'],
    ['SERVER_SCOPE', '[1]', 'Request is not a JSON object'],
    ['SERVER_SCOPE', '{}', 'No attributes data found in request body!'],
    ['SERVER_SCOPE', '{" ":1}', 'Key cannot be blank'],
    ['CLIENT_SCOPE', '{"a":1}', 'Invalid scope'],
    ['OTHER', '{"a":1}', 'Invalid scope'],
    ['SHARED_SCOPE', '{"claimingData":{"secretKey":"v"}}', 'Invalid claimingData'],
  ])('%s with %s are refused in plain text: %s', async (scope, body, words) => {
    const { id } = await tb.newDevice()
    const reply = await fetch(`${tb.httpUrl}${prefix}/DEVICE/${id}/${scope}`, {
      method: 'POST',
      headers: {
        'x-authorization': `Bearer ${tb.tenant.pair.token}`,
        'content-type': 'application/json',
      },
      body,
    })
    expect([reply.status, await reply.text()]).toEqual([400, words])
    expect(reply.headers.get('content-type')).toMatch(/^text\/plain/)
  })

  test('are bounded', async () => {
    const { id } = await tb.newDevice()
    const many = Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`k${n}`, n]))
    expect((await tb.save(id, many)).status).toBe(400)
    expect((await tb.save(id, { long: 'x'.repeat(70_000) })).status).toBe(400)
    expect(await tb.read(id)).toEqual([])
  })

  test('of the own device are read by its owner, of others by nobody', async () => {
    const device = await tb.newDevice()
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    await tb.save(device.id, { a: 1 })
    await tb.send(device.token, 'v1/devices/me/claim', {})
    await claim(ann, device.name)
    const path = `${prefix}/DEVICE/${device.id}/values/attributes/SERVER_SCOPE`
    expect((await ann.get(path)).body).toMatchObject([{ key: 'a', value: 1 }])
    expect((await bob.get(path)).status).toBe(403)
    expect((await ann.delete(`${prefix}/DEVICE/${device.id}/SERVER_SCOPE?keys=a`)).status).toBe(403)
    expect(
      (await tb.tenant.delete(`${prefix}/DEVICE/${device.id}/SERVER_SCOPE?keys=`)).status,
    ).toBe(400)
  })
})
