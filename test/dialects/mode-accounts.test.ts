import { randomInt, randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import {
  APP,
  type ModeProject,
  messagesTo,
  modeDevice,
  modeHome,
  modeProject,
  modeSignIn,
  modeUser,
  PASSWORD,
  projectKey,
  send,
} from '../support/mode.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const post = (path: string, body: unknown, key?: string) =>
  send(server.httpUrl, 'POST', path, { body, key })
const newEmail = () => `${randomUUID()}@example.com`
const newPhone = () => `+1555${randomInt(1_000_000, 9_999_999)}`

onEachStore(ready, () => {
  describe('in an e-mail project', () => {
    const register = async (project: ModeProject, email: string, more: object = {}) =>
      post('/users', { projectId: project.number, name: 'Ada', email, password: PASSWORD, ...more })
    const signIn = (project: ModeProject, email: string, password = PASSWORD) =>
      post('/auth/user', { projectId: project.number, appId: APP, email, password })

    test('a user registers, verifies and signs in', async () => {
      const project = await modeProject(server)
      const email = newEmail()
      const made = await register(project, email)
      expect([made.status, made.body]).toEqual([
        201,
        {
          id: expect.any(Number),
          projectId: project.number,
          creationTime: TIME,
          email,
          name: 'Ada',
          verified: false,
        },
      ])
      const early = await signIn(project, email)
      expect([early.status, early.body]).toEqual([403, { reason: 'USER_UNVERIFIED' }])
      const guess = await signIn(project, email, 'another-password')
      expect([guess.status, guess.body]).toEqual([403, { reason: 'INCORRECT_PASSWORD' }])
      const again = await register(project, email)
      expect(again.body).toEqual({ reason: 'USER_EXISTS_UNVERIFIED' })

      const [letter] = await messagesTo(server, 'mail', email)
      expect(letter?.kind).toBe('verify-email')
      const { token } = letter as { token: string }
      const verified = await post('/auth/user/emailVerification', { token })
      expect([verified.status, verified.body]).toEqual([200, { projectId: project.number, email }])
      const twice = await post('/auth/user/emailVerification', { token })
      expect([twice.status, twice.body]).toEqual([403, { reason: 'INVALID_TOKEN' }])

      const done = await signIn(project, email.toUpperCase())
      expect([done.status, done.body]).toEqual([
        200,
        { token: expect.any(String), userId: made.body.id, expirationTime: TIME },
      ])
      expect((await register(project, email)).body).toEqual({ reason: 'USER_EXISTS' })
      const seen = await send(server.httpUrl, 'GET', `/users/${made.body.id}`, {
        key: done.body.token,
      })
      expect(seen.body).toEqual({ ...made.body, verified: true })
    })

    test('the same address may be registered in another project, and each has its own password', async () => {
      const [lamps, pumps] = [await modeProject(server), await modeProject(server)]
      const email = newEmail()
      expect((await register(lamps, email)).status).toBe(201)
      expect((await register(pumps, email, { password: 'another-password' })).status).toBe(201)
      for (const { token } of await messagesTo(server, 'mail', email, 2))
        expect((await post('/auth/user/emailVerification', { token })).status).toBe(200)
      expect((await signIn(lamps, email)).status).toBe(200)
      expect((await signIn(pumps, email)).status).toBe(403)
      expect((await signIn(pumps, email, 'another-password')).status).toBe(200)
      // Without a project nobody of that address is known.
      const native = await post('/latchkey/v1/sessions', { email, password: PASSWORD })
      expect(native.status).toBe(401)
      const there = { email, password: PASSWORD, project: lamps.id }
      expect((await post('/latchkey/v1/sessions', there)).status).toBe(201)
    })

    test('a token is as good as the address, whichever letter brought it', async () => {
      const project = await modeProject(server)
      const email = newEmail()
      await register(project, email)
      const [first] = await messagesTo(server, 'mail', email)
      const asked = await post('/auth/user/emailVerification/start', {
        ...{ projectId: project.number, email },
      })
      expect([asked.status, asked.body]).toEqual([200, { email }])
      const letters = await messagesTo(server, 'mail', email, 2)
      const second = letters.find(({ token }) => token !== first?.token)
      const old = await post('/auth/user/emailVerification', { token: first?.token })
      expect(old.body).toEqual({ reason: 'INVALID_TOKEN' })
      const fresh = await post('/auth/user/emailVerification', { token: second?.token })
      expect(fresh.status).toBe(200)
    })

    test('a forgotten password is replaced, and every session ends', async () => {
      const project = await modeProject(server)
      const ada = await modeUser(server, project)
      const asked = await post('/auth/user/passwordReset/start', {
        ...{ projectId: project.number, email: ada.email },
      })
      expect([asked.status, asked.body]).toEqual([200, { email: ada.email }])
      const [letter] = await messagesTo(server, 'mail', ada.email)
      const { token } = letter as { token: string }
      const short = await post('/auth/user/passwordReset', { token, newPassword: 'short' })
      expect(short.body).toEqual({ reason: 'PASSWORD_TOO_SHORT' })
      const reset = await post('/auth/user/passwordReset', { token, newPassword: 'new-password' })
      expect([reset.status, reset.body]).toEqual([
        200,
        { projectId: project.number, email: ada.email },
      ])
      const old = await send(server.httpUrl, 'GET', '/userSession', { key: ada.key })
      expect(old.status).toBe(401)
      expect((await signIn(project, ada.email)).status).toBe(403)
      expect((await signIn(project, ada.email, 'new-password')).status).toBe(200)
      const twice = await post('/auth/user/passwordReset', { token, newPassword: 'new-password' })
      expect(twice.body).toEqual({ reason: 'INVALID_TOKEN' })
    })

    test.each(['/auth/user/emailVerification/start', '/auth/user/passwordReset/start'])(
      '%s says the same to everybody',
      async (path) => {
        const project = await modeProject(server)
        const email = newEmail()
        const reply = await post(path, { projectId: project.number, email })
        expect([reply.status, reply.body]).toEqual([200, { email }])
      },
    )

    test('too many wrong passwords are held off, with a time', async () => {
      const project = await modeProject(server)
      const email = newEmail()
      let last = await signIn(project, email)
      for (let tries = 0; tries < 120 && last.status !== 429; tries += 1)
        last = await signIn(project, email)
      expect([last.status, last.body]).toEqual([429, { reason: 'TOO_MANY_REQUESTS' }])
      expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
    })

    test.each([
      [{ name: undefined }, 'MISSING_PARAMETERS'],
      [{ email: undefined }, 'MISSING_PARAMETERS'],
      [{ password: undefined }, 'MISSING_PARAMETERS'],
      [{ projectId: undefined }, 'MISSING_PARAMETERS'],
      [{ projectId: 7 }, 'INVALID_PARAMETER'],
      [{ projectId: 'seven' }, 'INVALID_PARAMETER'],
      [{ name: ['x'] }, 'INVALID_PARAMETER'],
      [{ name: 'x'.repeat(300) }, 'INVALID_PARAMETER'],
      [{ email: 'no address' }, 'INVALID_EMAIL'],
      [{ email: 'a@b\r\nBcc: c@d' }, 'INVALID_EMAIL'],
      [{ password: 'short' }, 'PASSWORD_TOO_SHORT'],
      [{ password: 'x'.repeat(129) }, 'INVALID_PARAMETER'],
      [{ password: { $gt: '' } }, 'INVALID_PARAMETER'],
      [{ name: 'half \ud800' }, 'MISSING_PARAMETERS'],
    ])('a registration with %j is refused', async (wrong, reason) => {
      const project = await modeProject(server)
      const reply = await register(project, newEmail(), wrong)
      expect([reply.status, reply.body]).toEqual([403, { reason }])
    })

    test('who is invited registers into the home that waits for him', async () => {
      const project = await modeProject(server)
      const ada = await modeUser(server, project)
      const home = await modeHome(server, ada)
      const email = newEmail()
      const path = `/homes/${home.id}/members`
      const invited = await post(path, { email }, ada.key)
      expect([invited.status, invited.body]).toEqual([
        201,
        {
          userId: expect.any(Number),
          creationTime: TIME,
          name: '',
          email,
          verified: false,
          role: 'member',
        },
      ])
      expect((await post(path, { email }, ada.key)).body).toEqual({ reason: 'MEMBER_EXISTS' })
      expect((await signIn(project, email, '')).body).toEqual({ reason: 'MISSING_PARAMETERS' })
      const made = await register(project, email, { name: 'Bob' })
      expect([made.status, made.body]).toMatchObject([
        201,
        { id: invited.body.userId, name: 'Bob', verified: false },
      ])
      const letters = await messagesTo(server, 'mail', email, 2)
      const letter = letters.find(({ kind }) => kind === 'verify-email')
      await post('/auth/user/emailVerification', { token: letter?.token })
      const bob = await modeSignIn(server.httpUrl, project.number, email)
      const homes = await send(server.httpUrl, 'GET', `/homes?userId=${bob.id}`, { key: bob.key })
      expect(homes.body).toEqual([home])
    })

    test('an invitation that is withdrawn leaves no account; of several the last one does', async () => {
      const project = await modeProject(server)
      const ada = await modeUser(server, project)
      const [home, other] = [await modeHome(server, ada), await modeHome(server, ada)]
      const email = newEmail()
      const [path, elsewhere] = [`/homes/${home.id}/members`, `/homes/${other.id}/members`]
      const { userId } = (await post(path, { email }, ada.key)).body
      expect((await post(elsewhere, { email }, ada.key)).body).toMatchObject({ userId })
      const withdraw = (from: string) =>
        send(server.httpUrl, 'DELETE', `${from}/${userId}`, { key: ada.key })
      expect((await withdraw(path)).status).toBe(204)
      expect((await post(path, { email }, ada.key)).body).toMatchObject({ userId })
      for (const from of [path, elsewhere]) expect((await withdraw(from)).status).toBe(204)
      const again = (await post(path, { email }, ada.key)).body.userId
      expect(again).toEqual(expect.any(Number))
      expect(again).not.toBe(userId)
    })

    test('an invitation gives a password to who has none, and to nobody else', async () => {
      const project = await modeProject(server)
      const ada = await modeUser(server, project)
      const bob = await modeUser(server, project)
      const home = await modeHome(server, ada)
      const email = newEmail()
      for (const one of [email, bob.email])
        await post(`/homes/${home.id}/members`, { email: one }, ada.key)
      const tokenFor = async (to: string) => (await messagesTo(server, 'mail', to))[0]?.token
      const newPassword = 'a-new-password'
      const known = await post('/auth/user/passwordReset', {
        ...{ token: await tokenFor(bob.email), newPassword },
      })
      expect(known.body).toEqual({ reason: 'INVALID_TOKEN' })
      const fresh = await post('/auth/user/passwordReset', {
        ...{ token: await tokenFor(email), newPassword },
      })
      expect(fresh.status).toBe(200)
      expect((await signIn(project, email, newPassword)).status).toBe(200)
    })
  })

  describe('in a phone project', () => {
    test('a user registers, and signs in with the code of a message', async () => {
      const project = await modeProject(server, 'phone')
      const phone = newPhone()
      const wanted = { projectId: project.number, name: 'Ada', phoneNumber: phone }
      const made = await post('/users', wanted)
      expect([made.status, made.body]).toMatchObject([201, { phoneNumber: phone, verified: false }])
      const [message] = await messagesTo(server, 'sms', phone)
      const who = { projectId: project.number, appId: APP, phoneNumber: phone }
      const wrong = await post('/auth/user', { ...who, code: '000000x' })
      expect([wrong.status, wrong.body]).toEqual([403, { reason: 'INVALID_AUTH_CODE' }])
      const done = await post('/auth/user', { ...who, code: message?.code })
      expect([done.status, done.body.userId]).toEqual([200, made.body.id])
      const twice = await post('/auth/user', { ...who, code: message?.code })
      expect(twice.body).toEqual({ reason: 'INVALID_AUTH_CODE' })
      const seen = await send(server.httpUrl, 'GET', `/users/${made.body.id}`, {
        key: done.body.token,
      })
      expect(seen.body.verified).toBe(true)
      expect((await post('/users', wanted)).body).toEqual({ reason: 'USER_EXISTS' })

      const asked = await post('/auth/user/sms', who)
      expect([asked.status, asked.body]).toEqual([200, { recipient: phone }])
      const messages = await messagesTo(server, 'sms', phone, 2)
      const next = messages.find(({ code }) => code !== message?.code) ?? messages.at(-1)
      expect((await post('/auth/user', { ...who, code: next?.code })).status).toBe(200)
    })

    test('a code is asked for in the same words whether there is an account or not', async () => {
      const project = await modeProject(server, 'phone')
      const phone = newPhone()
      const reply = await post('/auth/user/sms', { projectId: project.number, phoneNumber: phone })
      expect([reply.status, reply.body]).toEqual([200, { recipient: phone }])
    })

    test('a code stands five tries', async () => {
      const project = await modeProject(server, 'phone')
      const phone = newPhone()
      await post('/users', { projectId: project.number, name: 'Ada', phoneNumber: phone })
      const [message] = await messagesTo(server, 'sms', phone)
      const who = { projectId: project.number, appId: APP, phoneNumber: phone }
      const wrong = message?.code === '123456' ? '654321' : '123456'
      for (let tries = 0; tries < 5; tries += 1)
        expect((await post('/auth/user', { ...who, code: wrong })).status).toBe(403)
      const late = await post('/auth/user', { ...who, code: message?.code })
      expect(late.body).toEqual({ reason: 'INVALID_AUTH_CODE' })
    })

    test('an e-mail account has no place', async () => {
      const project = await modeProject(server, 'phone')
      const email = newEmail()
      const { number: projectId } = project
      const made = await post('/users', { projectId, name: 'Ada', email, password: PASSWORD })
      expect(made.body).toEqual({ reason: 'MISSING_PARAMETERS' })
      const started = await post('/auth/user/passwordReset/start', { projectId, email })
      expect([started.status, started.body]).toEqual([403, { reason: 'PERMISSION_DENIED' }])
      const elsewhere = await modeProject(server)
      const sms = { projectId: elsewhere.number, phoneNumber: newPhone() }
      expect((await post('/auth/user/sms', sms)).body).toEqual({ reason: 'PERMISSION_DENIED' })
    })
  })

  describe('in a project with users of its own', () => {
    test('only its program, by a key that may, makes users and gets their keys', async () => {
      const project = await modeProject(server, 'byou')
      const projectId = project.number
      const [may, mayNot] = [await projectKey(project, ['byou']), await projectKey(project)]
      const foreign = await projectKey(await modeProject(server, 'byou'), ['byou'])
      // The table of this endpoint has no 401.
      for (const key of [undefined, 'nonsense', mayNot, foreign]) {
        const refused = await post('/users', { projectId }, key)
        expect([refused.status, refused.body]).toEqual([403, { reason: 'PERMISSION_DENIED' }])
      }
      const made = await post('/users', { projectId }, may)
      expect([made.status, made.body]).toMatchObject([201, { projectId, verified: true }])
      const userId = made.body.id
      for (const key of [mayNot, foreign])
        expect((await post('/auth/user', { projectId, userId }, key)).status).toBe(403)
      for (const key of [undefined, 'nonsense'])
        expect((await post('/auth/user', { projectId, userId }, key)).status).toBe(401)
      expect((await post('/auth/user', { projectId, userId: 1 }, may)).body).toEqual({
        reason: 'INVALID_USER_ID',
      })
      const signedIn = await post('/auth/user', { projectId, userId: String(userId) }, may)
      expect([signedIn.status, signedIn.body.userId]).toEqual([200, userId])
      const { token: key } = signedIn.body
      const home = await post('/homes', { name: 'mine' }, key)
      const second = await post('/users', { projectId }, may)
      const added = await post(`/homes/${home.body.id}/members`, { userId: second.body.id }, key)
      expect([added.status, added.body]).toMatchObject([201, { userId: second.body.id }])
      const absent = await post(`/homes/${home.body.id}/members`, { userId: 1 }, key)
      expect(absent.body).toEqual({ reason: 'INVALID_USER_ID' })
    })
  })

  describe('homes', () => {
    const homesOf = async (user: { readonly id: number; readonly key: string }) =>
      (await send(server.httpUrl, 'GET', `/homes?userId=${user.id}`, { key: user.key })).body

    test('are those that a user has made or was added to', async () => {
      const ada = await modeUser(server, await modeProject(server))
      expect(await homesOf(ada)).toEqual([])
      const home = await modeHome(server, ada, 'Villa')
      expect(home).toEqual({
        ...{ id: expect.any(Number), projectId: expect.any(Number), creationTime: TIME },
        name: 'Villa',
      })
      expect(await homesOf(ada)).toEqual([home])
    })

    test('that are deleted free their devices, for all members at once', async () => {
      const project = await modeProject(server)
      const [ada, bob] = [await modeUser(server, project), await modeUser(server, project)]
      const home = await modeHome(server, ada)
      const device = await modeDevice(project, { user: ada, home: home.id })
      await post(`/homes/${home.id}/members`, { email: bob.email }, ada.key)
      const path = `/homes/${home.id}`
      const byMember = await send(server.httpUrl, 'DELETE', path, { key: bob.key })
      expect([byMember.status, byMember.body]).toEqual([403, { reason: 'PERMISSION_DENIED' }])
      expect((await send(server.httpUrl, 'DELETE', path, { key: ada.key })).status).toBe(204)
      for (const { key } of [ada, bob])
        expect((await send(server.httpUrl, 'GET', path, { key })).status).toBe(404)
      expect(await homesOf(bob)).toEqual([])
      const seen = await project.maker.get(`/latchkey/v1/devices/${device.uuid}`)
      expect(seen.body).toMatchObject({ claimed: false, epoch: 2 })
      const auth = await send(server.httpUrl, 'GET', '/auth', { key: device.key })
      expect(auth.body).toMatchObject({ type: 'device', deviceId: device.id })
    })

    test('lose a member with the commit that removes him, and keep their last owner', async () => {
      const project = await modeProject(server)
      const [ada, bob, eve] = [
        await modeUser(server, project),
        await modeUser(server, project),
        await modeUser(server, project),
      ]
      const home = await modeHome(server, ada)
      for (const { email } of [bob, eve])
        await post(`/homes/${home.id}/members`, { email }, ada.key)
      const member = (id: number) => `/homes/${home.id}/members/${id}`
      const remove = (id: number, key: string) =>
        send(server.httpUrl, 'DELETE', member(id), { key })
      expect((await remove(eve.id, bob.key)).body).toEqual({ reason: 'PERMISSION_DENIED' })
      expect((await remove(eve.id, eve.key)).status).toBe(204)
      expect((await remove(bob.id, ada.key)).status).toBe(204)
      for (const { key } of [bob, eve])
        expect((await send(server.httpUrl, 'GET', `/homes/${home.id}`, { key })).status).toBe(404)
      expect((await remove(bob.id, ada.key)).body).toEqual({ reason: 'NOT_FOUND' })
      const last = await remove(ada.id, ada.key)
      expect([last.status, last.body]).toEqual([403, { reason: 'LAST_OWNER' }])
    })
  })

  describe('a user who deletes himself', () => {
    test('is gone, with his session, and his address is free', async () => {
      const project = await modeProject(server)
      const ada = await modeUser(server, project)
      const home = await modeHome(server, ada)
      const device = await modeDevice(project, { user: ada, home: home.id })
      const gone = await send(server.httpUrl, 'DELETE', `/users/${ada.id}`, { key: ada.key })
      expect([gone.status, gone.text]).toEqual([204, ''])
      expect((await send(server.httpUrl, 'GET', `/users/${ada.id}`, { key: ada.key })).status).toBe(
        401,
      )
      const seen = await project.maker.get(`/latchkey/v1/devices/${device.uuid}`)
      expect(seen.body).toMatchObject({ claimed: false })
      const again = await post('/users', {
        ...{ projectId: project.number, name: 'Ada', email: ada.email, password: PASSWORD },
      })
      expect(again.status).toBe(201)
    })
  })

  describe('key-values', () => {
    test('of a home are set, listed by prefix and deleted', async () => {
      const ada = await modeUser(server, await modeProject(server))
      const { id } = await modeHome(server, ada)
      const kv = (rest: string) => `/homes/${id}/kv${rest}`
      const put = (key: string, body: unknown) =>
        send(server.httpUrl, 'PUT', kv(`/${key}`), { key: ada.key, body })
      expect([(await put('pre-1', { value: [1] })).status]).toEqual([204])
      expect((await put('pre-2', { value: { a: null }, rev: 7 })).status).toBe(204)
      expect((await put('other', { value: false })).status).toBe(204)
      const list = await send(server.httpUrl, 'GET', kv('?keyPrefix=pre'), { key: ada.key })
      expect(list.body).toEqual([
        { key: 'pre-1', value: [1], modificationTime: TIME },
        { key: 'pre-2', value: { a: null }, modificationTime: TIME },
      ])
      const one = await send(server.httpUrl, 'GET', kv('/other'), { key: ada.key })
      expect(one.body).toEqual({ key: 'other', value: false, modificationTime: TIME })
      expect((await put('nothing', { value: null })).body).toEqual({ reason: 'INVALID_PARAMETER' })
      expect((await put('nothing', {})).body).toEqual({ reason: 'MISSING_PARAMETERS' })
      expect((await put('-x', { value: 1 })).body).toEqual({ reason: 'INVALID_PARAMETER' })
      const gone = async () => send(server.httpUrl, 'DELETE', kv('/other'), { key: ada.key })
      expect([(await gone()).status, (await gone()).status]).toEqual([204, 404])
    })
  })
})
