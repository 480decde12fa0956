import { describe, expect, test } from '@jest/globals'
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

const resident = async (space = project): Promise<ModeUser & { home: number }> => {
  const user = await modeUser(server, space)
  return { ...user, home: (await modeHome(server, user)).id }
}
const put = (path: string, key: string, body: unknown) =>
  send(server.httpUrl, 'PUT', path, { key, body })
const get = async (path: string, key: string) =>
  (await send(server.httpUrl, 'GET', path, { key })).body
/** The status with which a WebSocket is refused. */
const refused = (path: string, key?: string): Promise<string> =>
  openSocket(server, path, key).then(
    () => 'open',
    (error: Error) => error.message,
  )

onEachStore(
  async (ready) => {
    server = ready
    project = await projectWith(ready)
    ann = await resident()
  },
  () => {
    describe('a device’s WebSocket', () => {
      test.each([
        ['a header', (id: number, key: string) => [`/devices/${id}/command`, key]],
        ['a query', (id: number, key: string) => [`/devices/${id}/command?authToken=${key}`]],
      ] as const)('with its key in %s hears commands and counts as connected', async (_, where) => {
        const device = await ownedDevice(server, project, ann)
        const [path, key] = where(device.id, device.key)
        expect((await get(`/devices/${device.id}`, ann.key)).isConnected).toBe(false)
        const socket = await openSocket(server, path as string, key)
        const seen = await get(`/devices/${device.id}`, ann.key)
        expect(seen).toMatchObject({ isConnected: true, lastConnectTime: expect.any(String) })
        const command = { action: 'sprinkler-on', parameters: { zone: 2 } }
        expect((await put(`/devices/${device.id}/command`, ann.key, command)).status).toBe(204)
        expect(await socket.next()).toEqual(command)
        await socket.close()
        await eventually(async () => !(await get(`/devices/${device.id}`, ann.key)).isConnected)
        expect((await get(`/devices/${device.id}`, ann.key)).lastDisconnectTime).toBeDefined()
        expect((await put(`/devices/${device.id}/command`, ann.key, command)).body).toEqual({
          reason: 'DEVICE_OFFLINE',
        })
      })

      test('and its MQTT connection both get a command; it is connected until both are gone', async () => {
        const device = await ownedDevice(server, project, ann)
        const path = `/devices/${device.id}/command`
        const events = await openSocket(server, '/userSession/websocket', ann.key)
        const socket = await openSocket(server, path, device.key)
        expect(await events.next()).toMatchObject({ eventType: '_deviceConnected_' })
        const connected = await connectMode(server, device, [path])
        expect((await put(path, ann.key, { action: 'both' })).status).toBe(204)
        expect(await socket.next()).toEqual({ action: 'both' })
        expect(await connected.next(path)).toEqual({ action: 'both' })
        await connected.end()
        expect((await put(path, ann.key, { action: 'one' })).status).toBe(204)
        expect(await socket.next()).toEqual({ action: 'one' })
        await socket.close()
        expect(await events.next()).toMatchObject({ eventType: '_deviceDisconnected_' })
        await events.close()
      })

      test('is one: the newest', async () => {
        const device = await ownedDevice(server, project, ann)
        const path = `/devices/${device.id}/command`
        const first = await openSocket(server, path, device.key)
        const second = await openSocket(server, path, device.key)
        expect(await first.closed).toBe(1008)
        await put(path, ann.key, { action: 'x' })
        expect(await second.next()).toEqual({ action: 'x' })
        await second.close()
      })

      test('is for that device alone', async () => {
        const [device, other] = [await printedDevice(project), await printedDevice(project)]
        const path = `/devices/${device.id}/command`
        expect(await refused(path)).toBe('401')
        expect(await refused(path, 'x'.repeat(43))).toBe('401')
        expect(await refused(`${path}?authToken=x`)).toBe('401')
        expect(await refused(path, other.key)).toBe('404')
        expect(await refused('/devices/abc/command', device.key)).toBe('404')
        expect(await refused(path, ann.key)).toBe('403')
        expect(await refused(path, await projectKey(project))).toBe('403')
      })

      test('hears nothing more of a former owner', async () => {
        const device = await ownedDevice(server, project, ann)
        const path = `/devices/${device.id}/command`
        const socket = await openSocket(server, path, device.key)
        await send(server.httpUrl, 'DELETE', `/devices/${device.id}`, { key: ann.key })
        expect((await put(path, ann.key, { action: 'late' })).status).toBe(404)
        await expect(socket.next(200)).rejects.toThrow('nothing came')
        await socket.close()
      })
    })

    test('what is no WebSocket is refused', async () => {
      const device = await printedDevice(project)
      const plain = (path: string, key?: string) => send(server.httpUrl, 'GET', path, { key })
      expect((await plain(`/devices/${device.id}/command`, device.key)).status).toBe(403)
      expect((await plain(`/devices/${device.id}/command`)).status).toBe(401)
      expect((await plain('/userSession/websocket', ann.key)).status).toBe(403)
      expect((await plain('/userSession/websocket')).status).toBe(401)
    })

    describe('a user’s WebSocket', () => {
      const EVENTS = '/userSession/websocket'

      test('tells events that devices and programs of the maker send to his homes', async () => {
        const device = await ownedDevice(server, project, ann)
        const socket = await openSocket(server, `${EVENTS}?authToken=${ann.key}`)
        // The example of seed 003, Send Device Event.
        const event = {
          eventType: 'sprinkler-status',
          eventData: { zones: [0, 0, 0, 0, 0, 0, 0, 1], serial: 12, timestamp: 1402313424 },
        }
        const sent = await put(`/devices/${device.id}/event`, device.key, event)
        expect([sent.status, sent.text]).toEqual([204, ''])
        const timestamp = expect.any(String)
        expect(await socket.next()).toEqual({
          ...{ homeId: ann.home, timestamp, ...event, originDeviceId: device.id },
        })
        const key = await projectKey(project, ['send-events'])
        expect((await put(`/homes/${ann.home}/event`, key, event)).status).toBe(204)
        expect(await socket.next()).toEqual({
          ...{ homeId: ann.home, timestamp, ...event, originProjectKeyName: 'backend' },
        })
        await put(`/homes/${ann.home}/kv/color`, ann.key, { value: 'red' })
        expect(await socket.next()).toMatchObject({
          ...{ eventType: '_keyValueSaved_', eventData: { key: 'color', value: 'red' } },
        })
        await send(server.httpUrl, 'DELETE', `/homes/${ann.home}/kv/color`, { key: ann.key })
        expect(await socket.next()).toMatchObject({ eventType: '_keyValueDeleted_' })
        await socket.close()
      })

      test('tells nothing of other homes', async () => {
        const bob = await resident()
        const socket = await openSocket(server, EVENTS, bob.key)
        const [hers, his] = [
          await ownedDevice(server, project, ann),
          await ownedDevice(server, project, bob),
        ]
        const event = (name: string) => ({ eventType: name, eventData: {} })
        await put(`/devices/${hers.id}/event`, hers.key, event('hers'))
        await put(`/devices/${his.id}/event`, his.key, event('his'))
        expect(await socket.next()).toMatchObject({ eventType: 'his', homeId: bob.home })
        await socket.close()
      })

      test('ends with the session within a second', async () => {
        const bob = await resident()
        const socket = await openSocket(server, EVENTS, bob.key)
        await send(server.httpUrl, 'DELETE', '/userSession', { key: bob.key })
        const device = await ownedDevice(server, project, ann)
        await put(`/devices/${device.id}/event`, device.key, { eventType: 'x', eventData: {} })
        expect(await socket.closed).toBe(1008)
        expect(await refused(EVENTS, bob.key)).toBe('401')
      })

      test('tells nothing of a home any more that he is no member of', async () => {
        const [bob, cid] = [await resident(), await resident()]
        const path = `/homes/${bob.home}/members`
        const body = { email: cid.email }
        await send(server.httpUrl, 'POST', path, { key: bob.key, body })
        const device = await ownedDevice(server, project, bob)
        const socket = await openSocket(server, EVENTS, cid.key)
        const say = (eventType: string) =>
          put(`/devices/${device.id}/event`, device.key, { eventType, eventData: {} })
        await say('before')
        expect(await socket.next()).toMatchObject({ eventType: 'before' })
        await send(server.httpUrl, 'DELETE', `${path}/${cid.id}`, { key: bob.key })
        const told = async () => {
          await say('after')
          return socket.next(150).then(
            () => false,
            () => true,
          )
        }
        await eventually(told)
        await expect(told()).resolves.toBe(true)
        await socket.close()
      })

      test('is for users alone, and not for those of a project’s own', async () => {
        const device = await printedDevice(project)
        expect(await refused(EVENTS)).toBe('401')
        expect(await refused(`${EVENTS}?authToken=x`)).toBe('401')
        expect(await refused(EVENTS, device.key)).toBe('403')
        expect(await refused(EVENTS, await projectKey(project))).toBe('403')
        const own = await projectWith(server, { accounts: 'byou' })
        const key = await projectKey(own, ['byou'])
        const { body } = await send(server.httpUrl, 'POST', '/users', {
          key,
          body: { projectId: own.number },
        })
        const signedIn = await send(server.httpUrl, 'POST', '/auth/user', {
          key,
          body: { projectId: own.number, userId: body.id },
        })
        expect(await refused(EVENTS, signedIn.body.token)).toBe('403')
      })
    })

    test('an event over HTTP is refused in the platform’s words', async () => {
      const [device, free] = [await ownedDevice(server, project, ann), await printedDevice(project)]
      const say = (key: string, body: unknown, id = device.id) =>
        put(`/devices/${id}/event`, key, body)
      const right = { eventType: 'x', eventData: {} }
      expect(await say(free.key, right, free.id)).toMatchObject({
        ...{ status: 403, body: { reason: 'PERMISSION_DENIED' } },
      })
      expect((await say(free.key, right)).status).toBe(404)
      expect((await say(ann.key, right)).status).toBe(403)
      for (const [body, reason] of [
        [{}, 'MISSING_PARAMETERS'],
        [{ eventData: {} }, 'MISSING_PARAMETERS'],
        [{ ...right, eventType: 7 }, 'INVALID_PARAMETER'],
        [{ ...right, eventType: 'x'.repeat(256) }, 'INVALID_PARAMETER'],
        [{ ...right, eventData: [] }, 'INVALID_PARAMETER'],
        [{ ...right, eventData: 'x' }, 'INVALID_PARAMETER'],
        [{ ...right, eventData: { x: 'x'.repeat(70_000) } }, 'INVALID_PARAMETER'],
      ] as const)
        expect(await say(device.key, body)).toMatchObject({ status: 403, body: { reason } })
      const stranger = await projectKey(await projectWith(server), ['send-events'])
      expect((await put(`/homes/${ann.home}/event`, stranger, right)).status).toBe(404)
      expect((await put(`/homes/${ann.home}/event`, ann.key, right)).status).toBe(403)
    })
  },
)
