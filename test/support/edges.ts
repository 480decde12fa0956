import { expect } from '@jest/globals'
import { customer } from './api.ts'
import { modeHome, modeProject, modeUser } from './mode.ts'
import { newUser as newParticleUser } from './particle.ts'
import { askRaw, headerOf, type RawAnswer, type RawRequest } from './raw.ts'
import type { TestServer } from './server.ts'
import { register } from './thethings.ts'
import { login } from './thingsboard.ts'

/** The words in which a dialect refuses: fails a test if an answer has others. */
type Words = (answer: RawAnswer) => void

/** What only we know: our files, our libraries, their words (research/security.md S115). */
const INNER =
  /node_modules|\/work\/|\.[tj]s:\d|\bat \S+ \(|stack|FST_|ERR_|HPE_|E[A-Z]*(CONN|PIPE|RESET)|ioredis|lmdb|fastify|ajv|WRONGTYPE|Lua|SyntaxError|TypeError|Unexpected token/i

/** Nothing of our inside is in an answer. */
export const isBland = ({ headers, text }: RawAnswer): void => {
  expect(text).not.toMatch(INNER)
  expect(headers.map(([, value]) => value).join('\n')).not.toMatch(INNER)
  expect(headers.map(([name]) => name.toLowerCase())).not.toContain('x-powered-by')
  expect(headers.map(([name]) => name.toLowerCase())).not.toContain('server')
}

const text = expect.any(String)

const json =
  (type: RegExp, shape: object): Words =>
  (answer) => {
    expect(headerOf(answer, 'content-type')).toMatch(type)
    expect(JSON.parse(answer.text)).toEqual(shape)
  }

const JSON_TYPE = /^application\/json(; charset=utf-8)?$/

/** RFC 9457 with `reason`: CONTRACT 2. */
const PROBLEM: Words = (answer) => {
  expect(headerOf(answer, 'content-type')).toBe('application/problem+json; charset=utf-8')
  expect(JSON.parse(answer.text)).toMatchObject({
    ...{ type: expect.stringMatching(/^urn:latchkey:problem:/), title: text },
    ...{ status: answer.status, reason: text },
  })
}
/** research/thingsboard.md 1.4, 1.6: an envelope, or one of two bare words of a claim. */
const THINGSBOARD: Words = (answer) => {
  if (/^"(CLAIMED|FAILURE)"$/.test(answer.text)) return
  const shape = { status: answer.status, message: text, errorCode: expect.any(Number) }
  json(JSON_TYPE, { ...shape, timestamp: expect.any(Number) })(answer)
}
/** research/particle.md 1.5. */
const PARTICLE = json(JSON_TYPE, {
  ...{ ok: false, error: text, error_description: text, errors: [text], info: text },
})
/** research/mode_thethings_thingful.md 1.1: a reason, and nothing at all where no key was good. */
const MODE: Words = (answer) => {
  if (answer.status === 401) expect(answer.text).toBe('')
  else json(JSON_TYPE, { reason: expect.stringMatching(/^[A-Z_]+$/) })(answer)
}
/** research/mode_thethings_thingful.md 2.1. */
const THETHINGS: Words = (answer) =>
  json(JSON_TYPE, { status: 'error', code: answer.status, message: text })(answer)
/** research/mode_thethings_thingful.md 3.1; seed 001. */
const THINGFUL: Words = (answer) => {
  expect(headerOf(answer, 'content-type')).toBe('application/vnd.api+json')
  expect(JSON.parse(answer.text)).toEqual({
    errors: expect.arrayContaining([
      expect.objectContaining({ status: String(answer.status), title: text, detail: text }),
    ]),
  })
}

/** A call of a dialect that reads a body, from somebody who may make it. */
export type Edge = {
  readonly name: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** A body that is well formed. */
  readonly body: Readonly<Record<string, unknown>>
  /** How it is sent by the platform's own clients. */
  readonly type: string
  /** A member that has to be a text. */
  readonly member: string
  readonly words: Words
}

const JSON_BODY = 'application/json'

/** Where each dialect lives, for paths that no route has. */
export const WORDS_UNDER: readonly (readonly [path: string, words: Words])[] = [
  ['/latchkey/v1/devices', PROBLEM],
  ['/api/customer/device', THINGSBOARD],
  ['/v1/devices', PARTICLE],
  ['/oauth', PARTICLE],
  ['/homes', MODE],
  ['/devices', MODE],
  ['/v2/things', THETHINGS],
  ['/elsewhere', PROBLEM],
]

/** One claim and one sign-in of each dialect. */
export const edgesOf = async (server: TestServer): Promise<readonly Edge[]> => {
  const { httpUrl } = server
  const [ada, jane, app] = await Promise.all([
    customer(httpUrl),
    newParticleUser(httpUrl),
    register(httpUrl),
  ])
  const tenantUser = await login(httpUrl, { email: ada.email, password: 'customer-password' })
  const project = await modeProject(server)
  const user = await modeUser(server, project)
  const home = await modeHome(server, user)
  const token = ada.token as string
  const nobody = { email: 'nobody@example.com', password: 'no such password' }
  const signIns = { username: nobody.email, password: nobody.password }
  const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })
  return [
    {
      ...{ name: 'a native claim', path: '/latchkey/v1/claims', headers: bearer(token) },
      ...{ body: { device: 'none', secret: 'x' }, type: JSON_BODY, member: 'device' },
      words: PROBLEM,
    },
    {
      ...{ name: 'a native sign-in', path: '/latchkey/v1/sessions', headers: {} },
      ...{ body: nobody, type: JSON_BODY, member: 'email', words: PROBLEM },
    },
    {
      ...{ name: 'a ThingsBoard claim', path: '/api/customer/device/none/claim' },
      headers: { 'X-Authorization': `Bearer ${tenantUser.pair.token}` },
      ...{ body: { secretKey: 'x' }, type: JSON_BODY, member: 'secretKey', words: THINGSBOARD },
    },
    {
      ...{ name: 'a ThingsBoard sign-in', path: '/api/auth/login', headers: {} },
      ...{ body: signIns, type: JSON_BODY, member: 'username', words: THINGSBOARD },
    },
    {
      ...{ name: 'a Particle claim', path: '/v1/devices', headers: bearer(jane.accessToken) },
      ...{ body: { id: 'none' }, type: 'application/x-www-form-urlencoded', member: 'id' },
      words: PARTICLE,
    },
    {
      ...{ name: 'a Particle sign-in', path: '/oauth/token', headers: {} },
      body: { client_id: 'particle-api', grant_type: 'password', ...signIns },
      ...{ type: 'application/x-www-form-urlencoded', member: 'username', words: PARTICLE },
    },
    {
      ...{ name: 'a MODE claim', path: '/devices' },
      headers: { Authorization: `ModeCloud ${user.key}` },
      ...{ body: { homeId: home.id, claimCode: 'none' }, type: JSON_BODY, member: 'claimCode' },
      words: MODE,
    },
    {
      ...{ name: 'a MODE sign-in', path: '/auth/user', headers: {} },
      body: { projectId: project.number, appId: 'app', ...nobody },
      ...{ type: JSON_BODY, member: 'email', words: MODE },
    },
    {
      ...{ name: 'a thethings.io claim', path: '/v2/me/things' },
      headers: { Authorization: app.session },
      ...{ body: { thingToken: 'none' }, type: JSON_BODY, member: 'thingToken', words: THETHINGS },
    },
    {
      ...{ name: 'a thethings.io link', path: '/v2/me/things/link-id' },
      headers: { Authorization: app.session },
      ...{ body: { linkId: 'a shared id' }, type: JSON_BODY, member: 'linkId', words: THETHINGS },
    },
    {
      ...{ name: 'a thethings.io sign-in', path: '/v2/login', headers: {} },
      ...{ body: nobody, type: JSON_BODY, member: 'email', words: THETHINGS },
    },
    {
      ...{ name: 'a Thingful sign-in', path: '/login', headers: {} },
      ...{ body: signIns, type: JSON_BODY, member: 'username', words: THINGFUL },
    },
  ]
}

