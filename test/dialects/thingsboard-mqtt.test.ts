import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { claim, openThingsboard, type Thingsboard } from '../support/thingsboard.ts'

const CLAIM = 'v1/devices/me/claim'
const DAY_MS = 86_400_000

let tb: Thingsboard
beforeAll(async () => {
  tb = await openThingsboard()
})
afterAll(() => tb.server.close())

/** How long the window of a device lasts from now, as its maker sees it. */
const windowOf = async (id: string) => {
  const maker = api(tb.httpUrl, { token: tb.tenant.pair.token })
  const { window } = (await maker.get(`/latchkey/v1/devices/${id}`)).body
  return window === undefined
    ? undefined
    : { secret: window.secret, lastsMs: Date.parse(window.expiresAt) - Date.now() }
}

// ThingsBoard's own pattern: research/thingsboard.md 5.
describe.each([
  { title: 'with a key', info: { secretKey: 'value' }, longer: { durationMs: 60_000 } },
  { title: 'without key and duration', info: {}, longer: {} },
])('claim info $title', ({ info, longer }) => {
  test.each([
    ['3.1.1', 4],
    ['5', 5],
  ] as const)(
    'expires, is sent again, and is claimed once (pattern P over MQTT %s)',
    async (_words, version) => {
      const send = tb.sendOver(version)
      const device = await tb.newDevice()
      const ann = await tb.newCustomer()
      await send(device.token, CLAIM, { ...info, durationMs: 1 })
      const late = await claim(ann, device.name, info)
      expect([late.status, late.text]).toEqual([400, '"FAILURE"'])
      await send(device.token, CLAIM, { ...info, ...longer })
      const claimed = await claim(ann, device.name, info)
      expect(claimed.status).toBe(200)
      expect(claimed.body).toMatchObject({
        response: 'SUCCESS',
        device: { name: device.name, customerId: { entityType: 'CUSTOMER', id: ann.home } },
      })
      const again = await claim(ann, device.name, info)
      expect([again.status, again.text]).toEqual([400, '"CLAIMED"'])
    },
  )
})

