import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Aedes } from 'aedes'
import { type Attached, attachClaiming, nativeMqtt, openStore, type Store } from '../../index.ts'
import { silentLog } from '../../shared/log.ts'
import { connectDevice } from '../support/device.ts'
import { type Parts, partsOn } from '../support/parts.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-embed-'))
const asked: string[] = []
let store: Store
let parts: Parts
let attached: Attached
let aedes: Aedes
let url: string
let server: ReturnType<typeof createServer>

beforeAll(async () => {
  aedes = await Aedes.createBroker({
    authenticate: (_client, username, _password, done) => {
      asked.push(`authenticate ${username}`)
      done(null, username === 'their-user')
    },
    authorizePublish: (_client, packet, done) => {
      asked.push(`publish ${packet.topic}`)
      done(null)
    },
  })
  store = await openStore({ url: `embedded:${folder}`, log: silentLog })
  parts = await partsOn(store)
  const { registry, engine, delivery, now } = parts
  attached = await attachClaiming(aedes, {
    store,
    registry,
    engine,
    delivery,
    now,
    log: silentLog,
    dialects: [nativeMqtt],
    strangers: 'pass',
  })
  server = createServer({ noDelay: true }, aedes.handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  await attached.detach()
  await new Promise<void>((resolve) => aedes.close(() => resolve()))
  server.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const device = async (name: string) => {
  const made = await parts.registry.devices.create({ project: parts.project, name })
  if (made === 'name-taken') throw new Error('taken')
  return made
}

test('somebody’s own broker keeps its own people, hooks and topics', async () => {
  const one = await connectDevice(url, 'their-user', ['their/topic'])
  const two = await connectDevice(url, 'their-user')
  await two.publish('their/topic', { hello: 1 })
  expect(await one.next('their/topic')).toEqual({ hello: 1 })
  expect(asked).toContain('authenticate their-user')
  expect(asked).toContain('publish their/topic')
  await expect(connectDevice(url, 'nobody')).rejects.toThrow()
  await Promise.all([one.end(), two.end()])
})

test('devices claim on it, and their own people neither hear nor send what is a device’s', async () => {
  const spy = await connectDevice(url, 'their-user', ['#'])
  const { token } = await device('lamp')
  const lamp = await connectDevice(url, token, ['latchkey/v1/claim/result'])
  await lamp.publish('latchkey/v1/claim', { secret: 'open sesame' })
  expect(await lamp.next('latchkey/v1/claim/result')).toMatchObject({ state: 'open' })
  await expect(spy.next('latchkey/v1/claim', 100)).rejects.toThrow('nothing came')
  const evil = await connectDevice(url, 'their-user')
  await Promise.race([
    evil.publish('latchkey/v1/claim', { secret: 'x' }).catch(() => undefined),
    evil.closed,
  ])
  expect(asked).not.toContain('publish latchkey/v1/claim')
  await Promise.all([spy.end(), lamp.end()])
})

test('a device hears nothing of their topics and sends nothing to them', async () => {
  const spy = await connectDevice(url, 'their-user', ['their/topic'])
  const { token } = await device('kettle')
  const kettle = await connectDevice(url, token)
  await kettle.publish('their/topic', { from: 'a device' })
  await expect(kettle.client.subscribeAsync('their/topic')).rejects.toThrow()
  await expect(spy.next('their/topic', 100)).rejects.toThrow('nothing came')
  await Promise.all([spy.end(), kettle.end()])
})

test('a broker started the way aedes-cli does it, hooks set one by one, gains devices and keeps its users', async () => {
  const broker = await Aedes.createBroker({ concurrency: 50, heartbeatInterval: 1000 })
  // aedes-cli sets its authorizer's hooks as properties, and gives `broker.handle` to a plain server.
  broker.authenticate = (client, username, _password, done) => {
    Object.assign(client, { user: username })
    done(null, username === 'their-user')
  }
  broker.authorizePublish = (_client, _packet, done) => done(null)
  const { registry, engine, delivery, now } = parts
  const log = silentLog
  const added = await attachClaiming(broker, {
    store,
    registry,
    engine,
    delivery,
    now,
    log,
    dialects: [nativeMqtt],
    strangers: 'pass',
  })
  const plain = createServer(broker.handle)
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const there = `mqtt://127.0.0.1:${(plain.address() as AddressInfo).port}`
  const theirs = await connectDevice(there, 'their-user', ['their/topic'])
  await theirs.publish('their/topic', { hello: 2 })
  expect(await theirs.next('their/topic')).toEqual({ hello: 2 })
  const { token } = await device('toaster')
  const toaster = await connectDevice(there, token, ['latchkey/v1/claim/result'])
  await toaster.publish('latchkey/v1/claim', { secret: 'open sesame' })
  expect(await toaster.next('latchkey/v1/claim/result')).toMatchObject({ state: 'open' })
  await Promise.all([theirs.end(), toaster.end()])
  await added.detach()
  await new Promise<void>((resolve) => broker.close(() => resolve()))
  plain.close()
})
