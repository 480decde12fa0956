import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectDevice } from '../support/device.ts'
import {
  claim,
  NULL_UUID,
  openThingsboard,
  reclaim,
  type Thingsboard,
} from '../support/thingsboard.ts'

const CLAIM = 'v1/gateway/claim'
const CONNECT = 'v1/gateway/connect'

let tb: Thingsboard
beforeAll(async () => {
  tb = await openThingsboard()
})
afterAll(() => tb.server.close())

let count = 0
const newName = () => {
  count += 1
  return `Child ${count}`
}

const find = (name: string) =>
  tb.tenant.get(`/api/tenant/devices?deviceName=${encodeURIComponent(name)}`)

// ThingsBoard's own pattern: research/thingsboard.md 5.
describe.each([
  { title: 'with a key', info: { secretKey: 'value' }, longer: { durationMs: 60_000 } },
  { title: 'without key and duration', info: {}, longer: {} },
])('claim info from a gateway $title', ({ info, longer }) => {
  test.each([
    ['3.1.1', 4],
    ['5', 5],
  ] as const)(
    'creates the device, expires, is sent again, and is claimed once (pattern G over MQTT %s)',
    async (_words, version) => {
      const send = tb.sendOver(version)
      const gateway = await tb.newGateway()
      const ann = await tb.newCustomer()
      const name = newName()
      await send(gateway.token, CLAIM, { [name]: { ...info, durationMs: 1 } })
      expect((await find(name)).body).toMatchObject({ name, type: 'default' })
      expect((await claim(ann, name, info)).text).toBe('"FAILURE"')
      await send(gateway.token, CLAIM, { [name]: { ...info, ...longer } })
      const claimed = await claim(ann, name, info)
      expect(claimed.status).toBe(200)
      expect(claimed.body).toMatchObject({
        response: 'SUCCESS',
        device: { customerId: { id: ann.home } },
      })
      expect((await claim(ann, name, info)).text).toBe('"CLAIMED"')
    },
  )
})

