import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Api } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { claim, NULL_UUID, openThingsboard, type Thingsboard } from '../support/thingsboard.ts'

const envelope = (status: number, errorCode: number, message: unknown = expect.any(String)) => ({
  status,
  message,
  errorCode,
  timestamp: expect.any(Number),
})

let tb: Thingsboard
beforeAll(async () => {
  tb = await openThingsboard()
})
afterAll(() => tb.server.close())

const ownedBy = async (who: Parameters<typeof claim>[0]) => {
  const device = await tb.newDevice()
  await tb.send(device.token, 'v1/devices/me/claim', {})
  expect((await claim(who, device.name)).status).toBe(200)
  return device
}

describe('a device', () => {
  test('is made, read by its id and its name, and shows its credential to the tenant', async () => {
    const name = 'Lämp / 1?#'
    const made = await tb.tenant.post('/api/device', {
      name,
      label: 'hall',
      type: 'lamp',
      unknown: 1,
    })
    expect(made.body).toMatchObject({
      name,
      label: 'hall',
      type: 'lamp',
      customerId: { id: NULL_UUID },
    })
    const { id } = made.body.id
    expect((await tb.tenant.get(`/api/device/${id}`)).body).toEqual(made.body)
    const query = new URLSearchParams({ deviceName: name })
    for (const path of ['/api/tenant/devices', '/api/tenant/device'])
      expect((await tb.tenant.get(`${path}?${query}`)).body).toEqual(made.body)
    const { body } = await tb.tenant.get(`/api/device/${id}/credentials`)
    expect(body).toEqual({
      id: { id },
      createdTime: expect.any(Number),
      deviceId: { entityType: 'DEVICE', id },
      credentialsType: 'ACCESS_TOKEN',
      credentialsId: expect.stringMatching(/^[\w-]{43}$/),
      credentialsValue: null,
      version: 1,
    })
    const ann = await tb.newCustomer()
    await tb.send(body.credentialsId, 'v1/devices/me/claim', {})
    expect((await claim(ann, name)).status).toBe(200)
  })

  test('is sent back changed, as clients do', async () => {
    const device = await tb.newDevice()
    const present = (await tb.tenant.get(`/api/device/${device.id}`)).body
    const wanted = {
      ...present,
      name: `${device.name} new`,
      label: 'x',
      additionalInfo: { gateway: true },
    }
    const changed = await tb.tenant.post('/api/device', wanted)
    expect(changed.body).toEqual(wanted)
    expect((await tb.tenant.get(`/api/tenant/devices?deviceName=${device.name}`)).status).toBe(404)
    const connected = await connectDevice(tb.mqttUrl, device.token, [], { protocolVersion: 4 })
    await connected.publish('v1/gateway/connect', { device: `child of ${device.name}` })
    await connected.end()
    expect((await tb.tenant.post('/api/device', present)).body).toEqual(present)
  })

  test('keeps its name to itself, also in a race', async () => {
    const [one, other] = [await tb.newDevice(), await tb.newDevice()]
    const taken = envelope(400, 31, 'Device with such name already exists!')
    expect((await tb.tenant.post('/api/device', { name: one.name })).body).toEqual(taken)
    const renamed = { id: { entityType: 'DEVICE', id: other.id }, name: one.name }
    expect((await tb.tenant.post('/api/device', renamed)).body).toEqual(taken)
    const name = 'wanted by many'
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => tb.tenant.post('/api/device', { name })),
    )
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test.each([
    [{}, 'Device name should be specified!'],
    [{ name: '  ' }, 'Device name should be specified!'],
    [{ name: 'x'.repeat(256) }, 'name length must be equal or less than 255'],
    [{ name: 'a\nb' }, 'name is malformed'],
    [{ name: 5 }, 'JSON parse error'],
    [[], 'JSON parse error'],
  ])('of %p cannot be made: %s', async (body, message) => {
    expect((await tb.tenant.post('/api/device', body)).body).toEqual(envelope(400, 31, message))
  })

  test('does not choose its credential (deviation)', async () => {
    const reply = await tb.tenant.post('/api/device?accessToken=A1_TEST_TOKEN', { name: 'chosen' })
    expect(reply.body).toEqual(envelope(400, 31))
    expect((await tb.tenant.get('/api/tenant/devices?deviceName=chosen')).status).toBe(404)
  })

  test('is removed with its credential and its attributes', async () => {
    const device = await tb.newDevice()
    await tb.save(device.id, { a: 1 })
    const gone = await tb.tenant.delete(`/api/device/${device.id}`)
    expect([gone.status, gone.text]).toEqual([200, ''])
    expect((await tb.tenant.get(`/api/device/${device.id}`)).body).toEqual(envelope(404, 32))
    expect((await tb.tenant.delete(`/api/device/${device.id}`)).status).toBe(404)
    await expect(connectDevice(tb.mqttUrl, device.token)).rejects.toMatchObject({ code: 5 })
  })

  test('is seen by its owner and the tenant, its credential by the tenant alone', async () => {
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    const device = await ownedBy(ann)
    const path = `/api/device/${device.id}`
    expect((await ann.get(path)).body.customerId.id).toBe(ann.home)
    expect((await bob.get(path)).body).toEqual(envelope(403, 20))
    expect((await ann.get(`${path}/credentials`)).body).toEqual(envelope(403, 20))
    expect((await ann.delete(path)).status).toBe(403)
    expect((await ann.post('/api/device', { name: 'mine' })).status).toBe(403)
    expect((await tb.tenant.get('/api/device/nonsense')).body).toEqual(envelope(400, 31))
  })

  test('is unassigned by the tenant', async () => {
    const ann = await tb.newCustomer()
    const device = await ownedBy(ann)
    const path = `/api/customer/device/${device.id}`
    expect((await ann.delete(path)).status).toBe(403)
    expect((await tb.tenant.delete(path)).body).toMatchObject({ customerId: { id: NULL_UUID } })
    expect((await tb.tenant.delete(path)).body).toEqual(
      envelope(400, 31, "Device isn't assigned to any customer!"),
    )
  })
})

