import { describe, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { api } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { eventually } from '../support/mail.ts'
import {
  type ModeProject,
  type ModeUser,
  modeHome,
  modeUser,
  projectKey,
  send,
} from '../support/mode.ts'
import {
  connectMode,
  openSocket,
  ownedDevice,
  printedDevice,
  projectWith,
} from '../support/mode-devices.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

let server: TestServer
let project: ModeProject
let ann: ModeUser & { home: number }

const put = (path: string, key: string, body: unknown) =>
  send(server.httpUrl, 'PUT', path, { key, body })
const refusal = (promise: Promise<unknown>): Promise<number> =>
  promise.then(
    () => 0,
    (error: { code?: number }) => error.code ?? -1,
  )

onEachStore(
  async (ready) => {
    server = ready
    project = await projectWith(ready)
    const user = await modeUser(ready, project)
    ann = { ...user, home: (await modeHome(ready, user)).id }
  },
  () => {
    describe.each([4, 5] as const)('with MQTT level %d', (protocolVersion) => {
      const connect = (device: { id: number; key: string }, topics: readonly string[] = []) =>
        connectMode(server, device, topics, { protocolVersion })

      test('a device connects with its number and its key, and with nothing else', async () => {
        const [device, other] = [await printedDevice(project), await printedDevice(project)]
        const bad = protocolVersion === 5 ? 0x86 : 4
        expect(await refusal(connect({ ...device, key: other.key }))).toBe(bad)
        expect(await refusal(connect({ ...device, key: 'x'.repeat(43) }))).toBe(bad)
        expect(await refusal(connect({ ...device, key: 'short' }))).toBe(bad)
        expect(await refusal(connect({ ...device, id: other.id }))).toBe(bad)
        await (await connect(device)).end()
      })

      test('a device hears its own commands, as they were sent', async () => {
        const device = await ownedDevice(server, project, ann)
        const topic = `/devices/${device.id}/command`
        const connected = await connect(device, [topic])
        // The example of seed 003, Send Command.
        const command = { action: 'sprinkler-on', parameters: { zone: 2, duration: 120 } }
        const sent = await put(`/devices/${device.id}/command`, ann.key, command)
        expect([sent.status, sent.text]).toEqual([204, ''])
        expect(await connected.next(topic)).toEqual(command)
        expect(
          (await put(`/devices/${device.id}/command`, ann.key, { action: 'off' })).status,
        ).toBe(204)
        expect(await connected.next(topic)).toEqual({ action: 'off' })
        await connected.end()
      })

      test('no other device’s topics are granted, and nothing is said on them', async () => {
        const [device, other] = [
          await ownedDevice(server, project, ann),
          await ownedDevice(server, project, ann),
        ]
        const connected = await connect(device)
        const denied = protocolVersion === 5 ? 0x87 : 128
        for (const filter of [
          `/devices/${other.id}/command`,
          `/devices/0${device.id}/command`,
          `/devices/${device.id}/event`,
          `/devices/${device.id}/bulkData/x`,
          `devices/${device.id}/command`,
          '/devices/+/command',
          `/devices/${device.id}/+`,
          `/devices/${device.id}/#`,
          '#',
        ]) {
          const granted = await new Promise((resolve) => {
            connected.client.subscribe(filter, { qos: 0 }, (_error, _grants, packet) =>
              resolve(packet?.granted[0]),
            )
          })
          expect([filter, granted]).toEqual([filter, denied])
        }
        const events = await openSocket(server, `/userSession/websocket?authToken=${ann.key}`)
        const say = connected.publish(`/devices/${other.id}/event`, {
          eventType: 'forged',
          eventData: {},
        })
        if (protocolVersion === 5) await expect(say).rejects.toMatchObject({ code: 0x87 })
        else await say
        await connected.publish(`/devices/${device.id}/event`, { eventType: 'own', eventData: {} })
        expect(await events.next()).toMatchObject({ eventType: 'own', originDeviceId: device.id })
        await events.close()
        await connected.end()
      })
    })

    test('an event is told to the members of the home, whatever else stands in it', async () => {
      const device = await ownedDevice(server, project, ann, { deviceClass: 'sprinkler' })
      const events = await openSocket(server, '/userSession/websocket', ann.key)
      const connected = await connectMode(server, device)
      expect(await events.next()).toMatchObject({
        eventType: '_deviceConnected_',
        homeId: ann.home,
        originDeviceId: device.id,
      })
      const topic = `/devices/${device.id}/event`
      // device-sdk-go v3 leaks `Qos`, v4 leaves `eventData` out.
      await connected.publish(topic, { eventType: 'a', eventData: { x: 1 }, Qos: 1 })
      expect(await events.next()).toEqual({
        homeId: ann.home,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        eventType: 'a',
        eventData: { x: 1 },
        originDeviceId: device.id,
        originDeviceClass: 'sprinkler',
      })
      await connected.publish(topic, { eventType: 'b' })
      expect(await events.next()).toMatchObject({ eventType: 'b', eventData: {} })
      for (const bad of [
        '{',
        '[]',
        { eventType: '' },
        { eventType: 1 },
        { eventType: 'c', eventData: [] },
      ])
        await connected.publish(topic, bad)
      await connected.publish(topic, { eventType: 'last', eventData: {} })
      expect(await events.next()).toMatchObject({ eventType: 'last' })
      await connected.end()
      expect(await events.next()).toMatchObject({ eventType: '_deviceDisconnected_' })
      await events.close()
    })

    test('an event of a device in no home is acknowledged and dropped', async () => {
      const device = await printedDevice(project)
      const connected = await connectMode(server, device)
      await connected.publish(`/devices/${device.id}/event`, { eventType: 'a', eventData: {} })
      const seen = await project.maker.get(`/latchkey/v1/devices/${device.uuid}/events`)
      expect(seen.text).not.toContain('eventType')
      await connected.end()
    })

    test('a device that is not connected is offline, and the command waits nowhere', async () => {
      const device = await ownedDevice(server, project, ann)
      const offline = { status: 403, body: { reason: 'DEVICE_OFFLINE' } }
      const topic = `/devices/${device.id}/command`
      expect(await put(topic, ann.key, { action: 'x' })).toMatchObject(offline)
      const deaf = await connectMode(server, device)
      expect(await put(topic, ann.key, { action: 'x' })).toMatchObject(offline)
      await deaf.end()
      const connected = await connectMode(server, device, [topic])
      expect((await put(topic, ann.key, { action: 'later' })).status).toBe(204)
      expect(await connected.next(topic)).toEqual({ action: 'later' })
      await connected.end()
    })

    test('what was given natively while it was away comes once, when it listens', async () => {
      const device = await ownedDevice(server, project, ann)
      const native = `/latchkey/v1/devices/${device.uuid}/commands`
      const given = await project.maker.post(native, { action: 'blink' })
      expect(given.status).toBe(202)
      const topic = `/devices/${device.id}/command`
      const connected = await connectMode(server, device, [topic])
      expect(await connected.next(topic)).toEqual({ action: 'blink' })
      await eventually(
        async () => (await project.maker.get(`${native}/${given.body.id}`)).body.state === 'sent',
      )
      await connected.end()
      const again = await connectMode(server, device, [topic])
      await put(topic, ann.key, { action: 'next' })
      expect(await again.next(topic)).toEqual({ action: 'next' })
      await again.end()
    })

    test('a project key commands where it may', async () => {
      const device = await ownedDevice(server, project, ann)
      const topic = `/devices/${device.id}/command`
      const connected = await connectMode(server, device, [topic])
      const [may, mayNot] = [
        await projectKey(project, ['send-commands']),
        await projectKey(project, ['send-events']),
      ]
      expect((await put(topic, mayNot, { action: 'x' })).body).toEqual({
        reason: 'PERMISSION_DENIED',
      })
      expect((await put(topic, may, { action: 'y' })).status).toBe(204)
      expect(await connected.next(topic)).toEqual({ action: 'y' })
      for (const [body, reason] of [
        [{}, 'MISSING_PARAMETERS'],
        [{ action: '' }, 'MISSING_PARAMETERS'],
        [{ action: 1 }, 'INVALID_PARAMETER'],
        [{ action: 'x', parameters: [] }, 'INVALID_PARAMETER'],
        [[], 'INVALID_PARAMETER'],
        ['x', 'INVALID_PARAMETER'],
      ] as const)
        expect(await put(topic, ann.key, body)).toMatchObject({ status: 403, body: { reason } })
      await connected.end()
    })

    describe('key-values of a device', () => {
      test('come whole when it listens, then every change with a higher revision', async () => {
        const device = await ownedDevice(server, project, ann)
        const topic = `/devices/${device.id}/kv`
        await put(`${topic}/color`, ann.key, { value: 'red' })
        const connected = await connectMode(server, device, [topic])
        const first = await connected.next(topic)
        expect(first).toEqual({
          action: 'reload',
          rev: expect.any(Number),
          numItems: 1,
          items: [{ key: 'color', value: 'red', modificationTime: expect.any(String) }],
        })
        let rev = first.rev
        const next = async () => {
          const said = await connected.next(topic)
          expect(said.rev).toBeGreaterThan(rev)
          rev = said.rev
          const { rev: _, ...rest } = said
          return rest
        }
        await put(`${topic}/color`, ann.key, { value: { r: 1 } })
        expect(await next()).toEqual({ action: 'set', key: 'color', value: { r: 1 } })
        await put(`${topic}/mode`, ann.key, { value: [false] })
        expect(await next()).toEqual({ action: 'set', key: 'mode', value: [false] })
        await send(server.httpUrl, 'DELETE', `${topic}/color`, { key: ann.key })
        expect(await next()).toEqual({ action: 'delete', key: 'color' })
        await connected.end()
      })

      // device-sdk-go v2 and v3 send the zero members too; it learns of its own changes as of all others.
      test('are pushed by the device, and told back to it and to the members', async () => {
        const device = await ownedDevice(server, project, ann)
        const topic = `/devices/${device.id}/kv`
        const connected = await connectMode(server, device, [topic])
        expect(await connected.next(topic)).toMatchObject({
          action: 'reload',
          numItems: 0,
          items: [],
        })
        const events = await openSocket(server, `/userSession/websocket?authToken=${ann.key}`)
        const zero = { rev: 0, numItems: 0, items: null }
        await connected.publish(topic, { action: 'set', key: 'a', value: 7, ...zero })
        expect(await connected.next(topic)).toMatchObject({ action: 'set', key: 'a', value: 7 })
        expect(await events.next()).toMatchObject({
          eventType: '_deviceKVSaved_',
          eventData: { key: 'a', value: 7 },
          originDeviceId: device.id,
        })
        const read = await send(server.httpUrl, 'GET', `${topic}/a`, { key: ann.key })
        expect(read.body).toMatchObject({ key: 'a', value: 7 })
        await connected.publish(topic, { action: 'delete', key: 'a', value: null, ...zero })
        expect(await connected.next(topic)).toMatchObject({ action: 'delete', key: 'a' })
        expect(await events.next()).toMatchObject({ eventType: '_deviceKVDeleted_' })
        for (const bad of [
          '{',
          { action: 'reload' },
          { action: 'set', key: 'a' },
          { action: 'set', key: '_a', value: 1 },
        ])
          await connected.publish(topic, bad)
        await connected.publish(topic, { action: 'set', key: 'b', value: false })
        expect(await connected.next(topic)).toMatchObject({ action: 'set', key: 'b', value: false })
        await events.close()
        await connected.end()
      })

      test('are gone for the next owner, and the device is told', async () => {
        const device = await ownedDevice(server, project, ann)
        const topic = `/devices/${device.id}/kv`
        await put(`${topic}/color`, ann.key, { value: 'red' })
        const connected = await connectMode(server, device, [topic])
        expect(await connected.next(topic)).toMatchObject({ numItems: 1 })
        await send(server.httpUrl, 'DELETE', `/devices/${device.id}`, { key: ann.key })
        expect(await connected.next(topic)).toMatchObject({ action: 'reload', items: [] })
        await connected.end()
      })
    })

    // device-sdk-go v2 reads the SUBACK as the very next packet: research 1.6.
    test('nothing comes before the SUBACK', async () => {
      const device = await ownedDevice(server, project, ann)
      await put(`/devices/${device.id}/kv/a`, ann.key, { value: 1 })
      await project.maker.post(`/latchkey/v1/devices/${device.uuid}/commands`, { action: 'blink' })
      const first = await new Promise<string>((resolve, reject) => {
        void connectMode(server, device).then(({ client }) => {
          const order: string[] = []
          client.on('packetreceive', ({ cmd }) => {
            order.push(cmd)
            if (order.length === 3) resolve(order.join(' '))
          })
          client.on('error', reject)
          client.subscribe([`/devices/${device.id}/kv`, `/devices/${device.id}/command`])
        })
      })
      expect(first).toBe('suback publish publish')
    })

    test('MQTT over WebSocket at / needs no subprotocol, as device-sdk-go v4 offers none', async () => {
      const device = await printedDevice(project)
      const socket = new WebSocket(`${server.httpUrl.replace('http', 'ws')}/`)
      const connack = new Promise<Buffer>((resolve, reject) => {
        socket.once('message', (data) => resolve(data as Buffer))
        socket.once('error', reject)
      })
      await new Promise((resolve) => socket.once('open', resolve))
      const text = (value: string) => {
        const bytes = Buffer.from(value)
        return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
      }
      const rest = Buffer.concat([
        text('MQTT'),
        // Level 4; user name, password, clean session; keep-alive 0: research 1.6.
        Buffer.from([4, 0b11000010, 0, 0]),
        text(''),
        text(String(device.id)),
        text(device.key),
      ])
      socket.send(Buffer.concat([Buffer.from([0x10, rest.length]), rest]))
      expect([...(await connack)]).toEqual([0x20, 2, 0, 0])
      socket.terminate()
    })

    test('a deleted on-demand device is cut off', async () => {
      const space = await projectWith(server, { provisioning: 'on-demand' })
      const user = await modeUser(server, space)
      const { id: home } = await modeHome(server, user)
      const begun = await send(server.httpUrl, 'POST', `/homes/${home}/deviceProvisioning`, {
        key: user.key,
        body: { deviceClass: 'cls' },
      })
      const made = await api(server.httpUrl).post('/devices', { token: begun.body.token })
      const device = { id: made.body.id, key: made.body.apiKey }
      const [connected, socket] = [
        await connectMode(server, device),
        await openSocket(server, `/devices/${device.id}/command`, device.key),
      ]
      await send(server.httpUrl, 'DELETE', `/devices/${device.id}`, { key: user.key })
      await Promise.all([connected.closed, socket.closed])
      expect(await refusal(connectMode(server, device))).toBe(4)
      expect(await refusal(connectDevice(server.mqttUrl, device.key))).toBe(5)
    })
  },
)
