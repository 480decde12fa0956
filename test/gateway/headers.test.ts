import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, type Reply, signIn } from '../support/api.ts'
import { createAuthority, describeWithOpenssl } from '../support/certificates.ts'
import { modeDevice, modeProject, modeUser, send } from '../support/mode.ts'
import {
  asClient,
  form,
  newEmail,
  newProduct,
  newUser,
  PASSWORD,
  token,
} from '../support/particle.ts'
import { askRaw } from '../support/raw.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'
import { newCodes, register } from '../support/thethings.ts'
import { login } from '../support/thingsboard.ts'

const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api
beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())

/** A token, a key, a code: what nobody on the way may keep. */
const SECRET =
  /"(token|refreshToken|access_token|refresh_token|secret|key|apiKey|claim_code|code|thingToken|ticket|credentialsId|codes)":|eyJ/

// research/security.md S116.
test('whatever has a secret in it says no-store, in every dialect', async () => {
  const { httpUrl } = server
  const native = api(httpUrl)
  const ada = await customer(httpUrl)
  const lamp = await makeDevice(maker)
  const expiresAt = '2099-01-01T00:00:00Z'
  const product = await newProduct(httpUrl)
  const tenant = await login(httpUrl)
  const board = await tenant.post('/api/device', { name: 'board', type: 'default' })
  const jane = await newUser(httpUrl)
  const project = await modeProject(server)
  const user = await modeUser(server, project)
  await modeDevice(project)
  const [activationCode] = await newCodes(httpUrl)
  const things = { email: newEmail(), password: PASSWORD, app: 'default' }
  await register(httpUrl)
  const signIns = { username: ADMIN.email, password: ADMIN.password }
  const mode = { projectId: project.number, appId: 'app', email: user.email }
  const asked: readonly (readonly [string, Promise<Pick<Reply, 'status' | 'headers' | 'text'>>])[] =
    [
      ['session', native.post(`${V1}/sessions`, ADMIN)],
      ['device', maker.post(`${V1}/devices`, { name: 'a new one' })],
      ['credential', maker.post(`${V1}/devices/${lamp.id}/credential`)],
      ['box key', maker.put(`${V1}/devices/${lamp.id}/box-key`, { expiresAt })],
      ['project key', maker.post(`${V1}/project-keys`, { name: 'a program' })],
      ['client', maker.post(`${V1}/oauth-clients`, { project: product.slug, grants: ['product'] })],
      ['claim code', ada.post(`${V1}/claim-codes`)],
      ['ticket', ada.post(`${V1}/tickets`)],
      ['activation codes', maker.post(`${V1}/activation-codes`, { count: 2 })],
      ['ThingsBoard sign-in', native.post('/api/auth/login', signIns)],
      [
        'ThingsBoard renewal',
        native.post('/api/auth/token', { refreshToken: tenant.pair.refreshToken }),
      ],
      ['ThingsBoard credentials', tenant.get(`/api/device/${board.body.id.id}/credentials`)],
      [
        'Particle token',
        token(httpUrl, { grant_type: 'password', username: jane.email, password: PASSWORD }),
      ],
      [
        'Particle customer',
        form(httpUrl, `/v1/products/${product.slug}/customers`, {
          email: newEmail(),
          password: PASSWORD,
          ...asClient(product),
        }),
      ],
      ['Particle code', jane.post('/v1/device_claims', {})],
      ['Particle tokens', jane.get('/v1/access_tokens/current')],
      [
        'MODE sign-in',
        send(httpUrl, 'POST', '/auth/user', { body: { ...mode, password: 'a-user-password' } }),
      ],
      ['thethings.io sign-up', native.post('/v2/register', things)],
      ['thethings.io thing', native.post('/v2/things', { activationCode })],
      ['Thingful sign-in', native.post('/login', signIns)],
    ]
  let secrets = 0
  for (const [what, reply] of asked) {
    const { status, headers, text } = await reply
    expect([what, status < 300 ? 'good' : text]).toEqual([what, 'good'])
    expect([what, headers.get('x-content-type-options')]).toEqual([what, 'nosniff'])
    if (!SECRET.test(text)) continue
    secrets += 1
    expect([what, headers.get('cache-control')]).toEqual([
      what,
      expect.stringContaining('no-store'),
    ])
  }
  expect(secrets).toBe(asked.length - 1)
  const again = await native.post('/v2/login', things)
  expect([again.status, again.headers.get('cache-control')]).toEqual([200, 'no-store'])
})

