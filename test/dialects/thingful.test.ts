import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api, customer, makeDevice, signIn } from '../support/api.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'
import {
  bearer,
  type RawReply,
  sendRaw,
  thingfulLogin,
  thingfulLogout,
  thingfulToken,
} from '../support/thingful.ts'

const V1 = '/latchkey/v1'
const PASSWORD = 'customer-password'
const CREDENTIALS = JSON.stringify({ username: ADMIN.email, password: ADMIN.password })

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const claimsOf = (jwt: string) =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
const login = (body: string, headers: Record<string, string> = {}) =>
  sendRaw(server.httpUrl, 'POST', '/login', headers, body)
const statusOf = async (token: string) =>
  (await api(server.httpUrl, { token }).get(`${V1}/devices`)).status

/** Every refusal has this form, down to the bytes of its headers. */
const expectFault = (
  reply: RawReply,
  status: number,
  title: string,
  pointers: readonly string[] = [],
) => {
  const error = { status: String(status), title, detail: expect.stringMatching(/\S/) }
  expect([reply.status, reply.headers['content-type']]).toEqual([
    status,
    'application/vnd.api+json',
  ])
  expect(reply.headers['cache-control']).toBe('no-store')
  expect(JSON.parse(reply.text)).toEqual({
    errors:
      pointers.length === 0
        ? [error]
        : pointers.map((pointer) => ({ ...error, source: { pointer } })),
  })
}

// seeds/001, research/mode_thethings_thingful.md 3.
describe('login', () => {
  test('answers with the document of the seed, its members in order', async () => {
    const reply = await thingfulLogin(server.httpUrl)
    expect(reply.status).toBe(200)
    expect(reply.headers).toMatchObject({
      'content-type': 'application/vnd.api+json',
      'access-control-allow-origin': '*',
      'cache-control': 'no-store',
    })
    const { data } = JSON.parse(reply.text)
    expect(Object.keys(JSON.parse(reply.text))).toEqual(['data'])
    expect(Object.keys(data)).toEqual(['type', 'id', 'attributes'])
    expect(Object.keys(data.attributes)).toEqual([
      'token',
      'issued_at',
      'expires_at',
      'principal',
      'private',
    ])
    expect([data.type, data.attributes.principal, data.attributes.private]).toEqual([
      'token',
      true,
      false,
    ])
  })

  test('gives a JWT that says the same as the document, for 30 days', async () => {
    const { data } = JSON.parse((await thingfulLogin(server.httpUrl)).text)
    const { token, issued_at, expires_at } = data.attributes
    const claims = claimsOf(token)
    expect(claims).toMatchObject({
      sub: expect.any(String),
      jti: data.id,
      principal: true,
      private: false,
    })
    for (const time of [issued_at, expires_at])
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect([claims.iat, claims.exp]).toEqual([
      Date.parse(issued_at) / 1000,
      Date.parse(expires_at) / 1000,
    ])
    expect(claims.exp - claims.iat).toBe(30 * 86_400)
  })

  test('gives a token that is a native Bearer too', async () => {
    expect(await statusOf(await thingfulToken(server.httpUrl))).toBe(200)
  })

  test.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['application/vnd.api+json'],
    ['APPLICATION/JSON'],
  ])('takes %s', async (type) => {
    expect((await login(CREDENTIALS, { 'content-type': type })).status).toBe(200)
  })

  test.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data'],
    ['nonsense'],
  ])('does not take %s, which a form on any page can send', async (type) => {
    const reply = await login(CREDENTIALS, { 'content-type': type })
    expectFault(reply, 415, 'Unsupported Media Type')
  })

  test.each([
    ['{"username":'],
    ['nonsense'],
    [''],
    ['{"__proto__":{}}'],
    ['{"username":"\\ud800"}'],
  ])('refuses %p as malformed', async (body) => {
    expectFault(await login(body), 400, 'Bad Request')
    expectFault(await login(body, { 'content-type': 'application/json' }), 400, 'Bad Request')
  })

  test.each([
    ['{"password":"x"}', ['/username']],
    ['{"username":"x"}', ['/password']],
    ['{}', ['/username', '/password']],
    ['{"username":1,"password":"x"}', ['/username']],
    ['{"username":"x","password":null}', ['/password']],
    ['{"username":["x"],"password":{}}', ['/username', '/password']],
    ['null', ['']],
    ['[]', ['']],
    ['"x"', ['']],
  ])('refuses %s by pointing at %j', async (body, pointers) => {
    expectFault(await login(body), 422, 'Invalid Request', pointers)
  })

  test('refuses a wrong password and an unknown name in the same bytes', async () => {
    const wrong = (username: string, password: string) =>
      login(JSON.stringify({ username, password }))
    const replies = [
      await wrong(ADMIN.email, 'wrong'),
      await wrong('nobody@example.com', ADMIN.password),
      await wrong('', ''),
      await wrong('x'.repeat(300), 'wrong'),
      await wrong(ADMIN.email, 'x'.repeat(300)),
    ]
    for (const reply of replies) expectFault(reply, 401, 'Unauthorized')
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
  })

  test('knows accounts of `default` only', async () => {
    const maker = await signIn(server.httpUrl)
    const who = { email: 'pumpmaker@example.com', password: PASSWORD }
    await maker.post(`${V1}/projects`, { name: 'pumps', accounts: 'email', provisioning: 'pre' })
    await maker.post(`${V1}/users`, { ...who, role: 'maker', project: 'pumps' })
    expectFault(await thingfulLogin(server.httpUrl, who), 401, 'Unauthorized')
    await signIn(server.httpUrl, who)
  })

  test('takes the name in any case, and members that it does not know for nothing', async () => {
    const body = JSON.stringify({ username: 'ADMIN@localhost', password: ADMIN.password, x: 1 })
    expect((await login(body)).status).toBe(200)
  })

  test('has to wait after a hundred wrong passwords', async () => {
    const { email } = await customer(server.httpUrl)
    const wrong = () => thingfulLogin(server.httpUrl, { email, password: 'wrong' })
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 10 }, wrong))
    const reply = await wrong()
    expectFault(reply, 429, 'Too Many Requests')
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('with a body that is too large is refused as that', async () => {
    expectFault(await login(`{"username":"${'x'.repeat(300_000)}"}`), 413, 'Payload Too Large')
  })
})

