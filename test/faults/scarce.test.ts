import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { startChild } from '../../faults/child.ts'
import { freePorts } from '../../faults/ports.ts'
import { eventually } from '../store/contract/opened.ts'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { folder, PROGRAM, startProcess } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { ADMIN } from '../support/server.ts'

const V1 = '/latchkey/v1'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** The program under a shell's limits, with arguments for Node. */
const startUnder = async (limits: string, ...nodeArgs: string[]) => {
  const place = folder()
  const [http = 0, mqtt = 0] = await freePorts(2)
  let isReady: () => void = () => undefined
  const ready = new Promise<void>((resolve) => {
    isReady = resolve
  })
  const child = startChild({
    command: 'sh',
    args: ['-c', `${limits}; exec "$0" "$@"`, process.execPath, ...nodeArgs, PROGRAM],
    cwd: place.path,
    env: {
      LATCHKEY_HTTP_PORT: String(http),
      LATCHKEY_MQTT_PORT: String(mqtt),
      LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
      LATCHKEY_LOG_LEVEL: 'error',
    },
    onLine: (line) => {
      if (line.includes('"ready"')) isReady()
    },
  })
  endings.push(async () => {
    child.signal('SIGKILL')
    await child.ended
    place.drop()
  })
  await Promise.race([ready, child.ended])
  expect(child.lastWords()).toBe('')
  return { child, httpUrl: `http://127.0.0.1:${http}`, mqttUrl: `mqtt://127.0.0.1:${mqtt}`, mqtt }
}

/** A device that was claimed before anything becomes scarce. */
const claimed = async (httpUrl: string) => {
  const maker = await signIn(httpUrl)
  const device = await makeDevice(maker, { claimCode: 'label' })
  const ada = await customer(httpUrl)
  const { status } = await ada.post(`${V1}/claims`, { device: device.id, secret: 'label' })
  expect(status).toBe(201)
  return { maker, device, ada }
}

const isOwned = async (maker: Api, device: { id: string }, by: string) =>
  expect((await maker.get(`${V1}/devices/${device.id}`)).body.owner).toBe(by)

const open = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  return socket.resume()
}

// With 128 Node itself cannot open all modules.
test('with 256 file descriptors a flood of connections ends nothing, and all is well after it', async () => {
  const { child, httpUrl, mqttUrl, mqtt } = await startUnder('ulimit -n 256')
  const { maker, device, ada } = await claimed(httpUrl)
  const flood = await Promise.all(Array.from({ length: 600 }, () => open(mqtt)))
  for (const socket of flood) socket.destroy()
  const connected = () =>
    connectDevice(mqttUrl, device.token).then(
      (live) => live.end().then(() => true),
      () => false,
    )
  expect(await eventually(connected, Boolean, 20_000)).toBe(true)
  await isOwned(maker, device, ada.home)
  const another = await makeDevice(maker, { claimCode: 'other' })
  const again = await ada.post(`${V1}/claims`, { device: another.id, secret: 'other' })
  expect(again.status).toBe(201)
  expect(child.hasEnded()).toBe(false)
})

test('with a heap of 96 MB a flood of connections and of large publishes ends nothing', async () => {
  const { child, httpUrl, mqttUrl, mqtt } = await startUnder('true', '--max-old-space-size=96')
  const { maker, device, ada } = await claimed(httpUrl)
  const flood = await Promise.all(Array.from({ length: 500 }, () => open(mqtt)))
  const live = await connectDevice(mqttUrl, device.token)
  const eventData = { filler: 'x'.repeat(60_000) }
  for (let round = 0; round < 10; round++)
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        live.publish('latchkey/v1/events', { eventType: `e${n}`, eventData }),
      ),
    )
  await live.end()
  for (const socket of flood) socket.destroy()
  await isOwned(maker, device, ada.home)
  expect(child.hasEnded()).toBe(false)
})

describeWithRedis('a Redis that is emptied under a running program', () => {
  test('knows nobody any more: 401 and no connection, never 500; a new start begins anew', async () => {
    const redis = await startRedis()
    endings.push(() => redis.stop())
    const place = folder()
    endings.push(place.drop)
    let running = await startProcess(place.path, { LATCHKEY_STORE: redis.url })
    endings.push(async () => {
      running.kill('SIGKILL')
      await running.exited
    })
    const { maker, device, ada } = await claimed(running.httpUrl)
    const admin = new Redis({ host: '127.0.0.1', port: redis.port, protocol: 2 })
    await admin.flushall()
    await admin.script('FLUSH')
    admin.disconnect()
    // A session that was good a moment ago may be remembered for a moment.
    for (const who of [maker, ada]) {
      const status = async () => (await who.get(`${V1}/devices`)).status
      expect(await eventually(status, (seen) => seen === 401, 10_000)).toBe(401)
    }
    const claim = await ada.post(`${V1}/claims`, { device: device.id, secret: 'label' })
    expect(claim.status).toBe(401)
    await expect(connectDevice(running.mqttUrl, device.token)).rejects.toThrow()
    running.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    running = await startProcess(place.path, { LATCHKEY_STORE: redis.url })
    await claimed(running.httpUrl)
  })
})
