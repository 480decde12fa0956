import { afterEach, expect, test } from '@jest/globals'
import {
  claimOverHttp,
  createDevice,
  devicesOverHttp,
  explainOverHttp,
  followClaim,
  releaseOverHttp,
  signIn,
} from '../../firmware-sim/app.ts'
import { type Scripted, startServer } from './server.ts'

let server: Awaited<ReturnType<typeof startServer>>
afterEach(() => server.close())

const LOGIN = { email: 'a@b.c', password: 'geheim' }
const native = async (script: Record<string, Scripted | (() => Scripted)>) => {
  server = await startServer({ 'POST /latchkey/v1/sessions': [201, { token: 'T' }], ...script })
  return signIn({ http: server.url, ...LOGIN })
}
const thingsboard = async (script: Record<string, Scripted>) => {
  server = await startServer({ 'POST /api/auth/login': [200, { token: 'T' }], ...script })
  return signIn({ platform: 'thingsboard', http: server.url, ...LOGIN })
}

test('a native app signs in and claims with its bearer', async () => {
  const claimed = { id: 'c', state: 'claimed', device: 'd', epoch: 1 }
  const app = await native({ 'POST /latchkey/v1/claims': [201, claimed] })
  const outcome = await claimOverHttp(app, { device: 'lamp', secret: 's' })
  expect(outcome).toEqual({ state: 'claimed', id: 'c', device: 'd', epoch: 1 })
  expect(server.asked.map(({ body }) => body)).toEqual([
    '{"email":"a@b.c","password":"geheim"}',
    '{"device":"lamp","secret":"s"}',
  ])
  expect(server.asked[1]?.authorization).toBe('Bearer T')
})

test('a native refusal carries its reason and the attempt to explain', async () => {
  const app = await native({
    'POST /latchkey/v1/claims': [403, { reason: 'r' }, { location: '/latchkey/v1/claims/c1' }],
    'GET /latchkey/v1/claims/c1/explain': [200, { attempts: [] }],
  })
  const outcome = await claimOverHttp(app, { device: 'lamp' })
  expect(outcome).toEqual({ state: 'refused', status: 403, reason: 'r', attempt: 'c1' })
  expect(await explainOverHttp(app, 'c1')).toEqual({ state: 'done', value: { attempts: [] } })
})

test('a waiting claim is followed until it changes', async () => {
  const states: Scripted[] = [
    [202, { id: 'c', state: 'waiting' }],
    [200, { id: 'c', state: 'claimed', device: 'd', epoch: 2 }],
  ]
  const next = () => states.shift() ?? [500]
  const app = await native({
    'POST /latchkey/v1/claims': [202, { id: 'c', state: 'waiting', expiresAt: 'soon' }],
    'GET /latchkey/v1/claims/c?waitMs=30000': next,
  })
  const first = await claimOverHttp(app, { device: 'lamp' })
  expect(first).toEqual({ state: 'waiting', id: 'c', expiresAt: 'soon' })
  expect(await followClaim(app, 'c', 60_000)).toMatchObject({ state: 'claimed', epoch: 2 })
})

test('a native release looks the name up, over all pages', async () => {
  const app = await native({
    'GET /latchkey/v1/devices': [200, { items: [{ id: 'i1', name: 'other' }], next: 'n' }],
    'GET /latchkey/v1/devices?after=n': [200, { items: [{ id: 'i2', name: 'lamp' }] }],
    'DELETE /latchkey/v1/devices/i2/owner': [204],
  })
  expect((await releaseOverHttp(app, 'lamp')).state).toBe('done')
  expect(await devicesOverHttp(app)).toEqual({
    state: 'done',
    value: [
      { id: 'i1', name: 'other' },
      { id: 'i2', name: 'lamp' },
    ],
  })
})

test('a ThingsBoard app claims by name, encoded, with its own header', async () => {
  const device = { id: { entityType: 'DEVICE', id: 'd' }, name: 'My Lamp' }
  const app = await thingsboard({
    'POST /api/customer/device/My%20Lamp/claim': [200, { device, response: 'SUCCESS' }],
    'DELETE /api/customer/device/My%20Lamp/claim': [200],
  })
  const outcome = await claimOverHttp(app, { device: 'My Lamp', secret: 'value' })
  expect(outcome).toMatchObject({ state: 'claimed', device: 'd' })
  expect((await releaseOverHttp(app, 'My Lamp')).state).toBe('done')
  expect(server.asked[0]?.body).toBe('{"username":"a@b.c","password":"geheim"}')
  expect(server.asked[1]).toMatchObject({
    body: '{"secretKey":"value"}',
    xAuthorization: 'Bearer T',
  })
})

test('ThingsBoard refuses with a bare word or with an envelope', async () => {
  const app = await thingsboard({
    'POST /api/customer/device/a/claim': [400, 'FAILURE'],
    'POST /api/customer/device/b/claim': [
      404,
      { status: 404, message: 'not found', errorCode: 32 },
    ],
  })
  expect(await claimOverHttp(app, { device: 'a' })).toMatchObject({ reason: 'FAILURE' })
  expect(await claimOverHttp(app, { device: 'b' })).toMatchObject({ reason: 'not found' })
})

test('a ThingsBoard maker creates a gateway and reads its token', async () => {
  const app = await thingsboard({
    'POST /api/device': [200, { id: { entityType: 'DEVICE', id: 'd' } }],
    'GET /api/device/d/credentials': [200, { credentialsId: 'tok' }],
  })
  const made = await createDevice(app, { name: 'hub', gateway: true })
  expect(made).toEqual({ state: 'done', value: { id: 'd', token: 'tok' } })
  expect(server.asked[1]?.body).toBe(
    '{"name":"hub","type":"default","additionalInfo":{"gateway":true}}',
  )
})

test('a server out of order is no refusal', async () => {
  const app = await native({ 'POST /latchkey/v1/claims': [503, { reason: 'down' }] })
  await expect(claimOverHttp(app, { device: 'lamp' })).rejects.toThrow('answers 503')
})
