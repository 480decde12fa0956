import { describe, expect, test } from '@jest/globals'
import { api, customer, makeDevice, signIn } from '../support/api.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'
import { activate, BAD_SESSION, newCodes, newLinkId, register } from '../support/thethings.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}

const linked = (thingId: string) => `{"status":"success","message":"linked","thingId":"${thingId}"}`
const unlinked = (thingId: string) =>
  `{"status":"success","message":"unlinked","thingId":"${thingId}"}`
const WAITING_FOR_APP = '{"status":"success","message":"waiting for app"}'
const WAITING_FOR_THING = '{"status":"success","message":"waiting for thing"}'
const errorOf = (code: number) => ({ status: 'error', code, message: expect.any(String) })

const form = (path: string, fields: Record<string, string>) =>
  fetch(`${server.httpUrl}${path}`, { method: 'POST', body: new URLSearchParams(fields) })

onEachStore(ready, () => {
  describe('activating a thing', () => {
    test('a code makes one thing, whose token and id have 43 characters', async () => {
      const [activationCode] = await newCodes(server.httpUrl)
      const thing = await api(server.httpUrl).post('/v2/things', { activationCode, productId: '7' })
      expect(thing.status).toBe(201)
      expect(thing.text).toMatch(
        /^\{"status":"created","thingToken":"[\w-]{43}","thingId":"[\w-]{43}"\}$/,
      )
      const again = await api(server.httpUrl).post('/v2/things/', { activationCode })
      expect([again.status, again.body]).toEqual([400, errorOf(400)])
      const maker = await signIn(server.httpUrl)
      const seen = await maker.get(`/latchkey/v1/devices/${thing.body.thingId}`)
      expect(seen.body).toMatchObject({ name: thing.body.thingId, thingId: thing.body.thingId })
    })

    test('of twenty that use one code at once, one gets a thing', async () => {
      const [activationCode] = await newCodes(server.httpUrl)
      const replies = await Promise.all(
        Array.from({ length: 20 }, () =>
          api(server.httpUrl).post('/v2/things', { activationCode }),
        ),
      )
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(1)
      expect(replies.filter(({ status }) => status === 400)).toHaveLength(19)
    })

    test('only a maker gets codes, and only so many at once', async () => {
      const maker = await signIn(server.httpUrl)
      const codes = '/latchkey/v1/activation-codes'
      expect((await maker.post(codes, { count: 3 })).body.codes).toHaveLength(3)
      for (const count of [0, 1001, 1.5, '1'])
        expect((await maker.post(codes, { count })).status).toBe(400)
      expect((await (await customer(server.httpUrl)).post(codes, { count: 1 })).status).toBe(403)
      expect((await maker.post(codes, { count: 1, project: 'nowhere' })).status).toBe(404)
    })

    test('a project’s code makes a thing of that project, and a web form can bring it', async () => {
      const maker = await signIn(server.httpUrl)
      const name = `scales-${Math.random()}`
      const project = { name, accounts: 'email', provisioning: 'pre' }
      expect((await maker.post('/latchkey/v1/projects', project)).status).toBe(201)
      const made = await maker.post('/latchkey/v1/activation-codes', { count: 1, project: name })
      const reply = await form('/v2/things', { activationCode: made.body.codes[0] })
      expect(reply.status).toBe(201)
      const { thingToken } = (await reply.json()) as { thingToken: string }
      const stranger = await register(server.httpUrl)
      expect((await stranger.post('/v2/me/things', { thingToken })).status).toBe(404)
    })
  })

  describe('an app’s user', () => {
    test('is signed in by registering, once', async () => {
      const body = { email: `${newLinkId()}@x.org`, password: 'user-password', app: 'default' }
      const made = await api(server.httpUrl).post('/v2/register', body)
      expect([made.status, made.body]).toEqual([
        201,
        { status: 'success', message: 'created', token: expect.any(String) },
      ])
      const again = await api(server.httpUrl).post('/v2/register', body)
      expect([again.status, again.body]).toEqual([400, errorOf(400)])
    })

    test('signs in with JSON or a web form, and speaks with the bare token or as Bearer', async () => {
      const user = await register(server.httpUrl)
      const who = { email: user.email, password: 'user-password', app: 'default' }
      const reply = await api(server.httpUrl).post('/v2/login', who)
      expect([reply.status, reply.body.status]).toEqual([200, 'success'])
      const byForm = (await (await form('/v2/login/', who)).json()) as { token: string }
      for (const authorization of [
        reply.body.token,
        byForm.token,
        `Bearer ${byForm.token}`,
        (await signIn(server.httpUrl, { email: user.email, password: who.password })).token ?? '',
      ]) {
        const mine = await api(server.httpUrl).get('/v2/me/things?', { authorization })
        expect([mine.status, mine.text]).toEqual([200, '[]'])
      }
      for (const wrong of [
        { ...who, password: 'wrong-password' },
        { ...who, app: 'nowhere' },
        { ...who, email: 'nobody@x.org' },
      ]) {
        const refused = await api(server.httpUrl).post('/v2/login', wrong)
        expect([refused.status, refused.body]).toEqual([401, errorOf(401)])
      }
    })

    test('cannot register without an app, in an unknown one, or where sign-up is closed', async () => {
      const maker = await signIn(server.httpUrl)
      const project = (policy: object, accounts = 'email') => ({
        ...{ name: `p-${Math.random()}`, accounts, provisioning: 'pre', policy },
      })
      const closed = await maker.post('/latchkey/v1/projects', project({ signUp: false }))
      const phone = await maker.post('/latchkey/v1/projects', project({}, 'phone'))
      const who = { email: `${newLinkId()}@x.org`, password: 'user-password' }
      const tries: [object, number][] = [
        [who, 400],
        [{ ...who, app: 'nowhere' }, 400],
        [{ ...who, app: closed.body.id }, 403],
        [{ ...who, app: phone.body.id }, 403],
        [{ ...who, email: 'x', app: 'default' }, 400],
        [{ ...who, password: 'short', app: 'default' }, 400],
      ]
      for (const [body, status] of tries) {
        const reply = await api(server.httpUrl).post('/v2/register', body)
        expect([body, reply.status, reply.body]).toEqual([body, status, errorOf(status)])
      }
    })

    test.each([undefined, 'x', 'Bearer', 'Basic YTpi', 'Bearer a.b.c'])(
      'with the session %j hears the platform’s own words, before anything is read',
      async (authorization) => {
        const nobody = api(server.httpUrl, authorization ? { headers: { authorization } } : {})
        for (const reply of [
          await nobody.get('/v2/'),
          await nobody.get('/v2/me/things'),
          await nobody.post('/v2/me/things', {}),
          await nobody.post('/v2/me/things/link-id', { linkId: 'x' }),
          await nobody.delete('/v2/me/things/x'),
          await nobody.get('/v2/me/resources'),
          await nobody.get('/v2/me/resources/x'),
          await nobody.get('/v2/me/resources/x/y'),
          await nobody.post('/v2/me/resources/x/y', { values: [] }),
        ])
          expect([reply.status, reply.text]).toEqual([401, BAD_SESSION])
      },
    )
  })

  describe('linking with the thing’s token', () => {
    test('links, again and again for its owner, and never for another', async () => {
      const { thingToken, thingId } = await activate(server.httpUrl)
      const [ada, eve] = [await register(server.httpUrl), await register(server.httpUrl)]
      for (let times = 0; times < 2; times++) {
        const reply = await ada.post('/v2/me/things', { thingToken })
        expect([reply.status, reply.text]).toEqual([200, linked(thingId)])
      }
      const other = await eve.post('/v2/me/things', { thingToken })
      expect([other.status, other.body]).toEqual([403, errorOf(403)])
      const unknown = await eve.post('/v2/me/things', { thingToken: 'A'.repeat(43) })
      expect([unknown.status, unknown.body]).toEqual([404, errorOf(404)])
      const mine = await ada.get('/v2/me/things/')
      expect(mine.text).toBe(`[{"_id":"${thingId}","thingId":"${thingId}","name":"${thingId}"}]`)
      expect(mine.text).not.toContain(thingToken)
      expect((await eve.get('/v2/me/things')).text).toBe('[]')
    })

    test('is 429 with Retry-After after too many wrong tokens', async () => {
      const eve = await register(server.httpUrl)
      const guess = () => eve.post('/v2/me/things', { thingToken: 'B'.repeat(43) })
      let reply = await guess()
      for (let times = 0; times < 50 && reply.status === 404; times++) reply = await guess()
      expect([reply.status, reply.body]).toEqual([429, errorOf(429)])
      expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
    })
  })

  describe('linking with a shared id', () => {
    test('an app that comes first waits for the thing, and hears it by asking again', async () => {
      const { thingToken, thingId } = await activate(server.httpUrl)
      const ada = await register(server.httpUrl)
      const linkId = newLinkId()
      const app = () => ada.post('/v2/me/things/link-id', { linkId })
      const thing = () => api(server.httpUrl).post(`/v2/things/${thingToken}/link-id`, { linkId })
      for (let times = 0; times < 2; times++) {
        const waits = await app()
        expect([waits.status, waits.text]).toEqual([200, WAITING_FOR_THING])
      }
      for (const second of [await thing(), await thing(), await app(), await app()])
        expect([second.status, second.text]).toEqual([200, linked(thingId)])
      expect((await ada.get('/v2/me/things')).body).toHaveLength(1)
    })

    test('a thing that comes first waits for the app, and hears it by asking again', async () => {
      const { thingToken, thingId } = await activate(server.httpUrl)
      const ada = await register(server.httpUrl)
      const body = { linkId: newLinkId() }
      const thing = () => form(`/v2/things/${thingToken}/link-id/`, body)
      const waits = await thing()
      expect([waits.status, await waits.text()]).toEqual([200, WAITING_FOR_APP])
      const app = await ada.post('/v2/me/things/link-id', body)
      expect([app.status, app.text]).toEqual([200, linked(thingId)])
      expect(await (await thing()).text()).toBe(linked(thingId))
    })

    test('that two users wait with links nobody', async () => {
      const { thingToken } = await activate(server.httpUrl)
      const [ada, eve] = [await register(server.httpUrl), await register(server.httpUrl)]
      const body = { linkId: newLinkId() }
      expect((await ada.post('/v2/me/things/link-id', body)).text).toBe(WAITING_FOR_THING)
      const path = `/v2/things/${thingToken}/link-id`
      for (const reply of [
        await eve.post('/v2/me/things/link-id', body),
        await api(server.httpUrl).post(path, body),
        await ada.post('/v2/me/things/link-id', body),
      ])
        expect([reply.status, reply.body]).toEqual([403, errorOf(403)])
      expect((await ada.get('/v2/me/things')).text).toBe('[]')
    })

    test('that two things wait with links nobody', async () => {
      const [one, two] = [await activate(server.httpUrl), await activate(server.httpUrl)]
      const ada = await register(server.httpUrl)
      const body = { linkId: newLinkId() }
      const thing = (token: string) => api(server.httpUrl).post(`/v2/things/${token}/link-id`, body)
      expect((await thing(one.thingToken)).text).toBe(WAITING_FOR_APP)
      expect((await thing(two.thingToken)).status).toBe(403)
      expect((await ada.post('/v2/me/things/link-id', body)).status).toBe(403)
      expect((await thing(one.thingToken)).status).toBe(403)
    })

    test.each([
      {},
      { linkId: '' },
      { linkId: 'x'.repeat(257) },
      { linkId: 7 },
      { linkId: null },
      [],
    ])('that is %j is 400 on both sides', async (body) => {
      const { thingToken } = await activate(server.httpUrl)
      const ada = await register(server.httpUrl)
      for (const reply of [
        await ada.post('/v2/me/things/link-id', body),
        await api(server.httpUrl).post(`/v2/things/${thingToken}/link-id`, body),
      ])
        expect([reply.status, reply.body]).toEqual([400, errorOf(400)])
    })
  })

  describe('unlinking', () => {
    test('frees the thing, which keeps its token, for the next user', async () => {
      const { thingToken, thingId } = await activate(server.httpUrl)
      const [ada, bob] = [await register(server.httpUrl), await register(server.httpUrl)]
      await ada.post('/v2/me/things', { thingToken })
      const stranger = await bob.delete(`/v2/me/things/${thingId}`)
      expect([stranger.status, stranger.body]).toEqual([404, errorOf(404)])
      const gone = await ada.delete(`/v2/me/things/${thingId}`)
      expect([gone.status, gone.text]).toEqual([200, unlinked(thingId)])
      expect((await ada.delete(`/v2/me/things/${thingId}`)).status).toBe(404)
      expect((await ada.get('/v2/me/things')).text).toBe('[]')
      expect((await bob.post('/v2/me/things', { thingToken })).text).toBe(linked(thingId))
    })

    test('a maker’s own device is a thing, too', async () => {
      const { token, thingId, name } = await makeDevice(await signIn(server.httpUrl))
      const ada = await register(server.httpUrl)
      expect((await ada.post('/v2/me/things', { thingToken: token })).text).toBe(linked(thingId))
      expect((await ada.get('/v2/me/things')).body).toEqual([{ _id: thingId, thingId, name }])
      expect((await ada.delete(`/v2/me/things/${thingId}/`)).text).toBe(unlinked(thingId))
    })
  })

  describe('what cannot be served', () => {
    test('is answered in the platform’s shape, whatever it is', async () => {
      const ada = await register(server.httpUrl)
      const send = (path: string, init: RequestInit) => fetch(`${server.httpUrl}${path}`, init)
      const headers = { authorization: ada.session, 'content-type': 'application/json' }
      const tries: [Promise<Response>, number][] = [
        [send('/v2/nothing', {}), 404],
        [send('/v2/me/things', { method: 'POST', headers, body: '{' }), 400],
        [send('/v2/me/things', { method: 'POST', headers }), 400],
        [send('/v2/me/things', { method: 'POST', headers, body: '{"thingToken":"\\u0000"}' }), 400],
        [send('/v2/me/things', { method: 'POST', headers, body: '{"__proto__":{}}' }), 400],
        [send('/v2/login', { method: 'POST', body: 'x' }), 400],
        [send('/v2/login', { method: 'POST', headers, body: `"${'x'.repeat(300_000)}"` }), 413],
        [send(`/v2/things/${'A'.repeat(43)}`, { method: 'POST', headers, body: '{}' }), 404],
        [send('/v2/things/x/link-id', { method: 'POST', headers, body: '{"linkId":"x"}' }), 404],
      ]
      for (const [sent, status] of tries) {
        const reply = await sent
        expect(reply.headers.get('content-type')).toMatch(/^application\/json/)
        expect([reply.status, await reply.json()]).toEqual([status, errorOf(status)])
      }
    })
  })
})
