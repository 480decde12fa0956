import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { SignJWT } from 'jose'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())

describe('signing in', () => {
  test('answers a token, its end, and who one is', async () => {
    const reply = await api(server.httpUrl).post(`${V1}/sessions`, ADMIN)
    expect(reply.status).toBe(201)
    expect(reply.headers.get('cache-control')).toBe('no-store')
    expect(reply.body).toEqual({
      token: expect.any(String),
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      user: {
        id: expect.any(String),
        email: ADMIN.email,
        role: 'maker',
        project: expect.any(String),
        home: expect.any(String),
      },
    })
  })

  test('fails in the same words for a wrong password and an unknown address', async () => {
    const wrong = await api(server.httpUrl).post(`${V1}/sessions`, {
      ...ADMIN,
      password: 'wrong-password',
    })
    const unknown = await api(server.httpUrl).post(`${V1}/sessions`, {
      ...ADMIN,
      email: 'nobody@example.com',
    })
    expect([wrong.status, wrong.text]).toEqual([401, unknown.text])
  })

  test('takes the address in any case', async () => {
    const reply = await api(server.httpUrl).post(`${V1}/sessions`, {
      ...ADMIN,
      email: 'ADMIN@LocalHost',
    })
    expect(reply.status).toBe(201)
  })

  test('again within the same second after signing out works, and the old token is dead', async () => {
    const ada = await customer(server.httpUrl)
    const who = { email: ada.email, password: 'customer-password' }
    let token = ada
    for (let round = 0; round < 5; round++) {
      expect((await token.delete(`${V1}/sessions`)).status).toBe(204)
      expect((await token.get(`${V1}/devices`)).status).toBe(401)
      token = { ...ada, ...(await signIn(server.httpUrl, who)) }
      expect((await token.get(`${V1}/devices`)).status).toBe(200)
    }
  })

  test('out ends every token of the user and of nobody else', async () => {
    const ada = await customer(server.httpUrl)
    const other = await signIn(server.httpUrl, { email: ada.email, password: 'customer-password' })
    const bob = await customer(server.httpUrl)
    await other.delete(`${V1}/sessions`)
    expect((await ada.get(`${V1}/devices`)).status).toBe(401)
    expect((await bob.get(`${V1}/devices`)).status).toBe(200)
  })
})

describe('a token', () => {
  const forged = async (
    change: (jwt: SignJWT) => SignJWT,
    key = new Uint8Array(32),
    alg = 'HS256',
  ) =>
    change(new SignJWT({ userId: 'x', prj: 'x', sid: 'x', gen: 0, use: 'access' }))
      .setProtectedHeader({ alg, typ: 'JWT' })
      .sign(key)
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')

  test.each([
    ['that is none', async () => 'nonsense'],
    ['of two dots', async () => '..'],
    ['signed by another key', () => forged((jwt) => jwt.setIssuedAt().setExpirationTime('1h'))],
    [
      'without a signature',
      async () => `${none}.${Buffer.from('{"sub":"x"}').toString('base64url')}.`,
    ],
    ['of a device', async () => (await makeDevice(maker)).token],
    ['of 5 KB', async () => 'a'.repeat(5000)],
  ])('%s opens nothing', async (_, make) => {
    const reply = await api(server.httpUrl, { token: await make() }).get(`${V1}/devices`)
    expect([reply.status, reply.body.reason]).toEqual([401, 'not-permitted'])
  })

  test('whose body was changed opens nothing', async () => {
    const [head, , tail] = (maker.token as string).split('.')
    const body = JSON.parse(
      Buffer.from((maker.token as string).split('.')[1] as string, 'base64url').toString(),
    )
    const changed = Buffer.from(JSON.stringify({ ...body, gen: 99 })).toString('base64url')
    const reply = await api(server.httpUrl, { token: `${head}.${changed}.${tail}` }).get(
      `${V1}/devices`,
    )
    expect(reply.status).toBe(401)
  })
})

