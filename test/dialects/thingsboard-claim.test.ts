import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api } from '../support/api.ts'
import {
  claim,
  NULL_UUID,
  openThingsboard,
  reclaim,
  type Thingsboard,
} from '../support/thingsboard.ts'

const CLAIM = 'v1/devices/me/claim'
const envelope = (status: number, errorCode: number, message: string) => ({
  status,
  message,
  errorCode,
  timestamp: expect.any(Number),
})
const NOT_PERMITTED = envelope(403, 20, "You don't have permission to perform this operation!")
const NOT_FOUND = envelope(404, 32, "Requested item wasn't found!")

let tb: Thingsboard
beforeAll(async () => {
  tb = await openThingsboard()
})
afterAll(() => tb.server.close())

/** A device with an open window. */
const opened = async (secretKey?: string) => {
  const device = await tb.newDevice()
  await tb.send(device.token, CLAIM, { secretKey })
  return device
}

/** A device and its owner. */
const owned = async () => {
  const device = await opened('v')
  const ann = await tb.newCustomer()
  expect((await claim(ann, device.name, { secretKey: 'v' })).status).toBe(200)
  return { device, ann }
}

/** The claim with a body as it stands. */
const claimRaw = async (token: string, name: string, body: string, type = 'application/json') => {
  const reply = await fetch(`${tb.httpUrl}/api/customer/device/${name}/claim`, {
    method: 'POST',
    headers: { 'x-authorization': `Bearer ${token}`, 'content-type': type },
    body,
  })
  return [reply.status, await reply.text()]
}

