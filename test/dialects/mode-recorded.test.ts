import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type ModeProject, type ModeUser, modeHome, modeUser, send } from '../support/mode.ts'
import {
  addDevice,
  ownedDevice,
  type PrintedDevice,
  printedDevice,
  projectWith,
} from '../support/mode-devices.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openWire, statusIn, takeHead, takeReply } from '../support/wire.ts'

/**
 * What the platform's own device libraries sent to a listener on loopback, byte for byte (mode-device 1.4.0 with Node 20,
 * device-sdk-go v4): only number, key, token and host are others.
 */
const RECORDED = {
  nodeEvent:
    'PUT /devices/9/event HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 55\r\n' +
    'Authorization: ModeCloud KEY\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\n' +
    '{"eventType":"first_event","eventData":{"eventItem":1}}',
  // Its length is that of UTF-16: one byte short for each letter that is not ASCII.
  nodeShortEvent:
    'PUT /devices/9/event HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 39\r\n' +
    'Authorization: ModeCloud KEY\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\n' +
    '{"eventType":"t","eventData":{"e":"\u00c3\u00bc"}}',
  nodeSocket:
    'GET /devices/9/command HTTP/1.1\r\nAuthorization: ModeCloud KEY\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: GguUVDctQmlA68iP045pUw==\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nHost: HOST\r\n\r\n',
  goProvision:
    'POST /devices HTTP/1.1\r\nHost: HOST\r\nUser-Agent: GoDeviceSDK/4.0\r\nContent-Length: 53\r\n' +
    'Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n{"token":"TOKEN"}',
  goInfo:
    'GET /devices/9 HTTP/1.1\r\nHost: HOST\r\nUser-Agent: GoDeviceSDK/4.0\r\n' +
    'Authorization: ModeCloud KEY\r\nAccept-Encoding: gzip\r\n\r\n',
  goEnable:
    'POST /deviceRegistration HTTP/1.1\r\nHost: HOST\r\nUser-Agent: GoDeviceSDK/4.0\r\nContent-Length: LENGTH\r\n' +
    'Authorization: ModeCloud KEY\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n' +
    '{"deviceId":9,"claimable":true,"duration":30}',
  goDisable:
    'POST /deviceRegistration HTTP/1.1\r\nHost: HOST\r\nUser-Agent: GoDeviceSDK/4.0\r\nContent-Length: LENGTH\r\n' +
    'Authorization: ModeCloud KEY\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n' +
    '{"deviceId":9,"claimable":false}',
} as const

let server: TestServer
let project: ModeProject
let ann: ModeUser & { home: number }

beforeAll(async () => {
  server = await startServer()
  project = await projectWith(server)
  const user = await modeUser(server, project)
  ann = { ...user, home: (await modeHome(server, user)).id }
})
afterAll(() => server.close())

const play = (text: string, { id, key }: Pick<PrintedDevice, 'id' | 'key'>) => {
  const named = text
    .replace('/devices/9', `/devices/${id}`)
    .replace('"deviceId":9', `"deviceId":${id}`)
    .replace('ModeCloud KEY', `ModeCloud ${key}`)
    .replace('HOST', new URL(server.httpUrl).host)
  const body = named.slice(named.indexOf('\r\n\r\n') + 4)
  return named.replace('LENGTH', String(body.length))
}

describe('mode-device 1.4.0', () => {
  test('sends events, one after the other on one connection', async () => {
    const device = await ownedDevice(server, project, ann)
    const wire = await openWire(server.httpUrl)
    for (const _ of [1, 2]) {
      wire.send(play(RECORDED.nodeEvent, device))
      // It counts nothing else as success: research 1.6.
      expect(await takeReply(wire)).toEqual({ status: 204, body: '' })
    }
    wire.socket.destroy()
  })

  test('sends an event that is cut short, and is refused', async () => {
    const device = await ownedDevice(server, project, ann)
    const wire = await openWire(server.httpUrl)
    wire.send(play(RECORDED.nodeShortEvent, device))
    const { status } = await takeReply(wire)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    wire.socket.destroy()
  })

  test('listens to commands, and its pings are answered', async () => {
    const device = await ownedDevice(server, project, ann)
    const wire = await openWire(server.httpUrl)
    wire.send(play(RECORDED.nodeSocket, device))
    const head = await takeHead(wire)
    expect(statusIn(head)).toBe(101)
    expect(head).not.toMatch(/sec-websocket-extensions/i)
    const sent = await send(server.httpUrl, 'PUT', `/devices/${device.id}/command`, {
      key: ann.key,
      body: { action: 'a', parameters: { x: 1 } },
    })
    expect(sent.status).toBe(204)
    const text = '{"action":"a","parameters":{"x":1}}'
    // RFC 6455, 5.2: a whole text frame, not masked.
    expect((await wire.take(2 + text.length)).toString('latin1')).toBe(
      `\x81${String.fromCharCode(text.length)}${text}`,
    )
    // A ping with "ts=1", masked with zeros; the pong says the same.
    wire.send('\x89\x84\0\0\0\0ts=1')
    expect((await wire.take(6)).toString('latin1')).toBe('\x8a\x04ts=1')
    wire.socket.destroy()
  })
})