describe('claim info over MQTT', () => {
  test.each([
    { sent: { secretKey: 123 }, key: '123' },
    { sent: { secretKey: true }, key: 'true' },
    { sent: { secretKey: ['only'] }, key: 'only' },
    { sent: { secretKey: 'k', durationMs: '30000' }, key: 'k' },
    { sent: { secretKey: 'k', durationMs: 30_000.9 }, key: 'k' },
    { sent: { secretKey: 'k', somethingElse: { a: [1] } }, key: 'k' },
    { sent: { secretKey: '' }, key: '' },
    { sent: {}, key: undefined },
    { sent: '', key: undefined },
  ])('$sent is claimed with the key $key', async ({ sent, key }) => {
    const device = await tb.newDevice()
    const ann = await tb.newCustomer()
    await tb.send(device.token, CLAIM, sent)
    expect((await claim(ann, device.name, { secretKey: key })).status).toBe(200)
  })

  test.each([0, -5, '-5', undefined])('lasts a day when the duration is %p', async (durationMs) => {
    const device = await tb.newDevice()
    await tb.send(device.token, CLAIM, { durationMs })
    const { lastsMs = 0 } = (await windowOf(device.id)) ?? {}
    expect(lastsMs).toBeLessThanOrEqual(DAY_MS)
    expect(lastsMs).toBeGreaterThan(DAY_MS - 10_000)
  })

  test.each([10 * DAY_MS, '9223372036854775807', 1e300])(
    'is capped by the policy when the duration is %p',
    async (durationMs) => {
      const device = await tb.newDevice()
      await tb.send(device.token, CLAIM, { durationMs })
      const { lastsMs = 0 } = (await windowOf(device.id)) ?? {}
      expect(lastsMs).toBeLessThanOrEqual(DAY_MS)
      expect(lastsMs).toBeGreaterThan(DAY_MS - 10_000)
    },
  )

  test('replaces what was sent before (deviation: the platform keeps the first)', async () => {
    const device = await tb.newDevice()
    const ann = await tb.newCustomer()
    await tb.send(device.token, CLAIM, { secretKey: 'old' }, { secretKey: 'new' })
    expect((await claim(ann, device.name, { secretKey: 'old' })).text).toBe('"FAILURE"')
    expect((await claim(ann, device.name, { secretKey: 'new' })).status).toBe(200)
  })

  test('outlives a wrong guess (deviation: the platform destroys it)', async () => {
    const device = await tb.newDevice()
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    await tb.send(device.token, CLAIM, { secretKey: 'right' })
    expect((await claim(bob, device.name, { secretKey: 'wrong' })).text).toBe('"FAILURE"')
    expect((await claim(ann, device.name, { secretKey: 'right' })).status).toBe(200)
  })

  test('is taken with QoS 0 too, as the Arduino client sends it', async () => {
    const device = await tb.newDevice()
    const connected = await connectDevice(tb.mqttUrl, device.token, [], { protocolVersion: 4 })
    await connected.client.publishAsync(CLAIM, '{"secretKey":"q0"}', { qos: 0 })
    // Nothing comes back for QoS 0, so the window is looked for until it is there.
    let window = await windowOf(device.id)
    while (window === undefined) window = await windowOf(device.id)
    expect(window).toMatchObject({ secret: true })
    await connected.end()
  })

  test.each([
    ['no JSON', '{"secretKey":'],
    ['an array', []],
    ['a text', '"x"'],
    ['a number', '1'],
    ['null', 'null'],
    ['blanks', '   '],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d])],
    ['an object for a key', { secretKey: {} }],
    ['two keys', { secretKey: ['a', 'b'] }],
    ['null for a key', { secretKey: null }],
    ['null for a duration', { durationMs: null }],
    ['a word for a duration', { durationMs: 'soon' }],
    ['a truth for a duration', { durationMs: true }],
  ])('closes the connection without a PUBACK when it is %s', async (_what, payload) => {
    const device = await tb.newDevice()
    const { fate } = await tb.fateOf(device.token, CLAIM, payload)
    expect(fate).toBe('closed')
    expect(await windowOf(device.id)).toBeUndefined()
  })

  test('that is malformed is 0x99 over MQTT 5, and the connection stays', async () => {
    const { token } = await tb.newDevice()
    for (const payload of ['{"secretKey":', [], { durationMs: 'soon' }]) {
      const { fate, device } = await tb.fateOf(token, CLAIM, payload, 5)
      expect(fate).toBe(0x99)
      await device.publish(CLAIM, {})
      await device.end()
    }
  })

  test('of an owned device is acknowledged, and changes nothing', async () => {
    const device = await tb.newDevice()
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    await tb.send(device.token, CLAIM, { secretKey: 'a' })
    await claim(ann, device.name, { secretKey: 'a' })
    await tb.send(device.token, CLAIM, { secretKey: 'b' })
    expect((await claim(bob, device.name, { secretKey: 'b' })).text).toBe('"FAILURE"')
    expect((await claim(ann, device.name, { secretKey: 'b' })).text).toBe('"CLAIMED"')
  })
})

