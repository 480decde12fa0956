import { describe, expect, test } from '@jest/globals'
import {
  APP,
  type ModeProject,
  type ModeUser,
  messagesTo,
  modeDevice,
  modeHome,
  modeProject,
  modeUser,
  PASSWORD,
  projectKey,
  send,
} from '../support/mode.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}

/** Everything that a row of the reference can speak of. */
type World = {
  readonly project: ModeProject
  readonly user: ModeUser
  readonly stranger: ModeUser
  readonly home: number
  readonly device: { readonly id: number; readonly key: string }
  readonly other: { readonly id: number; readonly key: string }
  readonly bareKey: string
  readonly grantedKey: string
  readonly foreignKey: string
}

const newWorld = async (): Promise<World> => {
  const project = await modeProject(server)
  const [user, stranger] = [await modeUser(server, project), await modeUser(server, project)]
  const { id: home } = await modeHome(server, user)
  const device = await modeDevice(project, { user, home })
  await send(server.httpUrl, 'PUT', `/homes/${home}/kv/color`, {
    key: user.key,
    body: { value: 1 },
  })
  const path = `/devices/${device.id}/kv/color`
  await send(server.httpUrl, 'PUT', path, { key: user.key, body: { value: 1 } })
  return {
    ...{ project, user, stranger, home, device },
    other: await modeDevice(project),
    bareKey: await projectKey(project, []),
    grantedKey: await projectKey(project, ['send-commands', 'send-events', 'write-kv', 'byou']),
    foreignKey: await projectKey(await modeProject(server), ['write-kv']),
  }
}

onEachStore(ready, () => {
  describe('what a path names', () => {
    test('a device’s key-values are for it, its owners and project keys', async () => {
      const world = await newWorld()
      const { user, stranger, device, other, bareKey, grantedKey, foreignKey } = world
      const all = `/devices/${device.id}/kv`
      const one = `${all}/color`
      const callers = [
        // Research 1.7: its key-values have the rights of those of a home, and the device is let in.
        [user.key, 200, 200, 204],
        [device.key, 200, 200, 204],
        [grantedKey, 200, 200, 204],
        [bareKey, 200, 200, 403],
        [stranger.key, 403, 404, 404],
        [other.key, 403, 404, 404],
        [foreignKey, 403, 404, 404],
        [undefined, 401, 401, 401],
      ] as const
      for (const [key, listed, got, changed] of callers) {
        const ask = async (method: string, path: string, body?: unknown) =>
          (await send(server.httpUrl, method, path, { key, ...(body ? { body } : {}) })).status
        expect([await ask('GET', all), await ask('GET', one)]).toEqual([listed, got])
        expect(await ask('PUT', one, { value: 1 })).toBe(changed)
        expect(await ask('DELETE', one)).toBe(changed)
        await send(server.httpUrl, 'PUT', one, { key: user.key, body: { value: 1 } })
      }
    })

    test('what is not there and what is somebody else’s look the same', async () => {
      const { stranger, home, user, device } = await newWorld()
      const pairs = [
        [`/homes/${home}`, '/homes/99999'],
        [`/homes/${home}/members`, '/homes/99999/members'],
        [`/homes/${home}/kv`, '/homes/99999/kv'],
        [`/homes/${home}/kv/color`, '/homes/99999/kv/color'],
        [`/users/${user.id}`, '/users/99999'],
        [`/devices/${device.id}/kv`, '/devices/99999/kv'],
        [`/homes?userId=${user.id}`, '/homes?userId=99999'],
      ]
      for (const [theirs = '', nobodys = ''] of pairs) {
        const [one, other] = [
          await send(server.httpUrl, 'GET', theirs, { key: stranger.key }),
          await send(server.httpUrl, 'GET', nobodys, { key: stranger.key }),
        ]
        expect([theirs, one.status, one.text]).toEqual([theirs, other.status, other.text])
      }
    })

    test.each(['0', '-1', '1e3', 'abc', '%00', '99999999999999999999', '1.5', '%20', 'null'])(
      'a home numbered %j is not there',
      async (number) => {
        const { user } = await newWorld()
        const reply = await send(server.httpUrl, 'GET', `/homes/${number}`, { key: user.key })
        expect([reply.status, reply.body]).toEqual([404, { reason: 'NOT_FOUND' }])
      },
    )
  })

  describe('who one is', () => {
    test('is said of every key, and a wrong one is nobody’s', async () => {
      const { user, device, bareKey, project } = await newWorld()
      const who = async (key?: string) => {
        const reply = await send(server.httpUrl, 'GET', '/auth', { key })
        expect(reply.status).toBe(200)
        return reply.body
      }
      const projectId = project.number
      expect(await who(user.key)).toEqual({ type: 'user', userId: user.id, appId: APP, projectId })
      expect(await who(device.key)).toEqual({ type: 'device', deviceId: device.id, projectId })
      expect(await who(bareKey)).toEqual({
        ...{ type: 'project key', projectKeyName: 'backend', projectId },
      })
      expect(await who()).toEqual({ type: 'nobody' })
      expect(await who('nonsense')).toEqual({ type: 'nobody' })
    })
  })

  describe('a user session', () => {
    test('tells of itself, and ends alone', async () => {
      const { user, project } = await newWorld()
      const body = {
        projectId: project.number,
        appId: 'other',
        email: user.email,
        password: PASSWORD,
      }
      const other = await send(server.httpUrl, 'POST', '/auth/user', { body })
      const seen = await send(server.httpUrl, 'GET', '/userSession', { key: user.key })
      expect([seen.status, seen.body]).toEqual([
        200,
        {
          userId: user.id,
          appId: APP,
          projectId: project.number,
          creationTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        },
      ])
      // appapi sends a body with it: research/mode_thethings_thingful.md 1.9.
      const ended = await send(server.httpUrl, 'DELETE', '/userSession', {
        key: user.key,
        body: {},
      })
      expect([ended.status, ended.text]).toEqual([204, ''])
      expect((await send(server.httpUrl, 'GET', '/userSession', { key: user.key })).status).toBe(
        401,
      )
      const key = other.body.token
      expect((await send(server.httpUrl, 'GET', '/userSession', { key })).status).toBe(200)
    })
  })

  test('a letter is written to whoever is invited', async () => {
    const { user, home } = await newWorld()
    const email = `guest-${home}@example.com`
    await send(server.httpUrl, 'POST', `/homes/${home}/members`, { key: user.key, body: { email } })
    expect(await messagesTo(server, 'mail', email)).toMatchObject([{ kind: 'member-invite' }])
  })
})
