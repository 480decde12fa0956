import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { native } from '../../broker/dialects/native.ts'
import { nativeChannels } from '../../gateway/dialects/native/topics.ts'
import { VERSION } from '../../shared/version.ts'
import { api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { type AsyncApi, documentAt, schemasOf } from '../support/documents.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openStream } from '../support/sse.ts'

const require = createRequire(import.meta.url)
const META = require('@asyncapi/specs/schemas/3.0.0-without-$id.json')

let server: TestServer
let document: AsyncApi
beforeAll(async () => {
  server = await startServer()
  document = await documentAt<AsyncApi>(server.httpUrl, '/asyncapi.json')
})
afterAll(() => server.close())

const mqttAddresses = (action: 'send' | 'receive') =>
  Object.entries(document.channels)
    .filter(([, { servers }]) => servers[0]?.$ref === '#/servers/mqtt')
    .filter(([name]) => document.operations[`on_${name}`]?.action === action)
    .map(([, { address }]) => address.replace(/\{\w+\}/g, '+'))

/** What is wrong with a message on a channel. */
const faultsIn = (channel: string, message: unknown) =>
  schemasOf(document)(message, 'components', 'messages', channel, 'payload')

test('the document is AsyncAPI 3.0 by its own meta-schema', () => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true })
  addFormats.default(ajv)
  const validate = ajv.compile(META)
  validate(document)
  expect(validate.errors).toBeNull()
  expect(document).toMatchObject({ asyncapi: '3.0.0', info: { version: VERSION } })
  // A document that is none is noticed.
  expect(validate({ ...document, channels: 7 })).toBe(false)
})

test('every reference in it leads somewhere', () => {
  const text = JSON.stringify(document)
  const places = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, place]) => place as string)
  expect(places.length).toBeGreaterThan(50)
  for (const place of places) {
    const found = place
      .split('/')
      .reduce<unknown>((part, name) => (part as Record<string, unknown>)?.[name], document)
    expect([place, found === undefined]).toEqual([place, false])
  }
})

test('it names the topics that the broker knows, and no others', () => {
  const { publishes, publishesBelow = new Map(), subscribes, provisioning } = native
  const publish = [...publishes.keys(), ...publishesBelow.keys(), provisioning?.publishes]
  expect(mqttAddresses('receive').toSorted()).toEqual(publish.toSorted())
  const subscribe = [...subscribes, provisioning?.subscribes]
  expect(mqttAddresses('send').toSorted()).toEqual(subscribe.toSorted())
  expect(Object.keys(document.channels)).toEqual(Object.keys(nativeChannels))
})

test('what devices hear is as it is described', async () => {
  const maker = await signIn(server.httpUrl)
  const ada = await customer(server.httpUrl)
  const lamp = await makeDevice(maker)
  const on = {
    claimResult: 'latchkey/v1/claim/result',
    owner: 'latchkey/v1/owner',
    commands: 'latchkey/v1/commands',
  }
  const device = await connectDevice(server.mqttUrl, lamp.token, Object.values(on))
  const hears = async (channel: keyof typeof on) => {
    const message = await device.next(on[channel])
    expect([message, faultsIn(channel, message)]).toEqual([message, []])
    return message
  }
  await hears('owner')
  await device.publish('latchkey/v1/claim', { secret: 'abc' })
  expect((await hears('claimResult')).state).toBe('open')
  await ada.post('/latchkey/v1/claims', { device: lamp.id, secret: 'abc' })
  expect((await hears('claimResult')).state).toBe('claimed')
  expect((await hears('owner')).claimed).toBe(true)
  const command = { action: 'blink', parameters: [1] }
  await ada.post(`/latchkey/v1/devices/${lamp.id}/commands`, command)
  await hears('commands')
  await device.publish('latchkey/v1/claim', { secret: 7 })
  expect((await hears('claimResult')).state).toBe('refused')
  await device.publish('latchkey/v1/release', {})
  expect((await hears('owner')).claimed).toBe(false)
  await device.publish('latchkey/v1/link', { linkId: 'a shared id' })
  expect((await hears('claimResult')).state).toBe('waiting')
  await device.publish('latchkey/v1/code', { code: 'nonsense' })
  expect((await hears('claimResult')).state).toBe('refused')
  await device.end()
})

test('what gateways hear is as it is described', async () => {
  const maker = await signIn(server.httpUrl)
  const hub = await makeDevice(maker, { gateway: true })
  const bulb = await makeDevice(maker)
  const result = 'latchkey/v1/gateway/claims/result'
  const commands = 'latchkey/v1/gateway/commands'
  const gateway = await connectDevice(server.mqttUrl, hub.token, [result, commands])
  await gateway.publish('latchkey/v1/gateway/connect', { device: bulb.name })
  const batch = [{ device: bulb.name, secret: 'abc' }, { device: 'nobody' }, { no: 1 }]
  await gateway.publish('latchkey/v1/gateway/claims', batch)
  const told = await gateway.next(result)
  expect(told.map(({ state }: { state: string }) => state)).toEqual(['open', 'refused', 'refused'])
  expect(faultsIn('gatewayClaimsResult', told)).toEqual([])
  await gateway.publish('latchkey/v1/gateway/claims', { no: 'list' })
  expect(faultsIn('gatewayClaimsResult', await gateway.next(result))).toEqual([])
  await maker.post(`/latchkey/v1/devices/${bulb.id}/commands`, { action: 'blink' })
  expect(faultsIn('gatewayCommands', await gateway.next(commands))).toEqual([])
  await gateway.end()
})

test('what a newcomer hears is as it is described', async () => {
  const maker = await signIn(server.httpUrl)
  const project = { name: 'newcomers', accounts: 'email', provisioning: 'on-demand' }
  await maker.post('/latchkey/v1/projects', project)
  const who = { email: 'eve@newcomers', password: 'a-password' }
  await api(server.httpUrl).post('/latchkey/v1/users', { ...who, project: 'newcomers' })
  const eve = await signIn(server.httpUrl, who)
  const made = await eve.post('/latchkey/v1/provisioning-tokens', { deviceClass: 'lamp' })
  const result = 'latchkey/v1/provision/result'
  for (const token of [made.body.token, 'wrong']) {
    const newcomer = await connectDevice(server.mqttUrl, 'provision', [result])
    await newcomer.publish('latchkey/v1/provision', { token })
    const told = await newcomer.next(result)
    expect('token' in told).toBe(token !== 'wrong')
    expect(faultsIn('provisionResult', told)).toEqual([])
    await newcomer.end()
  }
})

test('what apps hear is as it is described', async () => {
  const maker = await signIn(server.httpUrl)
  const ada = await customer(server.httpUrl)
  const lamp = await makeDevice(maker)
  const stream = await openStream(`${server.httpUrl}/latchkey/v1/events`, {
    authorization: `Bearer ${ada.token}`,
  })
  const device = await connectDevice(server.mqttUrl, lamp.token)
  await device.publish('latchkey/v1/claim', { secret: 'abc' })
  await ada.post('/latchkey/v1/claims', { device: lamp.id, secret: 'abc' })
  await device.publish('latchkey/v1/events', { eventType: 'shone', eventData: { lux: 7 } })
  const types = new Set<string>()
  while (!types.has('latchkey.device.event')) {
    const event = JSON.parse((await stream.next()).data)
    expect(faultsIn('eventStream', event)).toEqual([])
    types.add(event.type)
  }
  expect(types).toContain('latchkey.device.claimed')
  stream.close()
  await device.end()
})