describe('a device session', () => {
  test('ignores the password, as access tokens do there', async () => {
    const { token } = await tb.newDevice()
    const connected = await connectDevice(tb.mqttUrl, token, [], {
      protocolVersion: 4,
      password: 'pswd',
      clientId: 'c0ffee',
    })
    expect(connected.client.connected).toBe(true)
    await connected.end()
  })

  test('is refused with return code 5 for an unknown token', async () => {
    await expect(
      connectDevice(tb.mqttUrl, 'A1_TEST_TOKEN', [], { protocolVersion: 4 }),
    ).rejects.toMatchObject({ code: 5 })
  })

  test('is refused with 0x86 over MQTT 5 for an unknown token', async () => {
    await expect(
      connectDevice(tb.mqttUrl, 'A1_TEST_TOKEN', [], { protocolVersion: 5 }),
    ).rejects.toMatchObject({ code: 0x86 })
  })

  test('may subscribe to what the official clients subscribe to, and to nothing else', async () => {
    const { token } = await tb.newDevice()
    const { client, end } = await connectDevice(tb.mqttUrl, token, [], { protocolVersion: 4 })
    const allowed = [
      'v1/devices/me/attributes',
      'v1/devices/me/attributes/response/+',
      'v1/devices/me/rpc/request/+',
      'v1/devices/me/rpc/response/+',
      'v1/gateway/attributes',
      'v1/gateway/rpc',
      'v2/fw/response/+/chunk/+',
    ]
    const codes: unknown[] = []
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'suback') codes.push(...packet.granted)
    })
    await client.subscribeAsync(allowed, { qos: 2 })
    expect(codes).toEqual(allowed.map(() => 1))
    for (const filter of [
      '#',
      'v1/#',
      'v1/devices/me/claim',
      'v1/devices/me/+',
      'v1/gateway/claim',
    ])
      await expect(client.subscribeAsync(filter)).rejects.toThrow()
    await end()
  })

  test('hears nothing of what another one publishes', async () => {
    const [one, other] = [await tb.newDevice(), await tb.newDevice()]
    const topics = ['v1/devices/me/attributes', 'v1/devices/me/rpc/response/+']
    const listener = await connectDevice(tb.mqttUrl, other.token, topics, { protocolVersion: 4 })
    const heard: string[] = []
    listener.client.on('message', (topic) => heard.push(topic))
    await tb.send(one.token, 'v1/devices/me/attributes', { a: 1 })
    await tb.send(one.token, 'v1/devices/me/rpc/response/7', { a: 1 })
    await listener.publish('v1/devices/me/telemetry', {})
    expect(heard).toEqual([])
    await listener.end()
  })

  test('keeps its connection after a topic that nobody knows', async () => {
    const { token } = await tb.newDevice()
    const { fate, device } = await tb.fateOf(token, 'v2/c', { secretKey: 'v' })
    expect(fate).toBe('acknowledged')
    expect(device.client.connected).toBe(true)
    await device.end()
  })

  const RATES = { messages: '', telemetryMessages: '', telemetryDataPoints: '' }
  test.each([
    {
      kind: 'a device',
      more: {},
      limits: { maxPayloadSize: 65_536, maxInflightMessages: 100, rateLimits: RATES },
    },
    {
      kind: 'a gateway',
      more: { additionalInfo: { gateway: true } },
      limits: {
        maxPayloadSize: 1_048_576,
        maxInflightMessages: 100,
        rateLimits: RATES,
        gatewayRateLimits: RATES,
      },
    },
  ])('tells $kind its limits when it asks', async ({ more, limits }) => {
    const { token } = await tb.newDevice(more)
    const filter = 'v1/devices/me/rpc/response/+'
    const asking = await connectDevice(tb.mqttUrl, token, [filter], { protocolVersion: 4 })
    const question = { method: 'getSessionLimits', params: { timeout: 5000 } }
    await asking.publish('v1/devices/me/rpc/request/7', question)
    expect(await asking.next('v1/devices/me/rpc/response/7')).toEqual(limits)
    await asking.end()
  })

  test('tells the limits that are set', async () => {
    const limits = { packetBytes: 4096, gatewayPacketBytes: 8192, receiveMaximum: 7 }
    const other = await openThingsboard({ LATCHKEY_LIMITS: JSON.stringify(limits) })
    const filter = 'v1/devices/me/rpc/response/+'
    for (const [more, bytes] of [
      [{}, limits.packetBytes],
      [{ additionalInfo: { gateway: true } }, limits.gatewayPacketBytes],
    ] as const) {
      const { token } = await other.newDevice(more)
      const asking = await connectDevice(other.mqttUrl, token, [filter], { protocolVersion: 4 })
      await asking.publish('v1/devices/me/rpc/request/7', { method: 'getSessionLimits' })
      expect(await asking.next('v1/devices/me/rpc/response/7')).toMatchObject({
        maxPayloadSize: bytes,
        maxInflightMessages: limits.receiveMaximum,
      })
      await asking.end()
    }
    await other.server.close()
  })
})
