import { randomInt, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
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
import { startServer, type TestServer } from '../support/server.ts'

type Fields = Readonly<Record<string, string | number | boolean>>
type Wanted = {
  readonly path: string
  readonly key?: string | undefined
  readonly fields: Fields
}

/** The three ways in which a body may come: seed 003 ("Web Form", "JSON"), research/mode_thethings_thingful.md 1.9. */
const ENCODINGS: readonly (readonly [string, (fields: Fields) => RequestInit])[] = [
  [
    'urlencoded',
    (fields) => ({
      body: new URLSearchParams(
        Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, `${value}`])),
      ),
    }),
  ],
  [
    'multipart',
    (fields) => {
      const body = new FormData()
      for (const [name, value] of Object.entries(fields)) body.append(name, String(value))
      return { body }
    },
  ],
  [
    'JSON',
    (fields) => ({
      body: JSON.stringify(fields),
      headers: { 'content-type': 'application/json' },
    }),
  ],
]

let server: TestServer
let project: ModeProject
let phones: ModeProject
let own: ModeProject
let onDemand: ModeProject
let ann: ModeUser
let home: number
let device: PrintedDevice
let socket: TestSocket
let keyOfOwn: string

const call = (method: string, path: string, key?: string, body?: unknown) =>
  send(server.httpUrl, method, path, { key, ...(body === undefined ? {} : { body }) })
const newEmail = () => `${randomUUID()}@example.com`
const newPhone = () => `+1${randomInt(2_000_000_000, 9_999_999_999)}`

beforeAll(async () => {
  server = await startServer()
  project = await projectWith(server)
  phones = await projectWith(server, { accounts: 'phone' })
  own = await projectWith(server, { accounts: 'byou' })
  onDemand = await projectWith(server, { provisioning: 'on-demand' })
  ann = await modeUser(server, project)
  home = (await modeHome(server, ann)).id
  device = await ownedDevice(server, project, { key: ann.key, home })
  socket = await openSocket(server, `/devices/${device.id}/command`, device.key)
  keyOfOwn = await projectKey(own, ['byou'])
})
afterAll(async () => {
  await socket.close()
  await server.close()
})

/** Somebody of a phone project, with the code that he was sent. */
const phoned = async () => {
  const [phoneNumber, projectId] = [newPhone(), phones.number]
  await call('POST', '/users', undefined, { projectId, phoneNumber, name: 'Ada' })
  const [message] = await messagesTo(server, 'sms', phoneNumber)
  return { projectId, phoneNumber, code: message?.code ?? '', appId: APP }
}

const registered = async () => {
  const [email, projectId] = [newEmail(), project.number]
  await call('POST', '/users', undefined, { projectId, email, name: 'Ada', password: PASSWORD })
  const [letter] = await messagesTo(server, 'mail', email)
  return { email, projectId, token: letter?.token ?? '' }
}

const tokenOfReset = async () => {
  const { email } = await modeUser(server, project)
  const body = { projectId: project.number, email }
  await call('POST', '/auth/user/passwordReset/start', undefined, body)
  const [letter] = await messagesTo(server, 'mail', email)
  return letter?.token ?? ''
}

const ownUser = async () =>
  (await call('POST', '/users', keyOfOwn, { projectId: own.number })).body as { id: number }

const homeOf = async (space: ModeProject) => {
  const user = await modeUser(server, space)
  return { key: user.key, home: (await modeHome(server, user)).id }
}