describe('device-sdk-go v4', () => {
  test('learns of itself, and enables and disables its claim', async () => {
    const device = await printedDevice(project, { deviceClass: 'cls', tag: 'tag' })
    const wire = await openWire(server.httpUrl)
    const say = async (text: string) => {
      wire.send(play(text, device))
      const { status, body } = await takeReply(wire)
      return { status, body: JSON.parse(body) }
    }
    expect(await say(RECORDED.goInfo)).toMatchObject({
      status: 200,
      body: { id: device.id, projectId: project.number, deviceClass: 'cls', tag: 'tag' },
    })
    expect((await say(RECORDED.goEnable)).status).toBe(200)
    expect((await say(RECORDED.goDisable)).status).toBe(200)
    expect((await addDevice(server, ann.key, ann.home, device.claimCode)).status).toBe(403)
    expect((await say(RECORDED.goEnable)).status).toBe(200)
    expect((await addDevice(server, ann.key, ann.home, device.claimCode)).status).toBe(201)
    wire.socket.destroy()
  })

  test('provisions itself with a token', async () => {
    const space = await projectWith(server, { provisioning: 'on-demand' })
    const user = await modeUser(server, space)
    const { id: home } = await modeHome(server, user)
    const path = `/homes/${home}/deviceProvisioning`
    const begun = await send(server.httpUrl, 'POST', path, {
      key: user.key,
      body: { deviceClass: 'cls' },
    })
    const wire = await openWire(server.httpUrl)
    const { token } = begun.body
    const text = play(RECORDED.goProvision, { id: 9, key: '' }).replace('TOKEN', token)
    wire.send(text.replace('Content-Length: 53', `Content-Length: ${token.length + 12}`))
    const { status, body } = await takeReply(wire)
    expect(status).toBe(201)
    // It reads these two: research 1.5.
    expect(JSON.parse(body)).toMatchObject({ id: expect.any(Number), apiKey: expect.any(String) })
    wire.socket.destroy()
  })

  test('connects, and subscribes to both topics in one packet', async () => {
    const device = await ownedDevice(server, project, ann)
    const socket = connect(Number(new URL(server.mqttUrl).port), '127.0.0.1')
    const came: Buffer[] = []
    const next = () =>
      new Promise<Buffer>((resolve) => socket.once('data', (part) => resolve(part as Buffer)))
    const text = (value: string) => {
      const bytes = Buffer.from(value)
      return Buffer.concat([Buffer.from([0, bytes.length]), bytes])
    }
    // 10 14 0004 "MQTT" 04 c2 0000 0000 0001 "9" 0003 "KEY"
    const head = Buffer.from('00044d51545404c200000000', 'hex')
    const connectBody = Buffer.concat([head, text(String(device.id)), text(device.key)])
    socket.write(Buffer.concat([Buffer.from([0x10, connectBody.length]), connectBody]))
    expect((await next()).toString('hex')).toBe('20020000')
    // 82 27 0001 0012 "/devices/9/command" 00 000d "/devices/9/kv" 00
    const filters = ['command', 'kv'].map((name) =>
      Buffer.concat([text(`/devices/${device.id}/${name}`), Buffer.from([0])]),
    )
    const body = Buffer.concat([Buffer.from([0, 1]), ...filters])
    socket.write(Buffer.concat([Buffer.from([0x82, body.length]), body]))
    came.push(await next())
    expect(Buffer.concat(came).subarray(0, 6).toString('hex')).toBe('900400010000')
    socket.destroy()
  })
})