describe('a gateway', () => {
  test('connects a child that nobody knew, and disconnects it, both acknowledged', async () => {
    const gateway = await tb.newGateway()
    const name = newName()
    await tb.send(gateway.token, CONNECT, { device: name, type: 'default' })
    expect((await find(name)).body).toMatchObject({ name, customerId: { id: NULL_UUID } })
    await tb.send(gateway.token, 'v1/gateway/disconnect', { device: name })
    await tb.send(gateway.token, 'v1/gateway/disconnect', { device: 'never seen' })
    expect((await find(name)).status).toBe(200)
    expect((await find('never seen')).status).toBe(404)
  })

  test('opens windows of children it did not connect, each with its own key and time', async () => {
    const gateway = await tb.newGateway()
    const ann = await tb.newCustomer()
    const own = await tb.newDevice()
    const [a, b] = [newName(), newName()]
    await tb.send(gateway.token, CLAIM, {
      [a]: { secretKey: 'a', durationMs: '60000' },
      [b]: {},
      [own.name]: { secretKey: 'own' },
    })
    expect((await claim(ann, a, { secretKey: 'a' })).status).toBe(200)
    expect((await claim(ann, b)).status).toBe(200)
    expect((await claim(ann, own.name, { secretKey: 'own' })).status).toBe(200)
  })

  test('gets one PUBACK for thousands of children, when all of them are stored', async () => {
    const gateway = await tb.newGateway()
    const ann = await tb.newCustomer()
    const names = Array.from({ length: 2000 }, () => newName())
    const batch = Object.fromEntries(names.map((name) => [name, { secretKey: name }]))
    await tb.send(gateway.token, CLAIM, batch)
    for (const name of [names[0], names[999], names[1999]] as string[])
      expect((await claim(ann, name, { secretKey: name })).status).toBe(200)
  })

  test('skips what is no object, and a name that no device can have', async () => {
    const gateway = await tb.newGateway()
    const ann = await tb.newCustomer()
    const name = newName()
    await tb.send(gateway.token, CLAIM, {
      skipped: 'x',
      also: [],
      ' ': {},
      ['x'.repeat(256)]: {},
      [name]: { secretKey: 'v' },
    })
    expect((await claim(ann, name, { secretKey: 'v' })).status).toBe(200)
    expect((await find('skipped')).status).toBe(404)
  })

  test.each([['{}'], ['[]'], ['"x"'], ['{"a":1}'], ['null']])(
    'is acknowledged and then sent away when there is no entry in %s',
    async (payload) => {
      const gateway = await tb.newGateway()
      const { fate, device } = await tb.fateOf(gateway.token, CLAIM, payload)
      expect(fate).toBe('acknowledged')
      await device.closed
      const modern = await tb.fateOf(gateway.token, CLAIM, payload, 5)
      expect(modern.fate).toBe(0x83)
      await modern.device.closed
    },
  )

  test('is told 0x99 over MQTT 5 when one entry is malformed, and stays', async () => {
    const gateway = await tb.newGateway()
    const ann = await tb.newCustomer()
    const [good, bad] = [newName(), newName()]
    const entries = { [bad]: { secretKey: null }, [good]: { secretKey: 'v' } }
    const { fate, device } = await tb.fateOf(gateway.token, CLAIM, entries, 5)
    expect(fate).toBe(0x99)
    await device.publish(CONNECT, { device: good })
    await device.end()
    expect((await claim(ann, good, { secretKey: 'v' })).status).toBe(200)
  })

  test('is closed without a PUBACK when the JSON is malformed', async () => {
    const gateway = await tb.newGateway()
    for (const topic of [CLAIM, CONNECT, 'v1/gateway/disconnect'])
      expect((await tb.fateOf(gateway.token, topic, '{"a":')).fate).toBe('closed')
    for (const body of [{}, { device: 5 }, { device: ' ' }, []])
      expect((await tb.fateOf(gateway.token, CONNECT, body)).fate).toBe('closed')
  })

  test('is closed when one entry is malformed, and the others are open all the same', async () => {
    const gateway = await tb.newGateway()
    const ann = await tb.newCustomer()
    const [good, bad] = [newName(), newName()]
    const { fate } = await tb.fateOf(gateway.token, CLAIM, {
      [bad]: { durationMs: 'soon' },
      [good]: { secretKey: 'v' },
    })
    expect(fate).toBe('closed')
    expect((await claim(ann, good, { secretKey: 'v' })).status).toBe(200)
  })

  test('that has an owner makes children of that owner, whose claim info is dropped', async () => {
    const gateway = await tb.newGateway()
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    await tb.send(gateway.token, 'v1/devices/me/claim', { secretKey: 'g' })
    await claim(ann, gateway.name, { secretKey: 'g' })
    const name = newName()
    await tb.send(gateway.token, CLAIM, { [name]: { secretKey: 'v' } })
    expect((await find(name)).body.customerId.id).toBe(ann.home)
    expect((await claim(bob, name, { secretKey: 'v' })).text).toBe('"FAILURE"')
    expect((await claim(ann, name, { secretKey: 'v' })).text).toBe('"CLAIMED"')
    expect((await reclaim(ann, name)).status).toBe(200)
    expect((await claim(ann, name, { secretKey: 'v' })).text).toBe('"FAILURE"')
  })

  test('is acknowledged for a device that somebody owns, and changes nothing there', async () => {
    const gateway = await tb.newGateway()
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    const name = newName()
    await tb.send(gateway.token, CLAIM, { [name]: { secretKey: 'a' } })
    await claim(ann, name, { secretKey: 'a' })
    const other = await tb.newGateway()
    await tb.send(other.token, CONNECT, { device: name })
    await tb.send(other.token, CLAIM, { [name]: { secretKey: 'b' } })
    expect((await claim(bob, name, { secretKey: 'b' })).text).toBe('"FAILURE"')
    expect((await find(name)).body.customerId.id).toBe(ann.home)
  })

  test('may meet another one over a new child: both are acknowledged, one device is made', async () => {
    const gateways = await Promise.all([tb.newGateway(), tb.newGateway(), tb.newGateway()])
    const name = newName()
    await Promise.all(
      gateways.map(({ token }) => tb.send(token, CLAIM, { [name]: { secretKey: 'v' } })),
    )
    const ann = await tb.newCustomer()
    expect((await claim(ann, name, { secretKey: 'v' })).status).toBe(200)
    const page = await tb.tenant.get(
      `/api/tenant/devices?pageSize=10&page=0&textSearch=${encodeURIComponent(name)}`,
    )
    expect(page.body.data.filter((device: { name: string }) => device.name === name)).toHaveLength(
      1,
    )
  })
})

describe('a device that is no gateway', () => {
  test.each([CLAIM, CONNECT, 'v1/gateway/disconnect'])(
    'hears nothing on %s, and its connection stays',
    async (topic) => {
      const plain = await tb.newDevice()
      const name = newName()
      const device = await connectDevice(tb.mqttUrl, plain.token, [], { protocolVersion: 4 })
      let isAnswered = false
      const answered = () => {
        isAnswered = true
      }
      device.publish(topic, { [name]: {}, device: name }).then(answered, () => undefined)
      await device.publish('v1/devices/me/telemetry', {})
      expect(isAnswered).toBe(false)
      expect(device.client.connected).toBe(true)
      expect((await find(name)).status).toBe(404)
      await device.end()
    },
  )
})
