import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectSocket, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { generate } from 'mqtt-packet'
import { WebSocket } from 'ws'
import { readConfig } from '../../shared/config.ts'
import { DEFAULT_LIMITS, type Limits } from '../../shared/limits.ts'
import { type BrokerAlone, startBrokerAlone } from '../support/broker.ts'
import { connectDevice } from '../support/device.ts'
import { startServer } from '../support/server.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const started = async (limits: Partial<Limits> = {}) => {
  const events: string[] = []
  const broker = await startBrokerAlone({
    limits: { ...DEFAULT_LIMITS, ...limits },
    metrics: { limited: (rule) => events.push(rule) },
  })
  endings.push(broker.close)
  return { ...broker, events, url: `mqtt://127.0.0.1:${broker.port}` }
}

const open = async (port: number): Promise<Socket> => {
  const socket = connectSocket(port, '127.0.0.1')
  socket.on('error', () => undefined).resume()
  await once(socket, 'connect')
  return socket
}

const connectPacket = (username: string) =>
  generate({
    ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true },
    ...{ clientId: 'c', username, keepalive: 60 },
  })

/** Resolves when it is so; a test that waits too long fails by itself. */
const until = async (isSo: () => boolean) => {
  for (let turns = 0; turns < 1000 && !isSo(); turns++) await sleep(5)
  expect(isSo()).toBe(true)
}

/** Milliseconds until a CONNECT is answered, and the code of the answer. */
const answerTo = async ({ port }: Pick<BrokerAlone, 'port'>, username: string) => {
  const socket = connectSocket(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const began = Date.now()
  socket.write(connectPacket(username))
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return { code: bytes[3], ms: Date.now() - began, socket }
}

const wrongToken = (i: number) => `${i}`.padStart(43, 'x')

const percentile99 = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] as number

test('2000 silent sockets from one address delay nobody, and are closed within 10 s', async () => {
  const broker = await started()
  const devices = await Promise.all(Array.from({ length: 20 }, () => broker.makeDevice()))
  const began = Date.now()
  const silent = await Promise.all(Array.from({ length: 2000 }, () => open(broker.port)))
  const closed = Promise.all(silent.map((socket) => socket.destroyed || once(socket, 'close')))
  const times = await Promise.all(
    devices.map(async ({ token }) => {
      const { code, ms, socket } = await answerTo(broker, token)
      socket.destroy()
      expect(code).toBe(0)
      return ms
    }),
  )
  expect(percentile99(times)).toBeLessThan(1000)
  await closed
  expect(Date.now() - began).toBeLessThan(10_000)
})

test('a flood of wrong credentials is answered late, and honest devices of the same address come in at once', async () => {
  const broker = await started()
  const devices = await Promise.all(Array.from({ length: 20 }, () => broker.makeDevice()))
  for (let i = 0; i < 60; i++) (await answerTo(broker, wrongToken(i))).socket.destroy()
  const flood = Array.from({ length: 300 }, (_, i) => answerTo(broker, wrongToken(100 + i)))
  const honest = await Promise.all(devices.map(({ token }) => answerTo(broker, token)))
  expect(honest.map(({ code }) => code)).toEqual(devices.map(() => 0))
  expect(percentile99(honest.map(({ ms }) => ms))).toBeLessThan(900)
  const answers = await Promise.all(flood)
  expect(answers.every(({ code, ms }) => code === 5 && ms >= 900)).toBe(true)
  expect(broker.events.filter((rule) => rule.startsWith('wrong credentials'))).toHaveLength(300)
  for (const { socket } of [...honest, ...answers]) socket.destroy()
})