test('every answer is of the type that it says, streams and refusals, too', async () => {
  const ada = await customer(server.httpUrl)
  for (const path of [
    '/healthz',
    '/readyz',
    '/metrics',
    '/openapi.json',
    '/docs',
    '/claim',
    '/nothing',
    '/%zz',
    '/widget.js',
    `${V1}/devices`,
  ]) {
    const { headers } = await ada.get(path)
    expect([path, headers.get('x-content-type-options')]).toEqual([path, 'nosniff'])
    expect([...headers.keys()]).not.toEqual(expect.arrayContaining(['x-powered-by']))
    expect(headers.get('set-cookie')).toBeNull()
    expect(headers.get('strict-transport-security')).toBeNull()
  }
  const stream = await fetch(`${server.httpUrl}${V1}/events`, {
    headers: { authorization: `Bearer ${ada.token}`, accept: 'text/event-stream' },
  })
  expect(stream.headers.get('x-content-type-options')).toBe('nosniff')
  expect(stream.headers.get('cache-control')).toMatch(/no-store|no-cache/)
  await stream.body?.cancel()
})

describeWithOpenssl('over TLS', () => {
  test('browsers are told to come by TLS from then on (RFC 6797)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-hsts-'))
    const authority = createAuthority(folder)
    const own = authority.issue('server')
    const secure = await startServer({
      LATCHKEY_TLS_CERT: own.certPath,
      LATCHKEY_TLS_KEY: own.keyPath,
    })
    const { port } = new URL(secure.httpUrl)
    for (const path of ['/healthz', `${V1}/devices`, '/nothing']) {
      const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port, path, ca: authority.cert }, (reply) => {
          reply.resume()
          resolve(reply.headers)
        })
        asked.once('error', reject)
        asked.end()
      })
      expect([path, headers['strict-transport-security']]).toEqual([path, 'max-age=31536000'])
    }
    await secure.close()
    rmSync(folder, { recursive: true, force: true })
  })
})

// research/security.md S117; `web/cors`, `docs/page` and `addresses` have the rest.
describe('what is there for everybody', () => {
  test('has nothing of anybody in it', async () => {
    const ada = await customer(server.httpUrl)
    const lamp = await makeDevice(maker)
    for (const path of [
      '/healthz',
      '/readyz',
      '/openapi.json',
      '/asyncapi.json',
      '/docs',
      '/claim',
      '/console',
    ]) {
      const { status, text } = await api(server.httpUrl).get(path)
      expect([path, status]).toEqual([path, 200])
      for (const secret of [
        ada.email,
        lamp.id,
        lamp.name,
        lamp.token,
        ADMIN.password,
        server.folder,
      ])
        expect(text).not.toContain(secret)
    }
  })

  test.each([
    ...[
      '/debug',
      '/debug/vars',
      '/admin',
      '/.env',
      '/.git/config',
      '/latchkey.config.json',
      '/data/instance.key',
    ],
    ...[
      '/server-status',
      '/actuator',
      '/actuator/env',
      '/swagger',
      '/api-docs',
      '/phpinfo.php',
      '/config.json',
    ],
    ...[
      '/assets/../main.js',
      '/assets/%2e%2e/main.js',
      '/docs/../../package.json',
      '/widget.js.map',
      '/console.js.map',
    ],
  ])('and %s is not', async (path) => {
    const { status } = await askRaw(server.httpUrl, { method: 'GET', path })
    expect([400, 401, 404]).toContain(status)
  })
})
