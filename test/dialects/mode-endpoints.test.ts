import { randomInt, randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { ENDPOINTS } from '../../gateway/dialects/mode/endpoints.ts'
import {
  APP,
  type ModeProject,
  type ModeUser,
  messagesTo,
  modeHome,
  modeUser,
  PASSWORD,
  projectKey,
  send,
} from '../support/mode.ts'
import {
  enableClaim,
  openSocket,
  ownedDevice,
  type PrintedDevice,
  printedDevice,
  projectWith,
  type TestSocket,
} from '../support/mode-devices.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'
import { GRANT_OF, type Key, SEED, type SeedRow } from './mode-seed.ts'

let server: TestServer
const call = (method: string, path: string, key?: string, body?: unknown) =>
  send(server.httpUrl, method, path, { key, ...(body === undefined ? {} : { body }) })

type Space = 'pre' | 'on-demand' | 'byou' | 'phone'

/** Everything that an endpoint of one project can speak of. */
type World = {
  readonly project: ModeProject
  readonly user: ModeUser
  readonly stranger: ModeUser
  readonly home: number
  readonly device: PrintedDevice
  readonly other: PrintedDevice
  /** With claim mode and a code, in nobody's home. */
  readonly free: PrintedDevice
  readonly module: string
  readonly bareKey: string
  readonly grantedKey: string
  readonly foreignKey: string
  readonly foreignDevice: PrintedDevice
  /** What one endpoint alone needs. */
  readonly own: Map<string, string | number>
}

const GRANTS = ['send-commands', 'send-events', 'write-kv', 'byou']

const emailWorld = async (project: ModeProject): Promise<World> => {
  const elsewhere = await projectWith(server)
  const [user, stranger] = [await modeUser(server, project), await modeUser(server, project)]
  const { id: home } = await modeHome(server, user)
  const where = { key: user.key, home }
  const hook = { url: 'http://127.0.0.1:9/', project: project.id }
  const made = await project.maker.post('/latchkey/v1/webhooks', hook)
  return {
    ...{ project, user, stranger, home, own: new Map() },
    device: await ownedDevice(server, project, where),
    ...{ other: await printedDevice(project), free: await printedDevice(project) },
    module: made.body.id,
    bareKey: await projectKey(project, []),
    grantedKey: await projectKey(project, GRANTS),
    foreignKey: await projectKey(elsewhere, GRANTS),
    foreignDevice: await printedDevice(elsewhere),
  }
}

const worldOf = async (space: Space): Promise<World> => {
  const home = await emailWorld(
    await projectWith(server, { provisioning: space === 'on-demand' ? 'on-demand' : 'pre' }),
  )
  if (space === 'pre' || space === 'on-demand') return home
  const project = await projectWith(server, { accounts: space })
  const [bareKey, grantedKey] = [await projectKey(project, []), await projectKey(project, GRANTS)]
  return { ...home, project, bareKey, grantedKey }
}

/** How one endpoint is called. */
type How = {
  readonly space?: Space
  readonly path?: (world: World) => string
  readonly body?: (world: World) => unknown
  /** Before a call that has to succeed. */
  readonly ready?: (world: World, round: number) => Promise<unknown>
  /** It is about the caller himself, so that nothing of somebody else's is named. */
  readonly isOwn?: true
}

const setColor = ({ home, user }: World) =>
  call('PUT', `/homes/${home}/kv/color`, user.key, { value: 'red' })
const phone = () => `+1${randomInt(2_000_000_000, 9_999_999_999)}`
const sockets: TestSocket[] = []
const EVENT = { eventType: 'sprinkler-status', eventData: { serial: 12 } }

/** A letter's token, newly sent. */
const tokenBy = async (email: string, ask: () => Promise<unknown>): Promise<string> => {
  const before = (await messagesTo(server, 'mail', email, 0)).length
  await ask()
  const letters = await messagesTo(server, 'mail', email, before + 1)
  // Files of one moment have no order; the newest is the one that was not there.
  const tokens = letters.map(({ token }) => token ?? '')
  return tokens.find((token) => !seen.has(token)) ?? ''
}
const seen = new Set<string>()
const fresh = async (email: string, ask: () => Promise<unknown>): Promise<string> => {
  const token = await tokenBy(email, ask)
  seen.add(token)
  return token
}

const HOW: Readonly<Record<string, How>> = {
  'POST /users': {
    ...{ space: 'byou', isOwn: true, body: ({ project }) => ({ projectId: project.number }) },
  },
  'PATCH /users/{userId}': { body: () => ({ name: 'Ada' }) },
  'GET /homes': { path: ({ user }) => `/homes?userId=${user.id}` },
  'POST /homes': { isOwn: true, body: () => ({ name: 'My Home' }) },
  'PATCH /homes/{homeId}': { body: () => ({ name: 'My Home' }) },
  'POST /homes/{homeId}/members': { body: () => ({ email: `${randomUUID()}@example.com` }) },
  'DELETE /homes/{homeId}/members/{userId}': {
    path: ({ home, own }) => `/homes/${home}/members/${own.get('guest') ?? 1}`,
    ready: async ({ home, user, own }) => {
      const body = { email: `${randomUUID()}@example.com` }
      const added = await call('POST', `/homes/${home}/members`, user.key, body)
      own.set('guest', added.body.userId)
    },
  },
  'PUT /homes/{homeId}/event': { body: () => EVENT },
  'POST /homes/{homeId}/deviceProvisioning': {
    ...{ space: 'on-demand', body: () => ({ deviceClass: 'sprinkler' }) },
  },
  'GET /homes/{homeId}/kv/{key}': { ready: setColor },
  'DELETE /homes/{homeId}/kv/{key}': { ready: setColor },
  'PUT /homes/{homeId}/kv/{key}': { body: () => ({ value: { r: 1 } }) },
  'GET /devices': { path: ({ home }) => `/devices?homeId=${home}` },
  'POST /devices': {
    body: ({ home, free }) => ({ homeId: home, claimCode: free.claimCode }),
    ready: ({ free }) => enableClaim(server, free),
  },
  'PATCH /devices/{deviceId}': { body: () => ({ name: 'Lamp' }) },
  'PUT /devices/{deviceId}/command': {
    body: () => ({ action: 'sprinkler-on', parameters: { zone: 2 } }),
    ready: async ({ device, own }) => {
      if (own.has('socket')) return
      own.set('socket', sockets.length)
      sockets.push(await openSocket(server, `/devices/${device.id}/command`, device.key))
    },
  },
  'PUT /devices/{deviceId}/event': { body: () => EVENT },
  'POST /auth/user': {
    ...{ space: 'byou', isOwn: true },
    body: ({ project, own }) => ({ projectId: project.number, userId: own.get('user') ?? 1 }),
    ready: async ({ project, grantedKey, own }) => {
      const made = await call('POST', '/users', grantedKey, { projectId: project.number })
      own.set('user', made.body.id)
    },
  },
  'POST /auth/user/sms': {
    ...{ space: 'phone' },
    body: ({ project }) => ({ projectId: project.number, phoneNumber: phone() }),
  },
  'POST /auth/user/emailVerification': {
    body: ({ own }) => ({ token: own.get('token') }),
    ready: async ({ project, own }) => {
      const email = `${randomUUID()}@example.com`
      const body = { projectId: project.number, name: 'Ada', email, password: PASSWORD }
      own.set('token', await fresh(email, () => call('POST', '/users', undefined, body)))
    },
  },
  'POST /auth/user/emailVerification/start': {
    body: ({ project, user }) => ({ projectId: project.number, email: user.email }),
  },
  'POST /auth/user/passwordReset': {
    body: ({ own }) => ({ token: own.get('token'), newPassword: 'another-password' }),
    ready: async ({ project, own }) => {
      const { email } = await modeUser(server, project)
      const body = { projectId: project.number, email }
      const start = '/auth/user/passwordReset/start'
      own.set('token', await fresh(email, () => call('POST', start, undefined, body)))
    },
  },
  'POST /auth/user/passwordReset/start': {
    body: ({ project }) => ({ projectId: project.number, email: `${randomUUID()}@example.com` }),
  },
  'POST /deviceRegistration': {
    body: ({ device }) => ({ deviceId: device.id, claimable: true, duration: 300 }),
  },
  'GET /auth': { isOwn: true },
  'GET /userSession': { isOwn: true },
  'DELETE /userSession': { isOwn: true },
  'GET /userSession/websocket': { isOwn: true },
}

type Caller =
  | 'a stranger'
  | 'a project key without a grant'
  | 'a key of another project'
  | 'another device'
  | 'a device of another project'
  | 'nobody'
  | 'a key that is none'
  | 'the device'
  | 'a project key with all grants'
  | 'the user'

/** Those last who are let in most often, and may take something away with it. */
const CALLERS: readonly (readonly [Caller, (world: World) => string | undefined])[] = [
  ['a project key without a grant', ({ bareKey }) => bareKey],
  ['a key of another project', ({ foreignKey }) => foreignKey],
  ['another device', ({ other }) => other.key],
  ['a device of another project', ({ foreignDevice }) => foreignDevice.key],
  ['nobody', () => undefined],
  ['a key that is none', () => 'v1.bm9uZQ.bm9uZQ'],
  ['a stranger', ({ stranger }) => stranger.key],
  ['the device', ({ device }) => device.key],
  ['a project key with all grants', ({ grantedKey }) => grantedKey],
  ['the user', ({ user }) => user.key],
]

type Kind = 'user' | 'project' | 'device' | 'nobody'
const KIND: Readonly<Record<Caller, Kind>> = {
  'the user': 'user',
  'a stranger': 'user',
  'a project key with all grants': 'project',
  'a project key without a grant': 'project',
  'a key of another project': 'project',
  'the device': 'device',
  'another device': 'device',
  'a device of another project': 'device',
  nobody: 'nobody',
  'a key that is none': 'nobody',
}

const TAKES: Readonly<Record<Key, readonly Kind[]>> = {
  'the matching user': ['user'],
  'a user': ['user'],
  'a user, where the device is pre-provisioned': ['user'],
  'a user or project': ['user', 'project'],
  'a project with permission to send events': ['project'],
  'a project that may handle BYOU, in BYOU projects only': ['project'],
  'a project, user or device': ['project', 'user', 'device'],
  'the matching device': ['device'],
  any: ['user', 'project', 'device', 'nobody'],
  none: ['user', 'project', 'device', 'nobody'],
}

/** Who sees what is the user's: "does not exist or is not accessible". */
const SEES: ReadonlySet<Caller> = new Set([
  ...(['the user', 'the device', 'a project key with all grants'] as const),
  'a project key without a grant',
])

/** What the reference says to a caller. */
const statusFor = ([endpoint, key, codes]: SeedRow, caller: Caller): number => {
  const kind = KIND[caller]
  const [ok = 0] = codes
  if (!TAKES[key].includes(kind)) return kind === 'nobody' && codes.includes(401) ? 401 : 403
  if (key === 'none' || key === 'any') return ok
  if (key === 'a project that may handle BYOU, in BYOU projects only')
    return caller === 'a project key with all grants' ? ok : 403
  if (caller === 'a project key without a grant' && GRANT_OF[endpoint] !== undefined) return 403
  if (HOW[endpoint]?.isOwn || SEES.has(caller)) return ok
  return codes.includes(404) ? 404 : 403
}

const pathOf = (endpoint: string, world: World): string => {
  const [, template = ''] = endpoint.split(' ')
  const words: Readonly<Record<string, string | number>> = {
    ...{ userId: world.user.id, homeId: world.home, deviceId: world.device.id },
    ...{ moduleId: world.module, key: 'color' },
  }
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(words[name]))
}

