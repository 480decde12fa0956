import { describe, expect, test } from '@jest/globals'
import { api } from '../support/api.ts'
import { eventually } from '../support/mail.ts'
import {
  asClient,
  basic,
  CONFIRM,
  claimWithCode,
  errorOf,
  form,
  lettersTo,
  newCode,
  newCustomer,
  newDevice,
  newEmail,
  newProduct,
  newUser,
  online,
  PASSWORD,
  token,
} from '../support/particle.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}
const signsIn = async (username: string, password: string, client: Record<string, string> = {}) =>
  (await token(server.httpUrl, { grant_type: 'password', username, password, ...client })).status

/** The token of the only mail to somebody. */
const mailedTo = async (email: string): Promise<string> => {
  await eventually(() => lettersTo(server, email).length > 0)
  return lettersTo(server, email)[0]?.token ?? ''
}

onEachStore(ready, () => {
  describe('a user', () => {
    test('is made with the platform’s answer, also at a path with a slash at its end', async () => {
      const username = newEmail()
      const info = { first_name: 'Jane', last_name: 'Doe' }
      const made = await api(server.httpUrl).post('/v1/users/', {
        ...{ username, password: PASSWORD, account_info: info },
      })
      expect([made.status, made.body]).toEqual([200, { ok: true }])
      const reply = await token(server.httpUrl, {
        ...{ grant_type: 'password', username, password: PASSWORD },
      })
      const user = api(server.httpUrl, { token: reply.body.access_token })
      expect((await user.get('/v1/user')).body).toMatchObject({
        ...{ username, subscription_ids: [], mfa: { enabled: false } },
        account_info: { ...info, business_account: false },
      })
      const again = await api(server.httpUrl).post('/v1/users', { username, password: PASSWORD })
      expect([again.status, again.body]).toEqual([400, errorOf('user_exists')])
    })

    test.each([
      [{}],
      [{ username: 'no e-mail', password: PASSWORD }],
      [{ username: 'a@example.com' }],
      [{ username: 'a@example.com', password: 'short' }],
      [{ username: 'a@example.com', password: 'x'.repeat(129) }],
      [{ username: { $ne: 1 }, password: PASSWORD }],
      [{ username: ['a@example.com'], password: PASSWORD }],
      [{ username: 'a\u0000@example.com', password: PASSWORD }],
    ])('is not made of %j', async (body) => {
      const reply = await api(server.httpUrl).post('/v1/users', body)
      expect([reply.status, reply.body]).toEqual([400, errorOf('invalid_request')])
    })

    test('changes his name, and his password only with the present one', async () => {
      const user = await newUser(server.httpUrl)
      expect((await user.put('/v1/user', { account_info: { first_name: 'J' } })).status).toBe(200)
      expect((await user.get('/v1/user')).body.account_info.first_name).toBe('J')
      const wrong = await user.put('/v1/user', {
        ...{ password: 'another-one', current_password: 'wrong' },
        account_info: { first_name: 'Eve' },
      })
      // Not 401: the platform's clients would sign him out (research/particle.md 1.5).
      expect([wrong.status, wrong.body]).toEqual([403, errorOf('forbidden')])
      expect((await user.get('/v1/user')).body.account_info.first_name).toBe('J')
      const right = await user.put('/v1/user', {
        ...{ password: 'another-one', current_password: PASSWORD, invalidate_tokens: true },
      })
      expect(right.body).toEqual({ ok: true, message: "User's password updated." })
      expect((await user.get('/v1/user')).status).toBe(401)
      expect(await signsIn(user.email, 'another-one')).toBe(200)
    })

    test('ends his account with his password; then nobody can use it', async () => {
      const user = await newUser(server.httpUrl)
      const gone = async (password: string) =>
        fetch(`${server.httpUrl}/v1/user`, {
          method: 'DELETE',
          headers: {
            authorization: `Bearer ${user.accessToken}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ password }),
        })
      expect((await gone('wrong')).status).toBe(403)
      const reply = await gone(PASSWORD)
      expect([reply.status, await reply.json()]).toEqual([
        200,
        { ok: true, message: expect.any(String) },
      ])
      expect((await user.get('/v1/user')).status).toBe(401)
      expect(await signsIn(user.email, PASSWORD)).toBe(400)
    })

    test('gets a new password by mail, once; strangers are not told whether he exists', async () => {
      const user = await newUser(server.httpUrl)
      const ask = (username: string) =>
        api(server.httpUrl).post('/v1/user/password-reset', { username })
      const [known, unknown] = [await ask(user.email), await ask(newEmail())]
      expect([known.status, known.text]).toEqual([unknown.status, unknown.text])
      expect(known.body).toEqual({ ok: true, message: 'Password reset email sent.' })
      const mailed = await mailedTo(user.email)
      const set = (password: string) =>
        api(server.httpUrl).post('/v1/password', { token: mailed, password })
      expect((await set('short')).status).toBe(400)
      expect((await set('the-new-one')).body).toEqual({ ok: true })
      expect((await set('the-next-one')).status).toBe(400)
      expect(await signsIn(user.email, 'the-new-one')).toBe(200)
      expect((await user.get('/v1/user')).status).toBe(401)
    })
  })

  describe('a customer', () => {
    test('is made by a client of the product, 201 with a token of his own', async () => {
      const product = await newProduct(server.httpUrl)
      const email = newEmail().toUpperCase()
      const { id, secret } = product.client
      const made = await form(
        server.httpUrl,
        `/v1/products/${product.slug}/customers`,
        { email, password: PASSWORD, grant_type: 'client_credentials' },
        basic(id, secret),
      )
      expect([made.status, made.body]).toEqual([
        201,
        {
          ...{ token_type: 'bearer', access_token: expect.any(String), expires_in: 7_776_000 },
          ...{ refresh_token: expect.any(String), scope: `customer=${email.toLowerCase()}` },
        },
      ])
      const customer = api(server.httpUrl, { token: made.body.access_token })
      expect((await customer.get('/v1/devices')).body).toEqual([])
      expect(await signsIn(email, PASSWORD, asClient(product))).toBe(200)
      const again = await form(server.httpUrl, `/v1/products/${product.slug}/customers`, {
        ...{ email, password: PASSWORD, ...asClient(product) },
      })
      expect([again.status, again.body]).toEqual([400, errorOf('customer_exists')])
    })

    test('is made as JSON too, by the team, and without a password', async () => {
      const product = await newProduct(server.httpUrl)
      const at = `/v1/products/${product.number}/customers`
      const byTeam = await product.maker.post(at, { email: newEmail(), password: PASSWORD })
      expect(byTeam.status).toBe(201)
      // As Android sends it: research/particle.md 3.5.
      const email = newEmail()
      const android = await api(server.httpUrl, {
        headers: basic(product.client.id, product.client.secret),
      }).post(at, { username: email, email, password: PASSWORD, grant_type: 'client_credentials' })
      expect(android.status).toBe(201)
      const shadow = await form(server.httpUrl, at, {
        ...{ email: 'any-text-will-do', no_password: 'true', ...asClient(product) },
      })
      expect([shadow.status, shadow.body.scope]).toEqual([201, 'customer=any-text-will-do'])
      expect(await signsIn('any-text-will-do', '', asClient(product))).toBe(400)
    })

    test('is not made by who may not', async () => {
      const [product, other] = [await newProduct(server.httpUrl), await newProduct(server.httpUrl)]
      const at = `/v1/products/${product.slug}/customers`
      const body = { email: newEmail(), password: PASSWORD }
      const wrong = { client_id: product.client.id, client_secret: 'wrong' }
      for (const client of [
        wrong,
        asClient(other),
        { client_id: 'particle-api', client_secret: 'x' },
      ]) {
        const reply = await form(server.httpUrl, at, { ...body, ...client })
        expect([reply.status, reply.body]).toEqual([400, errorOf('invalid_client')])
      }
      expect((await form(server.httpUrl, at, body)).status).toBe(401)
      const user = await newUser(server.httpUrl)
      expect((await user.post(at, body)).status).toBe(404)
      const customer = await newCustomer(server.httpUrl, product)
      expect((await customer.post(at, body)).status).toBe(403)
      expect((await form(server.httpUrl, at, { ...asClient(product), email: ' ' })).status).toBe(
        400,
      )
    })

    test('is listed whether or not he has a device, with his devices, by pages', async () => {
      const product = await newProduct(server.httpUrl)
      const [jane, joe] = [
        await newCustomer(server.httpUrl, product),
        await newCustomer(server.httpUrl, product),
      ]
      const device = await newDevice(product.maker, product.slug)
      await claimWithCode(server, device, jane, product.slug)
      const at = `/v1/products/${product.slug}/customers`
      const { body } = await product.maker.get(at)
      expect(body.customers).toHaveLength(2)
      expect(body.customers).toContainEqual({
        ...{ id: expect.any(String), full_name: null, username: jane.email },
        devices: [device.particleId],
      })
      expect(body.customers).toContainEqual(
        expect.objectContaining({ username: joe.email, devices: [] }),
      )
      expect(body.devices).toEqual([
        expect.objectContaining({ id: device.particleId, product_id: product.number }),
      ])
      expect(body.meta).toEqual({ total_pages: 1 })
      const page = await product.maker.get(`${at}?page=2&per_page=1`)
      expect([page.body.customers.length, page.body.meta]).toEqual([1, { total_pages: 2 }])
      expect((await product.maker.get(`${at}?page=x`)).status).toBe(400)
      expect((await jane.get(at)).status).toBe(403)
    })

    test('gets a new password from the team', async () => {
      const product = await newProduct(server.httpUrl)
      const jane = await newCustomer(server.httpUrl, product)
      const at = `/v1/products/${product.slug}/customers`
      expect((await jane.put(`${at}/${jane.email}`, { password: 'of-her-own' })).status).toBe(403)
      const changed = await product.maker.put(`${at}/${jane.email}`, { password: 'another-one' })
      expect([changed.status, changed.body]).toEqual([200, { ok: true }])
      expect(await signsIn(jane.email, 'another-one', asClient(product))).toBe(200)
      expect((await jane.get('/v1/devices')).status).toBe(401)
      const nobody = await product.maker.put(`${at}/no@example.com`, { password: 'another-one' })
      expect([nobody.status, nobody.body]).toEqual([404, errorOf('customer_not_found')])
    })

    test.each(['products', 'orgs'])('gets one by mail through /v1/%s', async (kind) => {
      const product = await newProduct(server.httpUrl)
      const jane = await newCustomer(server.httpUrl, product)
      const at = `/v1/${kind}/${product.slug}/customers/reset_password`
      const asked = await form(server.httpUrl, at, { email: jane.email })
      expect([asked.status, asked.body]).toEqual([200, { ok: true }])
      const unknown = await form(server.httpUrl, at, { email: newEmail() })
      expect([unknown.status, unknown.text]).toEqual([200, asked.text])
      const fields = { token: await mailedTo(jane.email), password: 'the-new-one' }
      expect((await form(server.httpUrl, '/v1/password', fields)).status).toBe(200)
      expect(await signsIn(jane.email, 'the-new-one', asClient(product))).toBe(200)
    })

    test('who is deleted leaves no token, no open code and no device behind', async () => {
      const product = await newProduct(server.httpUrl)
      const jane = await newCustomer(server.httpUrl, product)
      const [owned, next] = [
        await newDevice(product.maker, product.slug),
        await newDevice(product.maker, product.slug),
      ]
      await claimWithCode(server, owned, jane, product.slug)
      const code = await newCode(jane, product.slug)
      const at = `/v1/products/${product.slug}/customers/${jane.email}`
      expect((await product.maker.delete(at)).body).toEqual({ ok: true })
      expect((await jane.get('/v1/devices')).status).toBe(401)
      expect(await signsIn(jane.email, PASSWORD, asClient(product))).toBe(400)
      const seen = await product.maker.get(`/v1/products/${product.slug}/devices`)
      expect(seen.body.devices.map(({ owner }: { owner: unknown }) => owner)).toEqual([null, null])
      const device = await online(server, next)
      await device.present(code)
      const other = await newCode(await newCustomer(server.httpUrl, product), product.slug)
      await device.present(other)
      // One confirmation, of the second code.
      expect(await device.nextText(CONFIRM)).toBe('')
      await expect(device.nextText(CONFIRM, 100)).rejects.toThrow('nothing came')
      await device.end()
      expect((await product.maker.delete(at)).status).toBe(404)
    })
  })

  describe('a client of a product', () => {
    test('is made by the team, listed without its secret, and ends', async () => {
      const product = await newProduct(server.httpUrl)
      const at = `/v1/products/${product.slug}/clients`
      const made = await product.maker.post(at, { name: 'MyApp', type: 'installed' })
      expect([made.status, made.body]).toMatchObject([
        200,
        { ok: true, name: 'MyApp', type: 'installed', client: { name: 'MyApp' } },
      ])
      const { id, secret } = made.body
      const asked = { client_id: id, client_secret: secret, grant_type: 'client_credentials' }
      const team = await form(server.httpUrl, '/oauth/token', asked)
      expect(team.status).toBe(200)
      expect(JSON.stringify((await product.maker.get(at)).body)).not.toContain(secret)
      expect((await product.maker.delete(`${at}/${id}`)).body).toEqual({ ok: true })
      const asTeam = api(server.httpUrl, { token: team.body.access_token })
      expect((await asTeam.get(at)).status).toBe(401)
      expect((await form(server.httpUrl, '/oauth/token', asked)).status).toBe(400)
      expect((await product.maker.delete(`${at}/${id}`)).status).toBe(404)
    })

    test('of an app may make customers and nothing else', async () => {
      const product = await newProduct(server.httpUrl)
      const at = `/v1/products/${product.slug}/clients`
      for (const scope of ['customers=create', { customers: 'create' }]) {
        const made = await product.maker.post(at, { name: 'App', type: 'web', scope })
        const client = { client_id: made.body.id, client_secret: made.body.secret }
        const customers = `/v1/products/${product.slug}/customers`
        const body = { email: newEmail(), password: PASSWORD, ...client }
        expect((await form(server.httpUrl, customers, body)).status).toBe(201)
        const team = { grant_type: 'client_credentials', ...client }
        expect((await form(server.httpUrl, '/oauth/token', team)).body).toEqual(
          errorOf('unauthorized_client'),
        )
      }
    })

    test.each([[{}], [{ name: 'a' }], [{ name: 'a', type: 'b' }], [{ type: 'web' }]])(
      'is not made of %j',
      async (body) => {
        const product = await newProduct(server.httpUrl)
        const reply = await product.maker.post(`/v1/products/${product.slug}/clients`, body)
        expect([reply.status, reply.body]).toEqual([400, errorOf('invalid_request')])
      },
    )
  })
})