describe('accounts', () => {
  test('are made by anyone as customers where sign-up is open', async () => {
    const reply = await api(server.httpUrl).post(`${V1}/users`, {
      email: 'Anna@Example.com',
      password: 'customer-password',
    })
    expect(reply.status).toBe(201)
    expect(reply.body).toEqual({
      id: expect.any(String),
      email: 'anna@example.com',
      role: 'customer',
      home: expect.any(String),
    })
  })

  test('of makers are made by makers only', async () => {
    const wanted = { email: 'evil@example.com', password: 'customer-password', role: 'maker' }
    const ada = await customer(server.httpUrl)
    expect((await api(server.httpUrl).post(`${V1}/users`, wanted)).status).toBe(403)
    expect((await ada.post(`${V1}/users`, wanted)).status).toBe(403)
    const made = await maker.post(`${V1}/users`, { ...wanted, email: 'good@example.com' })
    expect([made.status, made.body.role]).toEqual([201, 'maker'])
  })

  test('have an address of their own, over all projects', async () => {
    const project = await maker.post(`${V1}/projects`, {
      name: 'lamps',
      accounts: 'email',
      provisioning: 'pre',
    })
    const who = { email: 'one@example.com', password: 'customer-password' }
    expect((await maker.post(`${V1}/users`, who)).status).toBe(201)
    const again = await maker.post(`${V1}/users`, {
      ...who,
      email: 'ONE@example.com',
      project: project.body.id,
    })
    expect([again.status, again.body.reason]).toEqual([409, 'name-taken'])
  })

  test.each([
    [{ email: 'x', password: 'customer-password' }],
    [{ email: 'short@example.com', password: 'short' }],
    [{ email: 'long@example.com', password: 'x'.repeat(129) }],
    [{ email: 'extra@example.com', password: 'customer-password', admin: true }],
    [{ email: 'role@example.com', password: 'customer-password', role: 'god' }],
  ])('%j is refused', async (body) => {
    expect((await api(server.httpUrl).post(`${V1}/users`, body)).status).toBe(400)
  })
})