type Answer = { readonly status: number; readonly text: string; readonly body: unknown }

/** Asks for a WebSocket as its rows want it. */
const dial = async (path: string, key: string | undefined): Promise<Answer> => {
  try {
    const socket = await openSocket(server, path, key)
    await socket.close()
    return { status: 101, text: '', body: undefined }
  } catch (refused) {
    return { status: Number((refused as Error).message), text: '', body: undefined }
  }
}

onEachStore(
  async (ready) => {
    server = ready
  },
  () => {
    describe('every endpoint of the reference by everybody', () => {
      test.each(SEED.map((row) => [row[0], row] as const))('%s', async (endpoint, row) => {
        const { space = 'pre', path, body, ready } = HOW[endpoint] ?? {}
        const [method = ''] = endpoint.split(' ')
        const world = await worldOf(space)
        const isSocket = row[2][0] === 101
        for (const [round, [caller, keyOf]] of CALLERS.entries()) {
          const expected = statusFor(row, caller)
          if (expected < 300) await ready?.(world, round)
          const where = path?.(world) ?? pathOf(endpoint, world)
          const answer: Answer = isSocket
            ? await dial(where, keyOf(world))
            : await call(method, where, keyOf(world), body?.(world))
          expect([caller, answer.status]).toEqual([caller, expected])
          if (expected === 401 || expected === 204) expect(answer.text).toBe('')
          if (!isSocket && (expected === 403 || expected === 404))
            expect(answer.body).toEqual({ reason: expect.stringMatching(/^[A-Z_]+$/) })
        }
        for (const socket of sockets.splice(0)) await socket.close()
      })
    })

    test('the project’s own users are not asked for a key by those who have accounts', async () => {
      const project = await projectWith(server)
      const email = `${randomUUID()}@example.com`
      const stale = 'v1.bm9uZQ.bm9uZQ'
      const body = { projectId: project.number, name: 'Ada', email, password: PASSWORD }
      expect((await call('POST', '/users', stale, body)).status).toBe(201)
      const [letter] = await messagesTo(server, 'mail', email)
      await call('POST', '/auth/user/emailVerification', stale, { token: letter?.token })
      // An app whose key has ended signs in again, and sends it with that.
      const signedIn = await call('POST', '/auth/user', stale, { ...body, appId: APP })
      expect(signedIn.status).toBe(200)
    })
  },
)

test('there is no endpoint but those of the reference, and the key-values of devices', () => {
  const spelled = (url: string) => url.replace(/:(\w+)/g, '{$1}')
  const served = Object.values(ENDPOINTS).map(({ method, url }) => `${method} ${spelled(url)}`)
  const later = served.filter((endpoint) => endpoint.includes('/devices/{deviceId}/kv'))
  expect(later).toHaveLength(4)
  expect(served.filter((one) => !later.includes(one)).sort()).toEqual(
    SEED.map(([endpoint]) => endpoint).sort(),
  )
})