test('a device that reconnects without end is always let in, a second late at the most, and the newest lives', async () => {
  const broker = await started({ reconnectBurst: 3 })
  const { token } = await broker.makeDevice()
  const quick = []
  for (let i = 0; i < 3; i++) quick.push(await answerTo(broker, token))
  expect(quick.every(({ ms }) => ms < 900)).toBe(true)
  const [present] = quick.slice(-1)
  const replaced = once(present?.socket.resume() as Socket, 'close')
  const late = await answerTo(broker, token)
  expect([late.code, late.ms > 900, late.ms < 3000]).toEqual([0, true, true])
  await replaced
  expect(broker.connected()).toBe(1)
  expect(late.socket.destroyed).toBe(false)
  late.socket.destroy()
})

test('a device that gives up while it is held back leaves nothing behind', async () => {
  const broker = await started({ reconnectBurst: 1 })
  const { token } = await broker.makeDevice()
  const first = await answerTo(broker, token)
  const impatient = await open(broker.port)
  impatient.write(connectPacket(token))
  await until(() => broker.events.length === 1)
  impatient.destroy()
  const patient = await answerTo(broker, token)
  expect([patient.code, broker.connected()]).toEqual([0, 1])
  for (const { socket } of [first, patient]) socket.destroy()
  await until(() => broker.connected() === 0)
})

test('more connections than one address may have are cut before they are read, and there is room again when one ends', async () => {
  const broker = await started({ connectionsFromLoopback: 2 })
  const { token } = await broker.makeDevice()
  const one = await open(broker.port)
  const two = await open(broker.port)
  const three = await open(broker.port)
  await (three.destroyed || once(three, 'close'))
  expect(broker.events).toEqual(['too many connections from one address'])
  const isGone = once(one, 'close')
  one.destroy()
  await isGone
  const roomFor = async (tries: number): ReturnType<typeof connectDevice> =>
    connectDevice(broker.url, token).catch((cause) => {
      if (tries === 0) throw cause
      return roomFor(tries - 1)
    })
  const live = await roomFor(50)
  await live.end()
  two.destroy()
})

test('WebSockets and sockets are counted together', async () => {
  const server = await startServer({ LATCHKEY_LIMITS: '{"connectionsFromLoopback":1}' })
  endings.push(server.close)
  const first = await open(Number(new URL(server.mqttUrl).port))
  const webSocket = new WebSocket(`${server.httpUrl.replace('http:', 'ws:')}/mqtt`, 'mqtt')
  const [error] = (await once(webSocket, 'error')) as [Error]
  expect(error.message).toContain('503')
  first.destroy()
})

test('a limit that is set is kept', async () => {
  const server = await startServer({ LATCHKEY_LIMITS: '{"connectBytes":128}' })
  endings.push(server.close)
  const socket = await open(Number(new URL(server.mqttUrl).port))
  socket.write(Buffer.from([0x10, 0xff, 0x01]))
  await once(socket, 'close')
})

test('limits come from the environment as JSON or from the file as an object, and every wrong one is said', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'))
  endings.push(() => rmSync(folder, { recursive: true }))
  const faultsOf = (env: Record<string, string>) => {
    const config = readConfig(env, folder)
    return 'faults' in config ? config.faults : []
  }
  writeFileSync(join(folder, 'latchkey.config.json'), '{"limits":{"packetBytes":2048}}')
  expect(readConfig({}, folder)).toMatchObject({ limits: { packetBytes: 2048, topicBytes: 256 } })
  expect(faultsOf({ LATCHKEY_LIMITS: '{"packetBytes":-1,"typo":1}' })).toEqual([
    expect.stringContaining('LATCHKEY_LIMITS: "packetBytes"'),
    expect.stringContaining('LATCHKEY_LIMITS: there is no limit "typo"'),
  ])
  for (const text of ['{', '[]', '7']) expect(faultsOf({ LATCHKEY_LIMITS: text })).toHaveLength(1)
  expect(
    readConfig({ LATCHKEY_ORIGINS: 'https://a.example, http://b.example:81' }, folder),
  ).toMatchObject({ origins: ['https://a.example', 'http://b.example:81'] })
  for (const text of ['a.example', 'https://a.example/', 'https://a.example,x'])
    expect(faultsOf({ LATCHKEY_ORIGINS: text })).toHaveLength(1)
})