describe('projects', () => {
  test('are founded by a maker of default and keep their devices and people apart', async () => {
    const made = await maker.post(`${V1}/projects`, {
      name: 'pumps',
      accounts: 'email',
      provisioning: 'pre',
      policy: { signUp: false },
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      name: 'pumps',
      number: expect.any(Number),
      policy: { signUp: false, linkTtlMs: 86_400_000 },
    })
    const device = await makeDevice(maker, { name: 'same name' })
    const twin = await makeDevice(maker, { name: 'same name', project: 'pumps' })
    expect(twin.id).not.toBe(device.id)
    const who = { email: 'pumpmaker@example.com', password: 'customer-password' }
    await maker.post(`${V1}/users`, { ...who, role: 'maker', project: 'pumps' })
    const pumpMaker = await signIn(server.httpUrl, who)
    const seen = (await pumpMaker.get(`${V1}/devices`)).body.items.map(
      ({ id }: { id: string }) => id,
    )
    expect(seen).toEqual([twin.id])
    expect((await pumpMaker.get(`${V1}/devices/${device.id}`)).status).toBe(404)
    expect((await pumpMaker.post(`${V1}/devices`, { name: 'x', project: 'default' })).status).toBe(
      404,
    )
    expect(
      (
        await pumpMaker.post(`${V1}/projects`, {
          name: 'x',
          accounts: 'email',
          provisioning: 'pre',
        })
      ).status,
    ).toBe(403)
    expect((await maker.get(`${V1}/devices/${twin.id}`)).status).toBe(200)
    expect(
      (
        await api(server.httpUrl).post(`${V1}/users`, {
          email: 'p@example.com',
          password: 'customer-password',
          project: 'pumps',
        })
      ).status,
    ).toBe(403)
  })

  test('have names of their own', async () => {
    const wanted = { name: 'unique', accounts: 'email', provisioning: 'pre' }
    const both = await Promise.all([
      maker.post(`${V1}/projects`, wanted),
      maker.post(`${V1}/projects`, wanted),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
  })

  test('have keys that are shown once', async () => {
    const made = await maker.post(`${V1}/project-keys`, {
      name: 'backend',
      grants: ['send-commands'],
    })
    expect(made.status).toBe(201)
    expect(made.body).toEqual({ id: expect.any(String), key: expect.stringMatching(/^[\w-]{43}$/) })
    const wrong = await maker.post(`${V1}/project-keys`, {
      name: 'backend',
      grants: ['everything'],
    })
    expect(wrong.status).toBe(400)
  })
})

describe('devices', () => {
  test('are made once under one name, with a credential of 43 characters', async () => {
    const device = await makeDevice(maker, {
      name: 'only one',
      deviceClass: 'lamp',
      tag: 'batch 7',
      ids: { particle: 'ABCDEF0123456789ABCDEF01' },
    })
    expect(device.token).toMatch(/^[\w-]{43}$/)
    expect(device.thingId).toMatch(/^[\w-]{43}$/)
    const again = await maker.post(`${V1}/devices`, { name: 'only one' })
    expect([again.status, again.body.reason]).toEqual([409, 'name-taken'])
    const seen = await maker.get(`${V1}/devices/${device.id}`)
    expect(seen.body).toMatchObject({
      name: 'only one',
      deviceClass: 'lamp',
      tag: 'batch 7',
      claimed: false,
      epoch: 0,
      ids: { particle: 'abcdef0123456789abcdef01' },
    })
    expect(seen.text).not.toContain(device.token)
  })

  test('are not made by customers', async () => {
    const ada = await customer(server.httpUrl)
    expect((await ada.post(`${V1}/devices`, { name: 'mine' })).status).toBe(403)
  })

  test('come in pages', async () => {
    await maker.post(`${V1}/projects`, { name: 'paged', accounts: 'email', provisioning: 'pre' })
    for (let i = 0; i < 7; i++) await makeDevice(maker, { project: 'paged' })
    const ids: string[] = []
    let next: string | undefined = ''
    while (next !== undefined) {
      const after: string = next === '' ? '' : `&after=${next}`
      const page = await maker.get(`${V1}/devices?project=paged&limit=3${after}`)
      expect(page.body.items.length).toBeLessThanOrEqual(3)
      ids.push(...page.body.items.map(({ id }: { id: string }) => id))
      next = page.body.next
    }
    expect(new Set(ids).size).toBe(7)
  })
})

describe('an Idempotency-Key', () => {
  test('gets the same answer for the same request, also the credential that is shown once', async () => {
    const key = { 'idempotency-key': 'make the lamp' }
    const first = await maker.post(`${V1}/devices`, { name: 'idempotent' }, key)
    const second = await maker.post(`${V1}/devices`, { name: 'idempotent' }, key)
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
  })

  test('refuses another request', async () => {
    const key = { 'idempotency-key': 'two bodies' }
    await maker.post(`${V1}/devices`, { name: 'body one' }, key)
    expect((await maker.post(`${V1}/devices`, { name: 'body two' }, key)).status).toBe(422)
  })

  test('belongs to one account', async () => {
    const key = { 'idempotency-key': 'a common key' }
    const ada = await customer(server.httpUrl)
    const bob = await customer(server.httpUrl)
    const device = await makeDevice(maker, { claimCode: 'in the box' })
    const claim = { device: device.id, secret: 'in the box' }
    expect((await ada.post(`${V1}/claims`, claim, key)).status).toBe(201)
    expect((await bob.post(`${V1}/claims`, claim, key)).status).toBe(403)
    expect((await ada.post(`${V1}/claims`, claim, key)).status).toBe(201)
  })

  test('lets one of many equal requests work', async () => {
    const key = { 'idempotency-key': 'at once' }
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => maker.post(`${V1}/devices`, { name: 'at once' }, key)),
    )
    const made = replies.filter(({ status }) => status === 201)
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1)
    expect(replies.every(({ status }) => status === 201 || status === 409)).toBe(true)
  })
})

describe('paths', () => {
  test('that do not exist are said so as a problem', async () => {
    const reply = await maker.get(`${V1}/nothing`)
    expect([reply.status, reply.headers.get('content-type')]).toEqual([
      404,
      expect.stringContaining('application/problem+json'),
    ])
  })

  test.each([
    ['a path that cannot be read', '/api/v1/SEKRET%ff/claim'],
    ['a part of a path too long', `/api/v1/SEKRET${'x'.repeat(2000)}/claim`],
  ])('with %s are refused without saying them again', async (_, path) => {
    const reply = await api(server.httpUrl).post(path, {})
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(reply.status).toBeLessThan(500)
    expect(reply.text).not.toContain('SEKRET')
  })

  test('for health need no account', async () => {
    expect((await api(server.httpUrl).get('/healthz')).status).toBe(200)
    expect((await api(server.httpUrl).get('/readyz')).status).toBe(200)
  })
})
