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

/** What the reference says of the Authorization header. */
type Header =
  | 'matching user'
  | 'user'
  | 'user or project'
  | 'writing user or project'
  | 'commanding user or project'
  | 'project that sends events'
  | 'matching device'
  | 'holder'

/** A row of seed 003: its endpoint, whose key it takes, its success, and whether it has a 404. */
type Row = {
  readonly method: string
  readonly path: (world: World) => string
  readonly header: Header
  readonly ok: number
  readonly has404: boolean
  readonly body?: (world: World) => unknown
}

const home = (rest: string) => (world: World) => `/homes/${world.home}${rest}`
const device = (rest: string) => (world: World) => `/devices/${world.device.id}${rest}`
const self = (world: World) => `/users/${world.user.id}`
const member = (world: World) => `/homes/${world.home}/members/${world.user.id}`

const ROWS: readonly Row[] = [
  { method: 'GET', path: self, header: 'matching user', ok: 200, has404: true },
  {
    method: 'PATCH',
    path: self,
    header: 'matching user',
    ok: 204,
    has404: true,
    body: () => ({ name: 'Ada' }),
  },
  { method: 'DELETE', path: self, header: 'matching user', ok: 204, has404: true },
  {
    method: 'GET',
    path: ({ user }) => `/homes?userId=${user.id}`,
    header: 'user or project',
    ok: 200,
    has404: false,
  },
  { method: 'GET', path: home(''), header: 'user or project', ok: 200, has404: true },
  {
    method: 'PATCH',
    path: home(''),
    header: 'user',
    ok: 204,
    has404: true,
    body: () => ({ name: 'New' }),
  },
  { method: 'DELETE', path: home(''), header: 'user', ok: 204, has404: true },
  { method: 'GET', path: home('/members'), header: 'user or project', ok: 200, has404: false },
  {
    method: 'POST',
    path: home('/members'),
    header: 'user',
    ok: 201,
    has404: false,
    body: () => ({ email: 'new.member@example.com' }),
  },
  { method: 'GET', path: member, header: 'user or project', ok: 200, has404: true },
  { method: 'GET', path: home('/smartModules'), header: 'user or project', ok: 200, has404: false },
  { method: 'GET', path: home('/kv'), header: 'user or project', ok: 200, has404: false },
  { method: 'GET', path: home('/kv/color'), header: 'user or project', ok: 200, has404: true },
  {
    method: 'DELETE',
    path: home('/kv/color'),
    header: 'writing user or project',
    ok: 204,
    has404: true,
  },
  {
    method: 'PUT',
    path: home('/kv/color'),
    header: 'writing user or project',
    ok: 204,
    has404: true,
    body: () => ({ value: { r: 1 } }),
  },
  {
    ...{ method: 'PUT', path: home('/event'), header: 'project that sends events' },
    ...{ ok: 204, has404: true, body: () => ({ eventType: 'x', eventData: {} }) },
  },
  // The project adds devices that were there before: nobody begins to provision one.
  {
    ...{ method: 'POST', path: home('/deviceProvisioning'), header: 'user' },
    ...{ ok: 403, has404: false, body: () => ({ deviceClass: 'cls' }) },
  },
  {
    ...{ method: 'GET', path: ({ home }) => `/devices?homeId=${home}` },
    ...{ header: 'user or project', ok: 200, has404: false },
  },
  { method: 'GET', path: device(''), header: 'holder', ok: 200, has404: true },
  {
    ...{ method: 'PATCH', path: device(''), header: 'user' },
    ...{ ok: 204, has404: true, body: () => ({ name: 'Lamp' }) },
  },
  { method: 'DELETE', path: device(''), header: 'user', ok: 204, has404: true },
  // It is offline.
  {
    ...{ method: 'PUT', path: device('/command'), header: 'commanding user or project' },
    ...{ ok: 403, has404: true, body: () => ({ action: 'x' }) },
  },
  // No WebSocket.
  { method: 'GET', path: device('/command'), header: 'matching device', ok: 403, has404: false },
  {
    ...{ method: 'PUT', path: device('/event'), header: 'matching device' },
    ...{ ok: 204, has404: true, body: () => ({ eventType: 'x', eventData: {} }) },
  },
  {
    ...{ method: 'POST', path: () => '/deviceRegistration', header: 'matching device' },
    ...{ ok: 200, has404: false },
    body: (world) => ({ deviceId: world.device.id, claimable: true }),
  },
  { method: 'GET', path: device('/kv'), header: 'holder', ok: 200, has404: false },
  { method: 'GET', path: device('/kv/color'), header: 'holder', ok: 200, has404: true },
]

/** Who calls, with which key, and what the reference says to it. */
const CALLERS: readonly (readonly [string, (world: World) => string | undefined])[] = [
  ['the user', ({ user }) => user.key],
  ['another user', ({ stranger }) => stranger.key],
  ['a project key without a grant', ({ bareKey }) => bareKey],
  ['a project key with all grants', ({ grantedKey }) => grantedKey],
  ['a key of another project', ({ foreignKey }) => foreignKey],
  ['the device', (world) => world.device.key],
  ['another device', ({ other }) => other.key],
  ['nobody', () => undefined],
  ['a key that is none', () => 'v1.bm9uZQ.bm9uZQ'],
]

const KEYED = new Set<Header>([
  'user or project',
  'writing user or project',
  'commanding user or project',
  'holder',
])
/** What a project key has to be allowed first; that of another project is not. */
const GRANTED = new Set<Header>(['commanding user or project', 'project that sends events'])
const DEVICES = new Set<Header>(['holder', 'matching device'])
/** Those that a user's key is of the wrong kind for. */
const NO_USERS = new Set<Header>(['matching device', 'project that sends events'])

const statusFor = ({ header, ok, has404 }: Row, caller: string): number => {
  const unseen = has404 ? 404 : 403
  switch (caller) {
    case 'the user':
      return NO_USERS.has(header) ? 403 : ok
    case 'another user':
      return NO_USERS.has(header) ? 403 : unseen
    case 'a project key without a grant':
      return header === 'user or project' || header === 'holder' ? ok : 403
    case 'a project key with all grants':
      return KEYED.has(header) || GRANTED.has(header) ? ok : 403
    case 'a key of another project':
      return KEYED.has(header) && !GRANTED.has(header) ? unseen : 403
    case 'the device':
      return DEVICES.has(header) ? ok : 403
    case 'another device':
      return DEVICES.has(header) ? unseen : 403
    default:
      return 401
  }
}

/** The endpoints as the reference spells them. */
const NAMES = {
  ...{ home: '{homeId}', user: { id: '{userId}' }, device: { id: '{deviceId}' } },
} as unknown as World

onEachStore(ready, () => {
  describe('every endpoint by everybody', () => {
    test.each(ROWS.map((row) => [`${row.method} ${row.path(NAMES)}`, row] as const))(
      '%s',
      async (_, row) => {
        const shared = await newWorld()
        for (const [name, keyOf] of CALLERS) {
          const expected = statusFor(row, name)
          // Who is let in may change something; who is not, nothing.
          const world = expected < 300 && row.method !== 'GET' ? await newWorld() : shared
          const reply = await send(server.httpUrl, row.method, row.path(world), {
            key: keyOf(world),
            ...(row.body === undefined ? {} : { body: row.body(world) }),
          })
          expect([name, reply.status]).toEqual([name, expected])
          if (expected === 401 || expected === 204) expect(reply.text).toBe('')
          if (expected === 403 || expected === 404)
            expect(reply.body).toEqual({ reason: expect.stringMatching(/^[A-Z_]+$/) })
        }
      },
    )

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
