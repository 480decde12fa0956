import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { startBroker } from './broker.ts'
import { run, runToEnd } from './run.ts'
import { startServer } from './server.ts'

let close: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const one of close.reverse()) await one()
  close = []
})

const opening = async () => {
  const broker = await startBroker((topic, _payload, reply) => {
    if (topic !== 'latchkey/v1/claim') return
    reply('latchkey/v1/claim/result', { id: 'i', state: 'open', expiresAt: 'soon' })
  })
  close.push(broker.close)
  return broker
}

test.each([
  [['device'], 'give one of --token'],
  [['device', '--token', 'T', '--tokens', 'F'], 'give one of --token'],
  [['device', '--token', 'T', '--count', '2'], '--count above 1'],
  [['device', '--token', 'T', '--protocol', '3'], '--protocol is 4'],
  [['device', '--token', 'T', '--platform', 'mode'], '--platform is one of'],
  [['device', '--token', 'T', '--duration-ms', '1s'], '--duration-ms needs a whole number'],
  [['device', '--token', 'T', '--url', 'localhost'], '--url is an address'],
  [['device', '--token', 'T', '--secret', 's', '--no-secret'], 'exclude each other'],
  [['device', '--token', 'T', '--until', 'dawn'], '--until knows only'],
  [['device', '--token', 'T', '--until', 'claimed', '--platform', 'thingsboard'], 'use --once'],
  [['device', '--tokens', '/nowhere/at/all'], '--tokens'],
  [['gateway', '--token', 'T'], 'give one of --children'],
  [['gateway', '--children', 'a'], '--token is missing'],
  [['app'], 'say what the app does'],
  [['app', 'claim', '--email', 'e', '--password', 'p'], '--device is missing'],
  [['app', 'claim', '--scan', 'x', '--email', 'e', '--password', 'p'], '--scan is not'],
  [['app', 'release', '--device', 'd', '--password', 'p'], '--email is missing'],
  [['device', '--nonsense'], '--nonsense'],
])('wrong usage %j ends with 2 and says why', async (argv, words) => {
  const { code, stderr } = await runToEnd(...argv)
  expect(code).toBe(2)
  expect(stderr).toContain(words)
})

test('a stray word is not repeated: it may be a token', async () => {
  const { stderr } = await runToEnd('device', 'geheim')
  expect(stderr).not.toContain('geheim')
})

test.each(['device', 'gateway', 'app'])('sim %s --help documents the exit codes', async (name) => {
  const { code, stdout } = await runToEnd(name, '--help')
  expect(code).toBe(0)
  expect(stdout).toContain('0 done, 1 refused by the server, 2 wrong usage, 3 could not connect')
})

test('a device opens its window once and prints the secret, never the token', async () => {
  const { url } = await opening()
  const argv = ['device', '--token', 'geheim', '--url', url, '--once', '--json', '--name', 'lamp']
  const { code, stdout, stderr } = await runToEnd(...argv)
  expect(code).toBe(0)
  const open = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  expect(open).toMatchObject({ event: 'open', device: 'lamp', expiresAt: 'soon' })
  expect(JSON.parse(open.code)).toEqual({ device: 'lamp', secret: open.secret })
  expect(stdout + stderr).not.toContain('geheim')
})

test('--qr draws the code of the claim', async () => {
  const { url } = await opening()
  const { stdout } = await runToEnd(
    'device',
    '--token',
    'T',
    '--url',
    url,
    '--once',
    '--qr',
    '--name',
    'n',
  )
  expect(stdout).toContain('█')
})

test('a fleet from a file opens a window for each device', async () => {
  const { url, heard } = await opening()
  const file = join(tmpdir(), `sim-tokens-${process.pid}`)
  close.push(() => rm(file))
  await writeFile(file, 't1\nt2\n{"name":"third","token":"t3"}\nt4\n')
  const { code, stdout } = await runToEnd(
    'device',
    '--tokens',
    file,
    '--count',
    '3',
    '--url',
    url,
    '--once',
  )
  expect(code).toBe(0)
  expect(stdout).toContain('third  can be claimed with secret')
  expect(stdout).toContain('3 done, 0 refused, 0 unreachable')
  expect(new Set(heard.map(({ payload }) => payload)).size).toBe(3)
})

