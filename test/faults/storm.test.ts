import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { generate, parser } from 'mqtt-packet'
import { freePorts } from '../../faults/ports.ts'
import { customer, makeDevice, signIn } from '../support/api.ts'
import { folder, startProcess, type TestProcess } from '../support/process.ts'

const V1 = '/latchkey/v1'
/** `STORM_DEVICES=2000` is the long form. */
const STORM = Number(process.env.STORM_DEVICES ?? 200)

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** Connects as a device does that has lost its server: again and again until it is let in. */
const comeBack = async (port: number, token: string): Promise<Socket> => {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    const code = await new Promise<number>((resolve) => {
      const packets = parser({ protocolVersion: 4 })
      packets.on('packet', (packet) => {
        if (packet.cmd === 'connack') resolve(packet.returnCode ?? -1)
      })
      socket.on('data', (data: Buffer) => packets.parse(data))
      socket.once('close', () => resolve(-1))
      const connection = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4 } as const
      const who = { clean: true, clientId: 'c', username: token, keepalive: 60 }
      socket.write(generate({ ...connection, ...who }))
    })
    if (code === 0) return socket
    socket.destroy()
    await new Promise((done) => setTimeout(done, 50 + Math.random() * 200))
  }
}

test(`${STORM} devices that come back at once after a kill -9 are all let in, and no claim is lost`, async () => {
  const place = folder()
  endings.push(place.drop)
  const [http = 0, mqtt = 0] = await freePorts(2)
  const ports = { LATCHKEY_HTTP_PORT: String(http), LATCHKEY_MQTT_PORT: String(mqtt) }
  let running: TestProcess = await startProcess(place.path, ports)
  endings.push(async () => {
    running.kill('SIGKILL')
    await running.exited
  })
  const maker = await signIn(running.httpUrl)
  const ada = await customer(running.httpUrl)
  const devices: { id: string; token: string }[] = []
  while (devices.length < STORM)
    devices.push(
      ...(await Promise.all(
        Array.from({ length: 25 }, () => makeDevice(maker, { claimCode: 'label' })),
      )),
    )
  const owned = devices.filter((_, n) => n % 25 === 0)
  for (const { id } of owned)
    expect((await ada.post(`${V1}/claims`, { device: id, secret: 'label' })).status).toBe(201)
  const before = await Promise.all(devices.map(({ token }) => comeBack(mqtt, token)))
  const gone = Promise.all(before.map((socket) => socket.closed || once(socket, 'close')))
  running.kill('SIGKILL')
  await running.exited
  await gone
  const back = Promise.all(devices.map(({ token }) => comeBack(mqtt, token)))
  running = await startProcess(place.path, ports)
  const sockets = await back
  expect(sockets.filter((socket) => !socket.destroyed)).toHaveLength(STORM)
  for (const { id } of owned)
    expect((await maker.get(`${V1}/devices/${id}`)).body.owner).toBe(ada.home)
  for (const socket of sockets) socket.destroy()
}, 300_000)