describe('logout', () => {
  test('says nothing but that it is done, and nobody may keep that', async () => {
    const reply = await thingfulLogout(server.httpUrl, await thingfulToken(server.httpUrl))
    expect([reply.status, reply.text]).toEqual([204, ''])
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(reply.headers['content-type']).toBeUndefined()
  })

  test.each([
    ['without a token', {}],
    ['with nonsense', bearer('nonsense')],
    ['with another scheme', { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }],
    ['with the header of another platform', { 'x-authorization': 'Bearer x' }],
  ])('%s is a 401 document', async (_, headers) => {
    const reply = await sendRaw(server.httpUrl, 'GET', '/logout', headers)
    expectFault(reply, 401, 'Unauthorized')
    expect(reply.headers['www-authenticate']).toBe('Bearer')
  })

  test('takes no token from the address or a cookie', async () => {
    const token = await thingfulToken(server.httpUrl)
    for (const name of ['access_token', 'token', 'key', 'authorization'])
      expectFault(
        await sendRaw(server.httpUrl, 'GET', `/logout?${name}=${token}`, {
          cookie: `token=${token}`,
        }),
        401,
        'Unauthorized',
      )
    expect(await statusOf(token)).toBe(200)
  })
})

describe('a path', () => {
  test.each([
    ['/logout', 'GET', ['HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']],
    ['/login', 'POST', ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE']],
  ])('%s does something for %s alone', async (path, allow, others) => {
    const token = await thingfulToken(server.httpUrl)
    for (const method of others) {
      const reply = await sendRaw(server.httpUrl, method, path, {
        ...bearer(token),
        'access-control-request-method': 'GET',
        origin: 'https://elsewhere.example',
      })
      expect([method, reply.status, reply.headers.allow]).toEqual([method, 405, allow])
      expect(reply.headers['content-type']).toBe('application/vnd.api+json')
      if (method !== 'HEAD') expectFault(reply, 405, 'Method Not Allowed')
    }
    expect(await statusOf(token)).toBe(200)
  })

  test('leaves those around it to the others', async () => {
    for (const path of ['/login/x', '/nothing'])
      expect((await sendRaw(server.httpUrl, 'GET', path)).headers['content-type']).toContain(
        'application/problem+json',
      )
    const text = { 'content-type': 'text/plain' }
    const native = await sendRaw(server.httpUrl, 'POST', `${V1}/sessions`, text, 'x')
    expect([native.status, native.headers['access-control-allow-origin']]).toEqual([415, undefined])
    const health = await sendRaw(server.httpUrl, 'GET', '/healthz')
    expect(health.headers['cache-control']).toBeUndefined()
  })
})

let url: string
onEachStore(
  async (started) => {
    url = started.httpUrl
  },
  () => {
    test('logout ends native, Thingful and ThingsBoard tokens of the user alike, and nobody else’s', async () => {
      const [ada, bob] = [await customer(url), await customer(url)]
      const who = { email: ada.email, password: PASSWORD }
      const pair = await api(url).post('/api/auth/login', {
        username: who.email,
        password: who.password,
      })
      const tokens = [
        ada.token as string,
        await thingfulToken(url, who),
        await thingfulToken(url, who),
        pair.body.token as string,
      ]
      const open = (token: string) => api(url, { token }).get(`${V1}/devices`)
      for (const token of tokens) expect((await open(token)).status).toBe(200)
      expect((await thingfulLogout(url, tokens[1] as string)).status).toBe(204)
      for (const token of tokens) {
        expect((await open(token)).status).toBe(401)
        expectFault(await thingfulLogout(url, token), 401, 'Unauthorized')
      }
      const renewed = await api(url).post('/api/auth/token', {
        refreshToken: pair.body.refreshToken,
      })
      expect(renewed.status).toBe(401)
      expect((await bob.get(`${V1}/devices`)).status).toBe(200)
    })

    // research/mode_thethings_thingful.md 3.3 (4): tokens that are no principal are not the user's.
    test('a logout leaves devices their credentials', async () => {
      const maker = await signIn(url)
      const device = await makeDevice(maker)
      const values = { values: [{ key: 'k', value: 1 }] }
      expect((await thingfulLogout(url, maker.token as string)).status).toBe(204)
      expect((await maker.get(`${V1}/devices`)).status).toBe(401)
      expect((await api(url).post(`/v2/things/${device.token}`, values)).status).toBe(201)
      expect((await api(url).post(`/api/v1/${device.token}/claim`, {})).status).toBe(200)
    })

    test('a native sign-out ends Thingful tokens', async () => {
      const ada = await customer(url)
      const token = await thingfulToken(url, { email: ada.email, password: PASSWORD })
      expect((await ada.delete(`${V1}/sessions`)).status).toBe(204)
      expectFault(await thingfulLogout(url, token), 401, 'Unauthorized')
    })

    test('fifty logins and logouts in a row: each old token is dead, each new one lives', async () => {
      const { email } = await customer(url)
      const who = { email, password: PASSWORD }
      for (let round = 0; round < 50; round++) {
        const token = await thingfulToken(url, who)
        expect(claimsOf(token).gen).toBe(round)
        expect((await api(url, { token }).get(`${V1}/devices`)).status).toBe(200)
        expect((await thingfulLogout(url, token)).status).toBe(204)
        expect((await api(url, { token }).get(`${V1}/devices`)).status).toBe(401)
      }
    })
  },
)