test('--until claimed ends when the device is told of its owner', async () => {
  const broker = await startBroker((topic, _payload, reply) => {
    if (topic !== 'latchkey/v1/claim') return
    reply('latchkey/v1/claim/result', { id: 'i', state: 'open' })
    setImmediate(() => reply('latchkey/v1/owner', { claimed: true, epoch: 1, home: 'h' }))
  })
  close.push(broker.close)
  const { code, stdout } = await runToEnd(
    'device',
    '--token',
    'T',
    '--url',
    broker.url,
    '--until',
    'claimed',
  )
  expect(code).toBe(0)
  expect(stdout).toContain('is claimed, epoch 1, home h')
})

test('--until claimed ends with 3 when nobody claims in time', async () => {
  const { url } = await opening()
  const argv = ['device', '--token', 'T', '--url', url, '--until', 'claimed', '--timeout-ms', '200']
  expect((await runToEnd(...argv)).code).toBe(3)
})

test('a device without a goal stays until it is interrupted, and that is no failure', async () => {
  const { url } = await opening()
  const running = await run(['device', '--token', 'T', '--url', url], (stdout) => {
    if (stdout.includes('can be claimed')) running.stop()
  })
  expect((await running.ended).code).toBe(0)
})

test('refused credentials end with 1, no broker with 3', async () => {
  const { url } = await opening()
  expect((await runToEnd('device', '--token', 'wrong', '--url', url, '--once')).code).toBe(1)
  expect(
    (await runToEnd('gateway', '--token', 'wrong', '--url', url, '--children', 'a')).code,
  ).toBe(1)
  const argv = ['--token', 'T', '--url', 'mqtt://127.0.0.1:9', '--timeout-ms', '50']
  expect((await runToEnd('device', ...argv, '--once')).code).toBe(3)
  expect((await runToEnd('gateway', ...argv, '--children', 'a')).code).toBe(3)
})

test('a maker creates devices, which then open their windows', async () => {
  const { url, heard } = await opening()
  const server = await startServer({
    'POST /latchkey/v1/sessions': [201, { token: 'S' }],
    'POST /latchkey/v1/devices': [201, { id: 'i', token: 'geheim' }],
  })
  close.push(server.close)
  const account = ['--http', server.url, '--email', 'e', '--password', 'geheim']
  const { code, stdout, stderr } = await runToEnd(
    'device',
    ...account,
    '--count',
    '2',
    '--url',
    url,
    '--once',
  )
  expect(code).toBe(0)
  expect(server.asked.slice(1).map(({ body }) => body)).toEqual([
    '{"name":"sim-1"}',
    '{"name":"sim-2"}',
  ])
  expect(heard).toHaveLength(2)
  expect(stdout + stderr).not.toContain('geheim')
})

test('an app claims from a scanned code, and a refusal ends with 1', async () => {
  const server = await startServer({
    'POST /api/auth/login': [200, { token: 'S' }],
    'POST /api/customer/device/lamp/claim': [200, { device: {}, response: 'SUCCESS' }],
    'POST /api/customer/device/other/claim': [400, 'FAILURE'],
  })
  close.push(server.close)
  const account = [
    '--platform',
    'thingsboard',
    '--http',
    server.url,
    '--email',
    'e',
    '--password',
    'p',
  ]
  const claim = (code: unknown) =>
    runToEnd('app', 'claim', '--scan', JSON.stringify(code), ...account)
  expect((await claim({ deviceName: 'lamp', secretKey: 's' })).code).toBe(0)
  const no = await claim({ deviceName: 'other', secretKey: 's' })
  expect(no.code).toBe(1)
  expect(no.stdout).toContain('other  refused: FAILURE')
})
