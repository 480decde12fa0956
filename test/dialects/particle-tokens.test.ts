import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { silentLog } from '../../shared/log.ts'
import { MOST_TOKENS, NEVER } from '../../shared/registry/access-tokens.ts'
import { openStore } from '../../shared/store/open.ts'
import { api, signIn } from '../support/api.ts'
import {
  asClient,
  basic,
  errorOf,
  form,
  newCustomer,
  newDevice,
  newEmail,
  newProduct,
  newUser,
  PASSWORD,
  token,
} from '../support/particle.ts'
import { partsOn } from '../support/parts.ts'
import { ADMIN, type TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}
const password = (username: string, more: Record<string, string> = {}) => ({
  ...{ grant_type: 'password', username, password: PASSWORD },
  ...more,
})
const isGood = async (accessToken: string) =>
  (await api(server.httpUrl, { token: accessToken }).get('/v1/user')).status === 200

onEachStore(ready, () => {
  test('a user signs in with the members that the platform documents', async () => {
    const { email } = await newUser(server.httpUrl)
    const reply = await token(server.httpUrl, password(email.toUpperCase()))
    expect([reply.status, reply.body]).toEqual([
      200,
      {
        token_type: 'bearer',
        access_token: expect.any(String),
        expires_in: 7_776_000,
        refresh_token: expect.any(String),
      },
    ])
    expect(reply.headers.get('cache-control')).toBe('no-store')
  })

  test('client credentials may stand in a Basic header, and any id will do for a user', async () => {
    const { email } = await newUser(server.httpUrl)
    for (const header of [basic('particle', 'particle'), basic('spark-android-app-1234', 'x')]) {
      const reply = await form(server.httpUrl, '/oauth/token', password(email), header)
      expect(reply.status).toBe(200)
    }
    const without = await form(server.httpUrl, '/oauth/token', password(email))
    expect([without.status, without.body]).toEqual([400, errorOf('invalid_client')])
  })

  test.each([
    [{ grant_type: 'password', username: 'nobody@example.com', password: 'x' }, 'invalid_grant'],
    [{ grant_type: 'password', username: ADMIN.email, password: 'wrong' }, 'invalid_grant'],
    [{ grant_type: 'password', username: ADMIN.email }, 'invalid_grant'],
    [{ grant_type: 'password' }, 'invalid_grant'],
    [{ grant_type: 'client_credentials' }, 'invalid_client'],
    [{ grant_type: 'refresh_token', refresh_token: 'x' }, 'invalid_grant'],
    [{ grant_type: 'refresh_token' }, 'invalid_grant'],
    [{ grant_type: 'urn:custom:mfa-otp', mfa_token: 'x', otp: '1' }, 'invalid_grant'],
    [{}, 'unsupported_grant_type'],
    [
      { ...{ grant_type: 'password', username: 'a', password: 'b' }, expires_in: '-1' },
      'invalid_request',
    ],
    [
      { ...{ grant_type: 'password', username: 'a', password: 'b' }, expires_in: 'soon' },
      'invalid_request',
    ],
    [
      { ...{ grant_type: 'password', username: 'a', password: 'b' }, expires_at: '2001-01-01' },
      'invalid_request',
    ],
  ])('what cannot be granted is 400: %j', async (fields, error) => {
    const reply = await token(server.httpUrl, fields as Record<string, string>)
    expect([reply.status, reply.body]).toEqual([400, errorOf(error)])
    expect(reply.text).not.toMatch(/access token/i)
  })

  test('a parameter that is given twice counts as not given', async () => {
    const { email } = await newUser(server.httpUrl)
    const reply = await fetch(`${server.httpUrl}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `client_id=a&client_secret=a&grant_type=password&username=${email}&password=x&password=${PASSWORD}`,
    })
    expect(reply.status).toBe(400)
  })

  test('a token is native too, and a native one is good here', async () => {
    const { accessToken, email } = await newUser(server.httpUrl)
    const native = api(server.httpUrl, { token: accessToken })
    expect((await native.get('/latchkey/v1/devices')).body).toEqual({ items: [] })
    const maker = await signIn(server.httpUrl, { email, password: PASSWORD })
    expect((await maker.get('/v1/user')).body).toMatchObject({ username: email })
  })

  test('expires_in is honoured, and 0 is for ever', async () => {
    const { email } = await newUser(server.httpUrl)
    const short = await token(server.httpUrl, password(email, { expires_in: '1' }))
    expect(short.body.expires_in).toBe(1)
    const until = Date.now() + 10_000
    while (await isGood(short.body.access_token)) expect(Date.now()).toBeLessThan(until)
    // What renews it outlives it.
    const renewed = await token(server.httpUrl, {
      ...{ grant_type: 'refresh_token', refresh_token: short.body.refresh_token },
    })
    expect(renewed.status).toBe(200)
    const long = await token(server.httpUrl, password(email, { expires_in: '0' }))
    const current = await api(server.httpUrl, { token: long.body.access_token }).get(
      '/v1/access_tokens/current',
    )
    expect(current.body.expires_at).toBeNull()
  })

  test('expires_at is a date', async () => {
    const { email } = await newUser(server.httpUrl)
    const at = new Date(Date.now() + 3_600_000).toISOString()
    const reply = await token(server.httpUrl, password(email, { expires_at: at }))
    const current = await api(server.httpUrl, { token: reply.body.access_token }).get(
      '/v1/access_tokens/current',
    )
    expect(current.body).toEqual({
      ...{ expires_at: at, client: 'particle-api', client_id: 'particle-api' },
      ...{ scopes: [], orgs: [] },
    })
  })

  test('the tokens of a user are listed with his password, each ends alone', async () => {
    const { email, accessToken } = await newUser(server.httpUrl)
    const other = (await token(server.httpUrl, password(email))).body.access_token
    const list = () =>
      api(server.httpUrl, { headers: basic(email, PASSWORD) }).get('/v1/access_tokens')
    const tokens = (await list()).body.map((one: { token: string }) => one.token)
    expect(new Set(tokens)).toEqual(new Set([accessToken, other]))
    expect((await list()).body[0]).toEqual({
      ...{ token: expect.any(String), client: 'particle-api', expires_at: expect.any(String) },
    })
    // research/particle.md 6.10: the newest client shows nothing but the token itself.
    const gone = await api(server.httpUrl).delete(`/v1/access_tokens/${other}`)
    expect([gone.status, gone.body]).toEqual([200, { ok: true }])
    expect([await isGood(other), await isGood(accessToken)]).toEqual([false, true])
    expect((await list()).body).toHaveLength(1)
    const again = await api(server.httpUrl).delete(`/v1/access_tokens/${other}`)
    expect([again.status, again.body]).toEqual([200, { ok: true }])
    const wrong = await api(server.httpUrl, { headers: basic(email, 'x') }).get('/v1/access_tokens')
    expect(wrong.status).toBe(401)
  })

  test('the current token ends with what would renew it; the others stay', async () => {
    const user = await newUser(server.httpUrl)
    const other = (await token(server.httpUrl, password(user.email))).body.access_token
    expect((await user.delete('/v1/access_tokens/current')).body).toEqual({ ok: true })
    expect([await isGood(user.accessToken), await isGood(other)]).toEqual([false, true])
    const renewed = await token(server.httpUrl, {
      ...{ grant_type: 'refresh_token', refresh_token: user.renewal },
    })
    expect(renewed.status).toBe(400)
  })

  test('all tokens of a user end at once, native ones too', async () => {
    const user = await newUser(server.httpUrl)
    const native = await signIn(server.httpUrl, { email: user.email, password: PASSWORD })
    expect((await user.delete('/v1/access_tokens')).body).toEqual({ ok: true })
    expect(await isGood(user.accessToken)).toBe(false)
    expect((await native.get('/latchkey/v1/devices')).status).toBe(401)
    const after = await api(server.httpUrl, { headers: basic(user.email, PASSWORD) }).get(
      '/v1/access_tokens',
    )
    expect(after.body).toEqual([])
  })

  test('what was dead before is not brought back by being listed', async () => {
    const user = await newUser(server.httpUrl)
    const native = await signIn(server.httpUrl, { email: user.email, password: PASSWORD })
    await native.delete('/latchkey/v1/sessions')
    const listed = await api(server.httpUrl, { headers: basic(user.email, PASSWORD) }).get(
      '/v1/access_tokens',
    )
    expect(listed.body).toEqual([])
  })

  describe('a refresh token', () => {
    const renew = (refreshToken: string, more: Record<string, string> = {}) =>
      token(server.httpUrl, { grant_type: 'refresh_token', refresh_token: refreshToken, ...more })

    test('is good once, and leaves the token it came with', async () => {
      const user = await newUser(server.httpUrl)
      const renewed = await renew(user.renewal)
      expect(renewed.status).toBe(200)
      expect([await isGood(user.accessToken), await isGood(renewed.body.access_token)]).toEqual([
        true,
        true,
      ])
    })

    // RFC 9700 4.14.2.
    test('that is shown again ends everything that came of it', async () => {
      const user = await newUser(server.httpUrl)
      const stranger = (await token(server.httpUrl, password(user.email))).body.access_token
      const renewed = (await renew(user.renewal)).body
      expect((await renew(user.renewal)).status).toBe(400)
      expect(await isGood(user.accessToken)).toBe(false)
      expect(await isGood(renewed.access_token)).toBe(false)
      expect((await renew(renewed.refresh_token)).status).toBe(400)
      expect(await isGood(stranger)).toBe(true)
    })

    test('is no access token, nor the other way round, and belongs to its client', async () => {
      const user = await newUser(server.httpUrl)
      expect(await isGood(user.renewal)).toBe(false)
      expect((await renew(user.accessToken)).status).toBe(400)
      expect((await renew(user.renewal, { client_id: 'another' })).status).toBe(400)
      expect((await renew(user.renewal)).status).toBe(200)
    })

    test('of twenty at once, one is granted at most', async () => {
      const user = await newUser(server.httpUrl)
      const replies = await Promise.all(Array.from({ length: 20 }, () => renew(user.renewal)))
      expect(replies.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    })
  })

  describe('a product’s client', () => {
    test('runs the product with its own token, and nothing else', async () => {
      const [product, other] = [await newProduct(server.httpUrl), await newProduct(server.httpUrl)]
      const reply = await token(server.httpUrl, {
        ...{ grant_type: 'client_credentials' },
        ...asClient(product),
      })
      expect(reply.status).toBe(200)
      const team = api(server.httpUrl, { token: reply.body.access_token })
      expect((await team.get(`/v1/products/${product.slug}/devices`)).status).toBe(200)
      expect((await team.get(`/v1/products/${product.number}/devices`)).status).toBe(200)
      const foreign = await team.get(`/v1/products/${other.slug}/devices`)
      expect([foreign.status, foreign.body]).toEqual([404, errorOf('product_not_found')])
      // It is nobody who could own a device: research/particle.md 5.9.
      const device = await newDevice(product.maker, product.slug)
      for (const [path, body] of [
        ['/v1/device_claims', {}],
        [`/v1/products/${product.slug}/device_claims`, {}],
        ['/v1/devices', { id: device.particleId }],
      ] as const) {
        const claim = await team.post(path, body)
        expect([path, claim.status, claim.body]).toEqual([path, 403, errorOf('forbidden')])
        expect(claim.body.error_description).toContain('customer')
      }
    })

    test('acts for a customer, in either spelling of the scope', async () => {
      const product = await newProduct(server.httpUrl)
      const { email } = await newCustomer(server.httpUrl, product)
      const reply = await token(server.httpUrl, {
        ...{ grant_type: 'client_credentials', scope: `customer=${email}`, ...asClient(product) },
      })
      expect([reply.status, reply.body.scope]).toEqual([200, `customer=${email}`])
      const raw = await fetch(`${server.httpUrl}/oauth/token`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...basic(product.client.id, product.client.secret),
        },
        // As curl -d sends it: research/particle.md 1.1.
        body: `grant_type=client_credentials&scope=customer=${email}`,
      })
      expect(raw.status).toBe(200)
      const nobody = await token(server.httpUrl, {
        ...{ grant_type: 'client_credentials', scope: 'customer=no@example.com' },
        ...asClient(product),
      })
      expect([nobody.status, nobody.body]).toEqual([400, errorOf('invalid_scope')])
    })

    test('with a wrong secret is 400, whatever it asks for', async () => {
      const product = await newProduct(server.httpUrl)
      for (const grant_type of ['password', 'client_credentials', 'refresh_token']) {
        const client = { client_id: product.client.id, client_secret: 'wrong' }
        const reply = await token(server.httpUrl, { grant_type, ...client })
        expect([reply.status, reply.body]).toEqual([400, errorOf('invalid_client')])
      }
    })

    test('without the grant may not', async () => {
      const product = await newProduct(server.httpUrl)
      const made = await product.maker.post('/latchkey/v1/oauth-clients', {
        ...{ project: product.slug, grants: ['customers:create'] },
      })
      expect(made.status).toBe(201)
      const few = { client_id: made.body.id, client_secret: made.body.secret }
      for (const scope of ['', 'customer=a@example.com']) {
        const fields = { grant_type: 'client_credentials', scope, ...few }
        const reply = await token(server.httpUrl, fields)
        expect([reply.status, reply.body]).toEqual([400, errorOf('unauthorized_client')])
      }
    })

    test('signs in that product’s customers alone, any other client only users', async () => {
      const [product, other] = [await newProduct(server.httpUrl), await newProduct(server.httpUrl)]
      const email = newEmail()
      const make = (of: typeof product, password: string) =>
        form(server.httpUrl, `/v1/products/${of.slug}/customers`, {
          ...{ email, password, ...asClient(of) },
        })
      // research/particle.md 2.3: one e-mail, three accounts.
      await api(server.httpUrl).post('/v1/users', { username: email, password: 'of-the-user' })
      expect((await make(product, 'of-the-first')).status).toBe(201)
      expect((await make(other, 'of-the-second')).status).toBe(201)
      const asks = async (password: string, client: Record<string, string> = {}) =>
        (
          await token(server.httpUrl, {
            grant_type: 'password',
            username: email,
            password,
            ...client,
          })
        ).status
      expect(await asks('of-the-user')).toBe(200)
      expect(await asks('of-the-first', asClient(product))).toBe(200)
      expect(await asks('of-the-second', asClient(other))).toBe(200)
      expect(await asks('of-the-first')).toBe(400)
      expect(await asks('of-the-user', asClient(product))).toBe(400)
      expect(await asks('of-the-second', asClient(product))).toBe(400)
    })

    test('that is gone signs nobody in, renews nothing, and takes its tokens along', async () => {
      const product = await newProduct(server.httpUrl)
      const customer = await newCustomer(server.httpUrl, product)
      const own = asClient(product)
      const theirs = await token(server.httpUrl, {
        ...{ grant_type: 'client_credentials', scope: `customer=${customer.email}`, ...own },
      })
      const user = await newUser(server.httpUrl)
      expect(await isGood(theirs.body.access_token)).toBe(true)
      const at = `/v1/products/${product.slug}/clients/${product.client.id}`
      expect((await product.maker.delete(at)).status).toBe(200)
      expect(await isGood(theirs.body.access_token)).toBe(false)
      expect(await isGood(customer.accessToken)).toBe(false)
      const renewal = { grant_type: 'refresh_token', refresh_token: theirs.body.refresh_token }
      for (const fields of [renewal, password(user.email), password(customer.email)])
        for (const shown of [own, { ...own, client_secret: '' }]) {
          const reply = await token(server.httpUrl, { ...fields, ...shown })
          expect([reply.status, reply.body]).toEqual([400, errorOf('invalid_client')])
        }
      expect(await isGood(user.accessToken)).toBe(true)
    })

    test('belongs to a product, and only makers have one made', async () => {
      const maker = await signIn(server.httpUrl)
      const body = { project: 'default', grants: ['product'] }
      expect((await maker.post('/latchkey/v1/oauth-clients', body)).status).toBe(400)
      const product = await newProduct(server.httpUrl)
      const wanted = { project: product.slug, grants: ['product'] }
      const customer = await newCustomer(server.httpUrl, product)
      expect((await customer.post('/latchkey/v1/oauth-clients', wanted)).status).toBe(403)
      const unknown = { project: product.slug, grants: ['everything'] }
      expect((await maker.post('/latchkey/v1/oauth-clients', unknown)).status).toBe(400)
    })
  })

  describe('without a good token', () => {
    test.each([
      ['GET', '/v1/devices'],
      ['POST', '/v1/devices'],
      ['POST', '/v1/device_claims'],
      ['GET', '/v1/devices/0123456789abcdef01234567'],
      ['DELETE', '/v1/devices/0123456789abcdef01234567'],
      ['GET', '/v1/devices/events'],
      ['GET', '/v1/products/nothing/devices'],
      ['GET', '/v1/products/nothing/customers'],
      ['POST', '/v1/products/nothing/device_claims'],
      ['GET', '/v1/user'],
      ['GET', '/v1/access_tokens/current'],
      ['DELETE', '/v1/access_tokens'],
    ])('%s %s is 401', async (method, path) => {
      for (const authorization of ['', 'Bearer x', 'Bearer', 'Basic eDp5', 'Bearer a b']) {
        const reply = await fetch(`${server.httpUrl}${path}`, {
          method,
          headers: { authorization },
        })
        expect([reply.status, await reply.json()]).toEqual([401, errorOf('invalid_token')])
      }
    })

    test('the token may stand in the query or in a form, as old clients send it', async () => {
      const { accessToken } = await newUser(server.httpUrl)
      const path = `/v1/devices?access_token=${accessToken}`
      expect((await api(server.httpUrl).get(path)).status).toBe(200)
      const inForm = { access_token: accessToken }
      expect((await form(server.httpUrl, '/v1/device_claims', inForm)).status).toBe(200)
    })
  })
})

test('an account has 200 tokens; one more ends the one that would end first, and no other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tokens-'))
  const store = await openStore({ url: `embedded:${folder}`, log: silentLog })
  const { registry, clock } = await partsOn(store)
  const { accessTokens, sessions, users } = registry
  const user = await users.findByEmail(ADMIN.email)
  if (user === undefined) throw new Error('there is no first maker')
  const isGood = async (text: string) => (await sessions.check(text)) !== undefined
  const first = await accessTokens.open(user, 'cli', clock.now + 3_600_000)
  // What renews a token lives for 14 days: only what ends later than that comes behind it.
  const second = await accessTokens.open(user, 'cli', NEVER)
  for (let made = 2; made < MOST_TOKENS; made += 1) await accessTokens.open(user, 'cli', NEVER)
  expect([await isGood(first.token), (await accessTokens.list(user)).length]).toEqual([true, 200])
  await accessTokens.open(user, 'cli', NEVER)
  expect([await isGood(first.token), await isGood(second.token)]).toEqual([false, true])
  expect(await accessTokens.list(user)).toHaveLength(MOST_TOKENS)
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})