/** Every endpoint of the reference that has a body: its success, and a request that has it. */
const BODIES: readonly (readonly [string, number, () => Promise<Wanted>])[] = [
  [
    'POST a user with an e-mail address',
    201,
    async () => {
      const fields = { name: 'Ada', email: newEmail(), password: PASSWORD }
      return { path: '/users', fields: { projectId: project.number, ...fields } }
    },
  ],
  [
    'POST a user with a phone number',
    201,
    async () => {
      const fields = { name: 'Ada', phoneNumber: newPhone() }
      return { path: '/users', fields: { projectId: phones.number, ...fields } }
    },
  ],
  [
    'POST a user of the project’s own',
    201,
    async () => ({ path: '/users', key: keyOfOwn, fields: { projectId: own.number } }),
  ],
  [
    'PATCH a user',
    204,
    async () => ({ path: `/users/${ann.id}`, key: ann.key, fields: { name: 'Ann' } }),
  ],
  ['POST a home', 201, async () => ({ path: '/homes', key: ann.key, fields: { name: 'A' } })],
  [
    'PATCH a home',
    204,
    async () => ({ path: `/homes/${home}`, key: ann.key, fields: { name: 'B' } }),
  ],
  [
    'POST a member by e-mail address',
    201,
    async () => ({
      ...{ path: `/homes/${home}/members`, key: ann.key, fields: { email: newEmail() } },
    }),
  ],
  [
    'POST a member by id',
    201,
    async () => {
      const [first, second] = [await ownUser(), await ownUser()]
      const who = { projectId: own.number, userId: first.id }
      const { token: key } = (await call('POST', '/auth/user', keyOfOwn, who)).body
      const made = await call('POST', '/homes', key, { name: 'A' })
      return { path: `/homes/${made.body.id}/members`, key, fields: { userId: second.id } }
    },
  ],
  [
    'POST a member by phone number',
    201,
    async () => {
      const { token: key } = (await call('POST', '/auth/user', undefined, await phoned())).body
      const made = await call('POST', '/homes', key, { name: 'A' })
      const fields = { phoneNumber: newPhone() }
      return { path: `/homes/${made.body.id}/members`, key, fields }
    },
  ],
  [
    'POST a device provisioning',
    200,
    async () => {
      const { key, home: id } = await homeOf(onDemand)
      const fields = { deviceClass: 'sprinkler', deviceTag: 'garden' }
      return { path: `/homes/${id}/deviceProvisioning`, key, fields }
    },
  ],
  [
    'PUT an event of a home',
    204,
    async () => ({
      path: `/homes/${home}/event`,
      key: await projectKey(project, ['send-events']),
      fields: { eventType: 'x' },
    }),
  ],
  [
    'PUT a key-value',
    204,
    async () => ({ path: `/homes/${home}/kv/color`, key: ann.key, fields: { value: 'red' } }),
  ],
  [
    'POST a device by its code',
    201,
    async () => {
      const printed = await printedDevice(project)
      await enableClaim(server, printed)
      const fields = { homeId: home, claimCode: printed.claimCode }
      return { path: '/devices', key: ann.key, fields }
    },
  ],
  [
    'POST a device by a token',
    201,
    async () => {
      const { key, home: id } = await homeOf(onDemand)
      const wanted = { deviceClass: 'sprinkler' }
      const made = await call('POST', `/homes/${id}/deviceProvisioning`, key, wanted)
      return { path: '/devices', fields: { token: made.body.token } }
    },
  ],
  [
    'PATCH a device',
    204,
    async () => ({
      ...{ path: `/devices/${device.id}`, key: ann.key, fields: { name: 'L', tag: 't' } },
    }),
  ],
  [
    'PUT a command',
    204,
    async () => ({
      ...{ path: `/devices/${device.id}/command`, key: ann.key, fields: { action: 'on' } },
    }),
  ],
  [
    'PUT an event of a device',
    204,
    async () => ({
      ...{ path: `/devices/${device.id}/event`, key: device.key, fields: { eventType: 'x' } },
    }),
  ],
  [
    'POST an authentication by password',
    200,
    async () => {
      const fields = { projectId: project.number, email: ann.email, password: PASSWORD, appId: APP }
      return { path: '/auth/user', fields }
    },
  ],
  [
    'POST an authentication by code',
    200,
    async () => ({ path: '/auth/user', fields: await phoned() }),
  ],
  [
    'POST an authentication by a project key',
    200,
    async () => {
      const { id: userId } = await ownUser()
      return { path: '/auth/user', key: keyOfOwn, fields: { projectId: own.number, userId } }
    },
  ],
  [
    'POST for a code',
    200,
    async () => {
      const { projectId, phoneNumber } = await phoned()
      return { path: '/auth/user/sms', fields: { projectId, phoneNumber } }
    },
  ],
  [
    'POST an e-mail verification',
    200,
    async () => {
      const { token } = await registered()
      return { path: '/auth/user/emailVerification', fields: { token } }
    },
  ],
  [
    'POST for an e-mail verification',
    200,
    async () => {
      const { email, projectId } = await registered()
      return { path: '/auth/user/emailVerification/start', fields: { projectId, email } }
    },
  ],
  [
    'POST a password reset',
    200,
    async () => {
      const fields = { token: await tokenOfReset(), newPassword: 'another-password' }
      return { path: '/auth/user/passwordReset', fields }
    },
  ],
  [
    'POST for a password reset',
    200,
    async () => {
      const fields = { projectId: project.number, email: ann.email }
      return { path: '/auth/user/passwordReset/start', fields }
    },
  ],
  [
    'POST a registration state',
    200,
    async () => {
      const fields = { deviceId: device.id, claimable: true, duration: 300 }
      return { path: '/deviceRegistration', key: device.key, fields }
    },
  ],
]

describe.each(ENCODINGS)('a body that is %s', (_, encoded) => {
  test.each(BODIES)('%s', async (name, ok, prepare) => {
    const { path, key, fields } = await prepare()
    const { body, headers } = encoded(fields)
    const reply = await fetch(`${server.httpUrl}${path}`, {
      ...{ method: name.split(' ')[0] as string, ...(body == null ? {} : { body }) },
      headers: {
        ...(headers as Record<string, string> | undefined),
        ...(key === undefined ? {} : { authorization: `ModeCloud ${key}` }),
      },
    })
    expect([reply.status, await reply.text()]).toEqual([
      ok,
      ok === 204 ? '' : expect.stringMatching(/^\{.*\}$/),
    ])
  })

  test('tells that something is missing', async () => {
    const forms = [
      ['/users', undefined],
      ['/homes', ann.key],
      [`/homes/${home}/members`, ann.key],
      ['/devices', ann.key],
      ['/auth/user', undefined],
      ['/auth/user/sms', undefined],
      ['/auth/user/emailVerification', undefined],
      ['/auth/user/emailVerification/start', undefined],
      ['/auth/user/passwordReset', undefined],
      ['/auth/user/passwordReset/start', undefined],
      ['/deviceRegistration', device.key],
    ] as const
    for (const [path, key] of forms) {
      const { body, headers } = encoded({ unknown: 'x' })
      const reply = await fetch(`${server.httpUrl}${path}`, {
        ...{ method: 'POST', ...(body == null ? {} : { body }) },
        headers: {
          ...(headers as Record<string, string> | undefined),
          ...(key === undefined ? {} : { authorization: `ModeCloud ${key}` }),
        },
      })
      expect([path, reply.status, await reply.json()]).toEqual([
        ...[path, 403, { reason: 'MISSING_PARAMETERS' }],
      ])
    }
  })
})