// research/thingsboard.md 1.4, row by row.
describe('a claim by name', () => {
  test('that succeeds answers with the whole device', async () => {
    const device = await opened('v')
    const ann = await tb.newCustomer()
    const reply = await claim(ann, device.name, { secretKey: 'v' })
    expect(reply.status).toBe(200)
    expect(reply.headers.get('content-type')).toMatch(/^application\/json/)
    expect(Object.keys(reply.body)).toEqual(['device', 'response'])
    expect(reply.body).toEqual({
      response: 'SUCCESS',
      device: {
        id: { entityType: 'DEVICE', id: device.id },
        createdTime: expect.any(Number),
        additionalInfo: null,
        tenantId: { entityType: 'TENANT', id: expect.any(String) },
        customerId: { entityType: 'CUSTOMER', id: ann.home },
        name: device.name,
        type: 'default',
        label: null,
        deviceProfileId: { entityType: 'DEVICE_PROFILE', id: expect.any(String) },
        firmwareId: null,
        softwareId: null,
        externalId: null,
        version: 2,
        deviceData: {
          configuration: { type: 'DEFAULT' },
          transportConfiguration: { type: 'DEFAULT' },
        },
      },
    })
  })

  test('of a free device without claim data is FAILURE', async () => {
    const device = await tb.newDevice()
    const reply = await claim(await tb.newCustomer(), device.name, { secretKey: 'v' })
    expect([reply.status, reply.text]).toEqual([400, '"FAILURE"'])
    expect(reply.headers.get('content-type')).toMatch(/^application\/json/)
  })

  test('with a wrong key, in another case, or after the end of the window is FAILURE', async () => {
    const device = await opened('Value')
    const ann = await tb.newCustomer()
    for (const secretKey of ['wrong', 'value', 'Value ', '', null])
      expect((await claim(ann, device.name, { secretKey })).text).toBe('"FAILURE"')
    await tb.send(device.token, CLAIM, { secretKey: 'Value', durationMs: 1 })
    const late = await claim(ann, device.name, { secretKey: 'Value' })
    expect([late.status, late.text]).toEqual([400, '"FAILURE"'])
  })

  test('with a key where the window has none is FAILURE', async () => {
    const device = await opened()
    const ann = await tb.newCustomer()
    expect((await claim(ann, device.name, { secretKey: 'v' })).text).toBe('"FAILURE"')
  })

  test('by the present owner is CLAIMED, whatever the key', async () => {
    const { device, ann } = await owned()
    for (const body of [{ secretKey: 'v' }, { secretKey: 'wrong' }, {}, undefined]) {
      const reply = await claim(ann, device.name, body)
      expect([reply.status, reply.text]).toEqual([400, '"CLAIMED"'])
    }
  })

  test('by another user of the owning customer is CLAIMED', async () => {
    const { device, ann } = await owned()
    const eve = await tb.newCustomer(ann.home)
    expect((await claim(eve, device.name, { secretKey: 'v' })).text).toBe('"CLAIMED"')
  })

  test('by a stranger of an owned device is FAILURE, also with its key (deviation)', async () => {
    const { device } = await owned()
    const bob = await tb.newCustomer()
    for (const secretKey of ['v', 'wrong', ''])
      expect((await claim(bob, device.name, { secretKey })).text).toBe('"FAILURE"')
  })

  test.each([
    ['no body', undefined],
    ['an empty object', {}],
    ['null for a key', { secretKey: null }],
    ['an empty key', { secretKey: '' }],
    ['a literal null', null],
  ])('with %s has the empty key', async (_what, body) => {
    const device = await opened()
    expect((await claim(await tb.newCustomer(), device.name, body)).status).toBe(200)
  })

  test('takes a number or a truth for its text, as the device may have sent it', async () => {
    const [one, other] = [await opened('123'), await opened('true')]
    const ann = await tb.newCustomer()
    expect((await claim(ann, one.name, { secretKey: 123 })).status).toBe(200)
    expect((await claim(ann, other.name, { secretKey: true, more: 1 })).status).toBe(200)
  })

  test('whose body cannot be read is 400 in the envelope (deviation), and no try', async () => {
    const device = await opened('v')
    const ann = await tb.newCustomer()
    for (const body of ['{"secretKey":', '[]', '"v"', '{"secretKey":{}}', '{"secretKey":[1]}']) {
      const [status, text] = await claimRaw(ann.token, device.name, body)
      expect(status).toBe(400)
      expect(JSON.parse(text as string)).toEqual(envelope(400, 31, 'JSON parse error'))
    }
    expect((await claim(ann, device.name, { secretKey: 'v' })).status).toBe(200)
  })

  test('of an unknown name is 404, and names are told apart by their case', async () => {
    const device = await opened('v')
    const ann = await tb.newCustomer()
    for (const name of [
      'nobody',
      device.name.toUpperCase(),
      device.id,
      'x'.repeat(300),
      '名'.repeat(300),
    ]) {
      const reply = await claim(ann, name, { secretKey: 'v' })
      expect(reply.status).toBe(404)
      expect(reply.body).toEqual(NOT_FOUND)
    }
  })

  test('of a blank name is 400', async () => {
    const ann = await tb.newCustomer()
    const message = "Parameter 'deviceName' can't be empty!"
    for (const name of ['%20', '']) {
      const reply = await ann.post(`/api/customer/device/${name}/claim`, {})
      expect(reply.body).toEqual(envelope(400, 31, message))
    }
  })

  test('by the tenant is 403, before the name is looked at', async () => {
    const device = await opened('v')
    for (const name of [device.name, 'nobody']) {
      const reply = await claim(tb.tenant, name, { secretKey: 'v' })
      expect(reply.status).toBe(403)
      expect(reply.body).toEqual(NOT_PERMITTED)
    }
  })

  test('without a good token is 401, in the words of its cause', async () => {
    const device = await opened('v')
    const path = `/api/customer/device/${device.name}/claim`
    const ann = await tb.newCustomer()
    const signature = ann.token.split('.')[2] ?? ''
    const forged = ann.token.replace(signature, [...signature].reverse().join(''))
    const send = (headers: Record<string, string>) => api(tb.httpUrl).post(path, {}, headers)
    const failed = envelope(401, 10, 'Authentication failed')
    expect((await send({})).body).toEqual(failed)
    expect((await send({ 'x-authorization': ' ', authorization: '' })).body).toEqual(failed)
    const wrong = envelope(401, 10, 'Invalid username or password')
    for (const token of ['nonsense', 'a.b.c', 'ApiKey tb_1'])
      expect((await send({ 'x-authorization': `Bearer ${token}` })).body).toEqual(wrong)
    const over = envelope(401, 11, 'Token has expired')
    expect((await send({ 'x-authorization': `Bearer ${forged}` })).body).toEqual(over)
    await ann.post('/api/auth/logout')
    expect((await send({ 'x-authorization': `Bearer ${ann.token}` })).body).toEqual(over)
  })

  test('takes Authorization where X-Authorization is blank, and subCustomerId for nothing', async () => {
    const device = await opened('v')
    const ann = await tb.newCustomer()
    const reply = await api(tb.httpUrl).post(
      `/api/customer/device/${device.name}/claim?subCustomerId=${NULL_UUID}`,
      { secretKey: 'v' },
      { 'x-authorization': '', authorization: `Bearer ${ann.token}` },
    )
    expect(reply.status).toBe(200)
  })

  test('by a user from whom the maker withheld it is 403, after the name', async () => {
    const device = await opened('v')
    const ann = await tb.newCustomer()
    const maker = api(tb.httpUrl, { token: tb.tenant.pair.token })
    await maker.put(`/latchkey/v1/users/${ann.id}/grants`, { claimDevices: false })
    expect((await claim(ann, device.name, { secretKey: 'v' })).body).toEqual(NOT_PERMITTED)
    expect((await reclaim(ann, device.name)).body).toEqual(NOT_PERMITTED)
    expect((await claim(ann, 'nobody', { secretKey: 'v' })).body).toEqual(NOT_FOUND)
    await maker.put(`/latchkey/v1/users/${ann.id}/grants`, { claimDevices: true })
    expect((await claim(ann, device.name, { secretKey: 'v' })).status).toBe(200)
  })

  test('after too many wrong tries is 429, for the guesser alone', async () => {
    const device = await opened('v')
    const [mallory, ann] = [await tb.newCustomer(), await tb.newCustomer()]
    let reply = await claim(mallory, device.name, { secretKey: 'guess 0' })
    for (let guess = 1; guess <= 50 && reply.status === 400; guess++)
      reply = await claim(mallory, device.name, { secretKey: `guess ${guess}` })
    expect(reply.status).toBe(429)
    expect(reply.body).toEqual(envelope(429, 33, 'Too many requests for current customer!'))
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await claim(mallory, device.name, { secretKey: 'v' })).status).toBe(429)
    expect((await claim(ann, device.name, { secretKey: 'v' })).status).toBe(200)
  })

  test('by 32 customers at once is SUCCESS for one and FAILURE for the others', async () => {
    const device = await opened('v')
    const people = await Promise.all(Array.from({ length: 32 }, () => tb.newCustomer()))
    const replies = await Promise.all(
      people.map((who) => claim(who, device.name, { secretKey: 'v' })),
    )
    const winners = people.filter((_, place) => replies[place]?.status === 200)
    expect(winners).toHaveLength(1)
    expect(replies.filter(({ text }) => text === '"FAILURE"')).toHaveLength(31)
    const after = await tb.tenant.get(`/api/device/${device.id}`)
    expect(after.body.customerId.id).toBe(winners[0]?.home)
  })

  test('sent 16 times at once by one customer is SUCCESS once and CLAIMED otherwise', async () => {
    const device = await opened('v')
    const ann = await tb.newCustomer()
    const replies = await Promise.all(
      Array.from({ length: 16 }, () => claim(ann, device.name, { secretKey: 'v' })),
    )
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(replies.filter(({ text }) => text === '"CLAIMED"')).toHaveLength(15)
  })
})