describe('a list', () => {
  const names = (body: { data: { name: string }[] }) => body.data.map(({ name }) => name)

  test('of the devices of a customer comes in pages', async () => {
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    const own = [await ownedBy(ann), await ownedBy(ann), await ownedBy(ann)]
    const page = (who: Api, more: string) => who.get(`/api/customer/${ann.home}/devices?${more}`)
    const first = (await page(ann, 'pageSize=2&page=0')).body
    const second = (await page(tb.tenant, 'pageSize=2&page=1')).body
    expect(first).toMatchObject({ totalPages: 2, totalElements: 3, hasNext: true })
    expect(second).toMatchObject({ totalPages: 2, totalElements: 3, hasNext: false })
    expect([...names(first), ...names(second)].sort()).toEqual(own.map(({ name }) => name).sort())
    expect(names((await page(ann, 'pageSize=2&page=9')).body)).toEqual([])
    expect((await page(bob, 'pageSize=2&page=0')).body).toEqual(envelope(403, 20))
  })

  test('of all devices is searched by text and type', async () => {
    await tb.tenant.post('/api/device', { name: 'Searched One', type: 'lamp' })
    await tb.tenant.post('/api/device', { name: 'Searched Two', type: 'door' })
    const list = async (more: string) =>
      names((await tb.tenant.get(`/api/tenant/devices?pageSize=100&page=0&${more}`)).body)
    expect((await list('textSearch=searched')).sort()).toEqual(['Searched One', 'Searched Two'])
    expect(await list('textSearch=searched&type=door')).toEqual(['Searched Two'])
    expect((await list('')).length).toBeGreaterThan(2)
  })

  test('of customers is for the tenant', async () => {
    const title = `Listed ${Date.now()}`
    const made = (await tb.tenant.post('/api/customer', { title })).body
    expect((await tb.tenant.get(`/api/customer/${made.id.id}`)).body).toEqual(made)
    const named = await tb.tenant.get(`/api/tenant/customers?customerTitle=${title}`)
    expect(named.body).toEqual(made)
    expect((await tb.tenant.get('/api/tenant/customers?customerTitle=none')).status).toBe(404)
    const found = await tb.tenant.get(`/api/customers?pageSize=10&page=0&textSearch=${title}`)
    expect(found.body).toEqual({ data: [made], totalPages: 1, totalElements: 1, hasNext: false })
    expect((await tb.tenant.post('/api/customer', { title })).body).toEqual(
      envelope(400, 31, 'Customer with such title already exists!'),
    )
    expect((await (await tb.newCustomer()).get('/api/customers?pageSize=1&page=0')).status).toBe(
      403,
    )
  })

  test.each([
    '',
    'pageSize=0&page=0',
    'pageSize=x&page=0',
    'pageSize=10',
    'pageSize=1&pageSize=2&page=0',
  ])('asked for with "%s" is 400', async (query) => {
    expect((await tb.tenant.get(`/api/tenant/devices?${query}`)).body).toEqual(envelope(400, 31))
  })
})

describe('every failure has the envelope', () => {
  test('where there is no route: 404 for who is signed in, else 401', async () => {
    expect((await tb.tenant.get('/api/nothing')).body).toEqual(envelope(404, 32))
    const stranger = await fetch(`${tb.httpUrl}/api/nothing`)
    expect([stranger.status, await stranger.json()]).toEqual([401, envelope(401, 10)])
  })

  test('when a body is malformed or too large', async () => {
    const headers = {
      'x-authorization': `Bearer ${tb.tenant.pair.token}`,
      'content-type': 'application/json',
    }
    const send = async (body: string) => {
      const reply = await fetch(`${tb.httpUrl}/api/device`, { method: 'POST', headers, body })
      return reply.json()
    }
    expect(await send('{"name":')).toEqual(envelope(400, 31, 'JSON parse error'))
    expect(await send('{"__proto__":{"name":"x"},"name":"x"}')).toEqual(
      envelope(400, 31, 'JSON parse error'),
    )
    expect(await send(JSON.stringify({ name: 'x'.repeat(300_000) }))).toEqual(envelope(413, 31))
  })
})
