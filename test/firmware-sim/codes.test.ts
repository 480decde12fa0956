import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  connectDevice,
  presentCode,
  provision,
  type SimDevice,
  untilOwner,
} from '../../firmware-sim/index.ts'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { runToEnd } from './run.ts'

const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api
let carol: Api
const open: SimDevice[] = []

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
  const space = { name: 'lamps', accounts: 'email', provisioning: 'on-demand' }
  await maker.post(`${V1}/projects`, space)
  const who = { email: 'carol@lamps.example', password: 'customer-password' }
  await maker.post(`${V1}/users`, { ...who, role: 'customer', project: 'lamps' })
  carol = await signIn(server.httpUrl, who)
})
afterAll(async () => {
  for (const sim of open) await sim.close()
  await server.close()
})

const simulated = async (token: string) => {
  const sim = await connectDevice({ url: server.mqttUrl, token })
  open.push(sim)
  return sim
}
const newCode = async (app: Api) => (await app.post(`${V1}/claim-codes`)).body.code as string
const newToken = async () =>
  (await carol.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp' })).body.token as string

test('a simulated device brings a code and hears what came of it', async () => {
  const ada = await customer(server.httpUrl)
  const sim = await simulated((await makeDevice(maker)).token)
  const code = await newCode(ada)
  expect(await presentCode(sim, code)).toEqual({ state: 'claimed', epoch: 1 })
  expect(await untilOwner(sim)).toMatchObject({ claimed: true, home: ada.home })
  const other = await simulated((await makeDevice(maker)).token)
  expect(await presentCode(other, code)).toEqual({ state: 'refused', reason: 'code-used' })
})

test.each([4, 5] as const)(
  'a simulated device comes into being and connects (MQTT level %d)',
  async (protocol) => {
    const token = await newToken()
    const made = await provision({ url: server.mqttUrl, token, protocol })
    if (made.state !== 'made') throw new Error(made.reason)
    expect(await untilOwner(await simulated(made.token))).toMatchObject({ claimed: true, epoch: 1 })
    expect(await provision({ url: server.mqttUrl, token, protocol })).toEqual({
      state: 'refused',
      reason: 'token-used',
    })
  },
)

test('sim device --code claims, and says why where it cannot', async () => {
  const ada = await customer(server.httpUrl)
  const { token } = await makeDevice(maker)
  const code = await newCode(ada)
  const bring = [`--url=${server.mqttUrl}`, `--token=${token}`, `--code=${code}`, '--json']
  const done = await runToEnd('device', ...bring, '--until=claimed')
  expect(done.code).toBe(0)
  expect(done.stdout).toContain('"event":"claimed"')
  const other = (await makeDevice(maker)).token
  const again = [`--url=${server.mqttUrl}`, `--token=${other}`, `--code=${code}`, '--once']
  const refused = await runToEnd('device', ...again)
  expect(refused.code).toBe(1)
  expect(refused.stdout).toContain('code-used')
})

test('sim device --provision brings a device into being, and prints neither token', async () => {
  const token = await newToken()
  const args = [`--url=${server.mqttUrl}`, `--provision=${token}`, '--json', '--until=claimed']
  const done = await runToEnd('device', ...args)
  expect(done.code).toBe(0)
  expect(done.stdout).toContain('"event":"owner"')
  expect(done.stdout).not.toMatch(/"[\w-]{43}"/)
  const again = await runToEnd('device', ...args)
  expect(again.code).toBe(1)
  expect(again.stdout + again.stderr).toContain('token-used')
  expect(again.stdout + again.stderr).not.toContain(token)
})