describe('giving a device up by its name', () => {
  test('is 200 and empty for its owner, and then it waits for a new half', async () => {
    const { device, ann } = await owned()
    const reply = await reclaim(ann, device.name)
    expect([reply.status, reply.text]).toEqual([200, ''])
    const after = await tb.tenant.get(`/api/device/${device.id}`)
    expect(after.body.customerId.id).toBe(NULL_UUID)
    expect((await claim(ann, device.name, { secretKey: 'v' })).text).toBe('"FAILURE"')
    await tb.send(device.token, CLAIM, { secretKey: 'w' })
    expect((await claim(await tb.newCustomer(), device.name, { secretKey: 'w' })).status).toBe(200)
  })

  test('is 200 and empty for the tenant', async () => {
    const { device, ann } = await owned()
    const reply = await reclaim(tb.tenant, device.name)
    expect([reply.status, reply.text]).toEqual([200, ''])
    expect((await ann.get(`/api/device/${device.id}`)).status).toBe(403)
  })

  test('is 200 and empty when nobody owns it, and spoils no window (deviation)', async () => {
    const device = await opened('v')
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    for (const who of [tb.tenant, bob]) {
      const reply = await reclaim(who, device.name)
      expect([reply.status, reply.text]).toEqual([200, ''])
    }
    expect((await claim(ann, device.name, { secretKey: 'v' })).status).toBe(200)
  })

  test('by a stranger is 403, and the owner keeps it (deviation)', async () => {
    const { device, ann } = await owned()
    const reply = await reclaim(await tb.newCustomer(), device.name)
    expect(reply.status).toBe(403)
    expect(reply.body).toEqual(NOT_PERMITTED)
    expect((await ann.get(`/api/device/${device.id}`)).status).toBe(200)
  })

  test('of an unknown name is 404, of a blank one 400, without a token 401', async () => {
    const ann = await tb.newCustomer()
    expect((await reclaim(ann, 'nobody')).body).toEqual(NOT_FOUND)
    expect((await reclaim(ann, ' ')).status).toBe(400)
    expect((await reclaim(api(tb.httpUrl), 'nobody')).status).toBe(401)
  })

  test('races with the claim of another: one of them owns it, or nobody', async () => {
    const { device, ann } = await owned()
    const bob = await tb.newCustomer()
    await Promise.all([
      reclaim(ann, device.name),
      tb.send(device.token, CLAIM, { secretKey: 'w' }),
      claim(bob, device.name, { secretKey: 'w' }),
    ])
    const { customerId } = (await tb.tenant.get(`/api/device/${device.id}`)).body
    expect([bob.home, NULL_UUID]).toContain(customerId.id)
  })
})

