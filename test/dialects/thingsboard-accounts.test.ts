import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api, customer } from '../support/api.ts'
import { ADMIN } from '../support/server.ts'
import {
  login,
  NULL_UUID,
  openThingsboard,
  type Thingsboard,
  withToken,
} from '../support/thingsboard.ts'

const envelope = (status: number, errorCode: number, message: unknown = expect.any(String)) => ({
  status,
  message,
  errorCode,
  timestamp: expect.any(Number),
})
const FAILED = envelope(401, 10, 'Authentication failed')
const WRONG = envelope(401, 10, 'Invalid username or password')
const OVER = envelope(401, 11, 'Token has expired')

let tb: Thingsboard
beforeAll(async () => {
  tb = await openThingsboard()
})
afterAll(() => tb.server.close())

const claimsOf = (jwt: string) =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
const post = (path: string, body?: unknown) => api(tb.httpUrl).post(path, body)
const me = (token: string) => withToken(tb.httpUrl, token).get('/api/auth/user')
const raw = async (
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
) => {
  const reply = await fetch(`${tb.httpUrl}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  return { status: reply.status, body: JSON.parse(await reply.text()) }
}

// research/thingsboard.md 1.6.
describe('login', () => {
  test('gives a pair of tokens with the claims that clients read', async () => {
    const ann = await tb.newCustomer()
    const { pair } = await login(tb.httpUrl, ann)
    expect(Object.keys(pair)).toEqual(['token', 'refreshToken'])
    const access = claimsOf(pair.token)
    expect(access).toMatchObject({
      sub: ann.email,
      userId: ann.id,
      scopes: ['CUSTOMER_USER'],
      sessionId: expect.any(String),
      enabled: true,
      isPublic: false,
      tenantId: expect.any(String),
      customerId: ann.home,
    })
    expect(access.exp - access.iat).toBe(9000)
    const refresh = claimsOf(pair.refreshToken)
    expect(refresh).toMatchObject({
      sub: ann.email,
      scopes: ['REFRESH_TOKEN'],
      isPublic: false,
      sessionId: access.sessionId,
    })
    expect(refresh.exp - refresh.iat).toBe(604_800)
    expect(claimsOf(tb.tenant.pair.token)).toMatchObject({
      scopes: ['TENANT_ADMIN'],
      customerId: NULL_UUID,
    })
  })

  test('is for native accounts too, and its token is good on the native API', async () => {
    const ada = await customer(tb.httpUrl)
    const { pair } = await login(tb.httpUrl, {
      email: ada.email.toUpperCase(),
      password: 'customer-password',
    })
    expect((await me(pair.token)).body).toMatchObject({
      authority: 'CUSTOMER_USER',
      customerId: { id: ada.home },
    })
    const native = await api(tb.httpUrl, { token: pair.token }).get('/latchkey/v1/devices')
    expect(native.status).toBe(200)
    expect((await me(ada.token ?? '')).status).toBe(200)
  })

  test('refuses a wrong password and an unknown name in the same words', async () => {
    for (const body of [
      { username: ADMIN.email, password: 'wrong' },
      { username: 'nobody@example.com', password: 'wrong' },
      { username: 'x'.repeat(300), password: 'wrong' },
      { username: ADMIN.email, password: 'x'.repeat(300) },
    ])
      expect(await post('/api/auth/login', body)).toMatchObject({ status: 401, body: WRONG })
  })

  test('refuses what is blank or malformed as a failed authentication', async () => {
    const bodies = [
      {},
      { username: ' ', password: 'x' },
      { username: 'x', password: '' },
      [],
      { username: 1, password: 2 },
      undefined,
    ]
    for (const body of bodies)
      expect(await post('/api/auth/login', body)).toMatchObject({ status: 401, body: FAILED })
    expect(await raw('POST', '/api/auth/login', '{"username":')).toMatchObject({
      status: 401,
      body: FAILED,
    })
    const words = envelope(401, 10, 'Authentication method not supported')
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect(await raw(method, '/api/auth/login')).toEqual({ status: 401, body: words })
  })

  test('takes any Content-Type, as the platform does', async () => {
    const body = JSON.stringify({ username: ADMIN.email, password: ADMIN.password })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await raw('POST', '/api/auth/login', body, form)).status).toBe(200)
  })

  test('has to wait after a hundred wrong passwords', async () => {
    const ann = await tb.newCustomer()
    const wrong = () => post('/api/auth/login', { username: ann.email, password: 'wrong' })
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 10 }, wrong))
    const reply = await wrong()
    expect(reply).toMatchObject({ status: 429, body: envelope(429, 33) })
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

describe('a session', () => {
  test('is renewed into one of its own; the old tokens stay good', async () => {
    const ann = await tb.newCustomer()
    const { pair } = await login(tb.httpUrl, ann)
    const renewed = await post('/api/auth/token', { refreshToken: pair.refreshToken })
    expect(renewed.status).toBe(200)
    expect(claimsOf(renewed.body.token).sessionId).not.toBe(claimsOf(pair.token).sessionId)
    expect((await me(pair.token)).status).toBe(200)
    expect((await me(renewed.body.token)).status).toBe(200)
  })

  test('takes neither token for the other', async () => {
    const { pair } = await login(tb.httpUrl, await tb.newCustomer())
    expect((await me(pair.refreshToken)).body).toEqual(OVER)
    expect((await post('/api/auth/token', { refreshToken: pair.token })).body).toEqual(OVER)
    expect((await post('/api/auth/token', { refreshToken: 'nonsense' })).body).toEqual(WRONG)
    for (const body of [{}, { refreshToken: ' ' }, undefined])
      expect((await post('/api/auth/token', body)).body).toEqual(FAILED)
  })

  test('ends with logout, and no other one does', async () => {
    const ann = await tb.newCustomer()
    const [one, other] = [await login(tb.httpUrl, ann), await login(tb.httpUrl, ann)]
    const reply = await one.post('/api/auth/logout')
    expect([reply.status, reply.text]).toEqual([200, ''])
    expect((await me(one.pair.token)).body).toEqual(OVER)
    expect((await post('/api/auth/token', { refreshToken: one.pair.refreshToken })).body).toEqual(
      OVER,
    )
    expect((await me(other.pair.token)).status).toBe(200)
  })

  test('ends with every other one when the password is changed', async () => {
    const ann = await tb.newCustomer()
    const [one, other] = [await login(tb.httpUrl, ann), await login(tb.httpUrl, ann)]
    const change = (currentPassword: string, newPassword: string) =>
      one.post('/api/auth/changePassword', { currentPassword, newPassword })
    expect((await change('wrong', 'newpass')).body).toEqual(
      envelope(400, 31, "Current password doesn't match!"),
    )
    expect((await change(ann.password, 'short')).body).toEqual(
      envelope(400, 31, 'Password must be 6 or more characters in length.'),
    )
    expect((await change(ann.password, ann.password)).body).toEqual(
      envelope(400, 31, 'New password should be different from existing!'),
    )
    const changed = await change(ann.password, 'newpass')
    expect(changed.status).toBe(200)
    expect((await me(changed.body.token)).status).toBe(200)
    for (const { pair } of [one, other]) expect((await me(pair.token)).body).toEqual(OVER)
    expect((await login(tb.httpUrl, { ...ann, password: 'newpass' })).pair.token).toBeDefined()
  })
})

describe('a user', () => {
  const newHome = async () =>
    (await tb.tenant.post('/api/customer', { title: `H ${Math.random()}` })).body.id
  const user = (more: Record<string, unknown>) =>
    tb.tenant.post('/api/user?sendActivationMail=false', {
      email: `u${Math.random()}@example.com`,
      ...more,
    })

  test('is what GET /api/auth/user says of him', async () => {
    const ann = await tb.newCustomer()
    expect((await ann.get('/api/auth/user')).body).toEqual({
      id: { entityType: 'USER', id: ann.id },
      createdTime: expect.any(Number),
      additionalInfo: null,
      tenantId: { entityType: 'TENANT', id: expect.any(String) },
      customerId: { entityType: 'CUSTOMER', id: ann.home },
      email: ann.email,
      name: ann.email,
      authority: 'CUSTOMER_USER',
      firstName: null,
      lastName: null,
      phone: null,
      version: 1,
    })
    expect((await tb.tenant.get('/api/auth/user')).body).toMatchObject({
      authority: 'TENANT_ADMIN',
      customerId: { id: NULL_UUID },
    })
  })

  test('cannot sign in before the activation, which is good once', async () => {
    const customerId = await newHome()
    const made = await user({ authority: 'CUSTOMER_USER', customerId, firstName: 'Ann' })
    expect(made.body).toMatchObject({
      firstName: 'Ann',
      lastName: null,
      authority: 'CUSTOMER_USER',
    })
    const { email, id } = made.body
    expect(
      (await post('/api/auth/login', { username: email, password: 'pass-word' })).body,
    ).toEqual(WRONG)
    const link = await tb.tenant.get(`/api/user/${id.id}/activationLink`)
    expect(link.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(link.text.startsWith(`${tb.httpUrl}/api/noauth/activate?activateToken=`)).toBe(true)
    const opened = await fetch(link.text, { redirect: 'manual' })
    const activateToken = new URL(link.text).searchParams.get('activateToken')
    expect([opened.status, opened.headers.get('location')]).toEqual([
      303,
      `/login/createPassword?activateToken=${activateToken}`,
    ])
    const activate = (password: string) => post('/api/noauth/activate', { activateToken, password })
    expect((await activate('short')).status).toBe(400)
    const both = await Promise.all([activate('pass-word'), activate('pass-other')])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
    const good = both.find(({ status }) => status === 200)
    expect((await me(good?.body.token)).body).toMatchObject({ email, firstName: 'Ann' })
    expect((await fetch(link.text, { redirect: 'manual' })).status).toBe(409)
    expect((await activate('pass-third')).body).toEqual(
      envelope(400, 31, 'Unable to find user credentials by activateToken'),
    )
    expect((await tb.tenant.get(`/api/user/${id.id}/activationLink`)).body).toEqual(
      envelope(400, 31, 'User is already activated!'),
    )
  })

  test('may be a second administrator of the tenant', async () => {
    const made = await user({ authority: 'TENANT_ADMIN' })
    expect(made.body).toMatchObject({ authority: 'TENANT_ADMIN', customerId: { id: NULL_UUID } })
  })

  test('is renamed, and nothing else of him changes', async () => {
    const ann = await tb.newCustomer()
    const present = (await tb.tenant.get(`/api/user/${ann.id}`)).body
    const changed = await tb.tenant.post('/api/user', {
      ...present,
      firstName: 'A',
      authority: 'TENANT_ADMIN',
    })
    expect(changed.body).toEqual({ ...present, firstName: 'A' })
  })

  test.each([
    [{ email: '' }, 'User email should be specified!'],
    [{ email: 'no address', authority: 'TENANT_ADMIN' }, 'Invalid email address format!'],
    [{}, "User authority isn't defined!"],
    [{ authority: 'SYS_ADMIN' }, 'User authority is unknown!'],
    [{ authority: 'CUSTOMER_USER' }, 'Customer user should be assigned to customer!'],
    [
      { authority: 'CUSTOMER_USER', customerId: { id: NULL_UUID } },
      'Customer user should be assigned to customer!',
    ],
    [
      { authority: 'CUSTOMER_USER', customerId: { id: 'x' } },
      'User is referencing to non-existent customer!',
    ],
    [
      { email: ADMIN.email, authority: 'TENANT_ADMIN' },
      'User with such email already present in database!',
    ],
  ])('of %p cannot be made: %s', async (more, message) => {
    expect((await user(more)).body).toEqual(envelope(400, 31, message))
  })

  test('sees himself and his own customer, and makes nobody', async () => {
    const [ann, bob] = [await tb.newCustomer(), await tb.newCustomer()]
    const eve = await tb.newCustomer(ann.home)
    expect((await ann.get(`/api/user/${eve.id}`)).status).toBe(200)
    expect((await ann.get(`/api/user/${bob.id}`)).body).toEqual(envelope(403, 20))
    expect((await ann.get(`/api/user/${NULL_UUID}`)).body).toEqual(envelope(404, 32))
    expect(
      (await ann.post('/api/user', { email: 'x@example.com', authority: 'TENANT_ADMIN' })).status,
    ).toBe(403)
    expect((await ann.get(`/api/user/${eve.id}/activationLink`)).status).toBe(403)
    expect((await ann.get(`/api/customer/${ann.home}`)).body).toMatchObject({
      id: { id: ann.home },
    })
    expect((await ann.get(`/api/customer/${bob.home}`)).status).toBe(403)
    expect((await ann.post('/api/customer', { title: 'mine' })).status).toBe(403)
  })
})