/** Names of the rows of `edgesOf`, for tables that are written before a server is there. */
export const EDGE_NAMES = [
  'a native claim',
  'a native sign-in',
  'a ThingsBoard claim',
  'a ThingsBoard sign-in',
  'a Particle claim',
  'a Particle sign-in',
  'a MODE claim',
  'a MODE sign-in',
  'a thethings.io claim',
  'a thethings.io link',
  'a thethings.io sign-in',
  'a Thingful sign-in',
] as const
export type EdgeName = (typeof EDGE_NAMES)[number]

/** The same body as a form or as JSON. */
export const bodyAs = (type: string, body: Readonly<Record<string, unknown>>): string =>
  type === 'application/x-www-form-urlencoded'
    ? new URLSearchParams(
        Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)])),
      ).toString()
    : JSON.stringify(body)

/** Sends a body to an edge as that type; `undefined`: without a type. */
export const sendTo = (
  { httpUrl }: Pick<TestServer, 'httpUrl'>,
  edge: Edge,
  type: string | undefined,
  body: string | Buffer,
  more: Partial<RawRequest> = {},
): Promise<RawAnswer> =>
  askRaw(httpUrl, {
    ...{ method: 'POST', path: edge.path, body },
    headers: { ...edge.headers, ...(type === undefined ? {} : { 'Content-Type': type }) },
    ...more,
  })
