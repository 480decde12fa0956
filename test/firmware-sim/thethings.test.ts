import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { thethings } from '../../firmware-sim/platforms/thethings.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { activate, newLinkId, register } from '../support/thethings.ts'
import { run, runToEnd } from './run.ts'
import { startServer as startScripted } from './server.ts'

// The payloads of the documents and clients: research/mode_thethings_thingful.md 2.2 to 2.4.
test('a device publishes its half of a shared id, and values, on topics with its token', () => {
  expect(thethings.device.open({ secret: 'SSID-1' })).toEqual({
    topic: 'v2/things/{token}/link-id',
    payload: '{"linkId":"SSID-1"}',
  })
  expect(thethings.device.event(3)).toEqual({
    topic: 'v2/things/{token}',
    payload: '{"values":[{"key":"count","value":3}]}',
  })
})

test('the platform’s answers are understood, anything else is not', () => {
  const read = (body: object | string) =>
    thethings.device.read(
      'v2/things/{token}/link-id',
      typeof body === 'string' ? body : JSON.stringify(body),
    )
  expect(read({ status: 'success', message: 'waiting for app' })).toMatchObject({ state: 'open' })
  expect(read({ status: 'success', message: 'linked', thingId: 'x' })).toMatchObject({
    kind: 'owner',
    claimed: true,
  })
  expect(read({ status: 'error', code: 403, message: 'no' })).toMatchObject({
    state: 'refused',
    reason: 'no',
  })
  expect(read({ status: 'success', message: 'else' })).toBeUndefined()
  expect(read('no json')).toBeUndefined()
  expect(thethings.device.read('v2/things/{token}', '{"values":[]}')).toBeUndefined()
})

test('an app sends the bare session token', async () => {
  const server = await startScripted({
    'POST /v2/login': [200, { status: 'success', token: 'T' }],
    'POST /v2/me/things/link-id': [200, { status: 'success', message: 'waiting for thing' }],
  })
  const account = ['--platform', 'thethings', '--http', server.url, '--email', 'e']
  const half = ['--device', 'scale', '--secret', 'SSID-1', '--password', 'p']
  const { code, stdout } = await runToEnd('app', 'claim', ...account, ...half)
  expect([code, stdout]).toEqual([0, expect.stringContaining('waits for the other half')])
  expect(server.asked.map(({ body }) => body)).toEqual([
    '{"email":"e","password":"p","app":"default"}',
    '{"linkId":"SSID-1"}',
  ])
  expect(server.asked[1]?.authorization).toBe('T')
  await server.close()
})

test.each([
  [['gateway', '--token', 'T', '--children', 'a'], 'a gateway is nothing of its own'],
  [['app', 'claim', '--token', 'T', '--secret', 's', '--email', 'e', '--password', 'p'], '--token'],
])('%j ends with 2', async (argv, words) => {
  const { code, stderr } = await runToEnd(...argv, '--platform', 'thethings')
  expect([code, stderr]).toEqual([2, expect.stringContaining(words)])
})

describe('against a server', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.close())

  const pair = async () => {
    const { thingToken, thingId } = await activate(server.httpUrl)
    const { email, get } = await register(server.httpUrl)
    const account = [
      ...['--platform', 'thethings', '--http', server.httpUrl],
      ...['--email', email, '--password', 'user-password'],
    ]
    const secret = newLinkId()
    // A token may begin with a dash.
    const device = ['device', '--platform', 'thethings', `--token=${thingToken}`]
    return {
      ...{ thingToken, thingId, account, get },
      app: (...argv: string[]) => runToEnd('app', ...argv, ...account),
      device: [...device, '--url', server.mqttUrl, '--secret', secret],
      half: ['--device', 'scale', '--secret', secret],
    }
  }

  test.each(['4', '5'])('the device first, over MQTT %s: both end claimed', async (protocol) => {
    const { device, app, half, thingId, thingToken, get } = await pair()
    let opened = () => {}
    const isOpen = new Promise<void>((resolve) => {
      opened = resolve
    })
    const running = await run(
      [...device, '--protocol', protocol, '--until', 'claimed', '--events', '2'],
      (stdout) => {
        if (stdout.includes('can be claimed')) opened()
      },
    )
    await isOpen
    const claimed = await app('claim', ...half)
    expect([claimed.code, claimed.stdout]).toEqual([0, expect.stringContaining('claimed')])
    const { code, stdout, stderr } = await running.ended
    expect([code, stdout]).toEqual([0, expect.stringContaining('is claimed')])
    expect(stdout + stderr).not.toContain(thingToken)
    expect((await get(`/v2/me/resources/count/${thingId}`)).body).toMatchObject([
      { value: 2 },
      { value: 1 },
    ])
    expect((await app('devices')).stdout).toContain(thingId)
    expect((await app('release', '--device', thingId)).code).toBe(0)
    expect((await app('devices')).stdout).toBe('')
  })

  test('the app first: it waits until the device comes', async () => {
    const { account, device, half } = await pair()
    let waits = () => {}
    const isWaiting = new Promise<void>((resolve) => {
      waits = resolve
    })
    const app = await run(['app', 'claim', ...half, '--wait', ...account], (stdout) => {
      if (stdout.includes('waits for the other half')) waits()
    })
    await isWaiting
    const { code } = await runToEnd(...device, '--until', 'claimed', '--timeout-ms', '20000')
    const { code: appCode, stdout } = await app.ended
    expect([code, appCode]).toEqual([0, 0])
    expect(stdout).toContain('scale  claimed')
  })

  test('an app claims with the token, which is never told', async () => {
    const { app, thingToken, get } = await pair()
    const { code, stdout, stderr } = await app('claim', `--token=${thingToken}`)
    expect([code, stdout]).toEqual([0, expect.stringContaining('claimed')])
    expect(stdout + stderr).not.toContain(thingToken)
    expect((await get('/v2/me/things')).body).toHaveLength(1)
    const wrong = await app('claim', `--token=${'A'.repeat(43)}`)
    expect(wrong.code).toBe(1)
  })

  test('a device with a wrong token is refused', async () => {
    const wrong = 'A'.repeat(43)
    const argv = ['device', '--platform', 'thethings', '--token', wrong, '--once']
    const { code, stdout, stderr } = await runToEnd(...argv, '--url', server.mqttUrl)
    expect(code).toBe(1)
    expect(stdout + stderr).not.toContain(wrong)
  })

  test('makers have no API there', async () => {
    const { email } = await register(server.httpUrl)
    const account = ['--http', server.httpUrl, '--email', email, '--password', 'user-password']
    const { code, stderr } = await runToEnd('device', '--platform', 'thethings', ...account)
    expect([code, stderr]).toEqual([2, expect.stringContaining('give --token')])
  })
})