// research/thingsboard.md 1.2.
describe('the HTTP device transport', () => {
  const post = async (token: string, body?: string, type = 'text/plain') => {
    const reply = await fetch(`${tb.httpUrl}/api/v1/${token}/claim`, {
      method: 'POST',
      ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
    })
    return [reply.status, await reply.text()] as const
  }

  test.each([
    { title: 'with a key', info: { secretKey: 'value' }, longer: { durationMs: 60_000 } },
    { title: 'without key and duration', info: {}, longer: {} },
  ])('opens windows like MQTT does (pattern P $title)', async ({ info, longer }) => {
    const device = await tb.newDevice()
    const ann = await tb.newCustomer()
    expect(await post(device.token, JSON.stringify({ ...info, durationMs: 1 }))).toEqual([200, ''])
    expect((await claim(ann, device.name, info)).text).toBe('"FAILURE"')
    expect(await post(device.token, JSON.stringify({ ...info, ...longer }))).toEqual([200, ''])
    expect((await claim(ann, device.name, info)).status).toBe(200)
    expect((await claim(ann, device.name, info)).text).toBe('"CLAIMED"')
  })

  test.each([
    ['application/json', '{"secretKey":"v"}'],
    ['application/x-www-form-urlencoded', '{"secretKey":"v"}'],
    ['application/octet-stream', '{"secretKey":"v"}'],
  ])('takes a body whose type is %s', async (type, body) => {
    const device = await tb.newDevice()
    expect(await post(device.token, body, type)).toEqual([200, ''])
    expect((await claim(await tb.newCustomer(), device.name, { secretKey: 'v' })).status).toBe(200)
  })

  test('takes an empty body for the empty key', async () => {
    const [one, other] = [await tb.newDevice(), await tb.newDevice()]
    expect(await post(one.token)).toEqual([200, ''])
    expect(await post(other.token, '')).toEqual([200, ''])
    expect((await claim(await tb.newCustomer(), one.name)).status).toBe(200)
  })

  test('answers 401 and nothing to an unknown token, whatever the body', async () => {
    for (const token of ['A1_TEST_TOKEN', 'x'.repeat(43)])
      for (const body of ['{}', '{"secretKey":']) expect(await post(token, body)).toEqual([401, ''])
  })

  test('answers 500 to what it cannot read, without a word of it', async () => {
    const { token } = await tb.newDevice()
    for (const body of ['{"secretKey":"topsecret"', '[]', '"x"', '{"secretKey":{"a":1}}'])
      expect(await post(token, body)).toEqual([500, 'Malformed JSON'])
    for (const body of ['{"secretKey":null}', '{"durationMs":"soon"}', '{"durationMs":null}'])
      expect(await post(token, body)).toEqual([500, ''])
  })

  test('answers 200 for an owned device too, and opens nothing', async () => {
    const { device } = await owned()
    expect(await post(device.token, '{"secretKey":"w"}')).toEqual([200, ''])
    const bob = await tb.newCustomer()
    expect((await claim(bob, device.name, { secretKey: 'w' })).text).toBe('"FAILURE"')
  })
})
