import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { type Api, api, customer, signIn } from '../support/api.ts'
import { lettersTo, letterTo } from '../support/letters.ts'
import { modeHome, modeProject, modeUser, send } from '../support/mode.ts'
import {
  claimWithCode,
  form,
  newDevice,
  newEmail,
  newProduct,
  newUser,
  PASSWORD,
} from '../support/particle.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const NEW = 'a whole new password'
/** Its form is that of a token, and it is none. */
const NO_TOKEN = 'x'.repeat(64)

let server: TestServer
let nobody: Api
const ready = async (started: TestServer) => {
  server = started
  nobody = api(server.httpUrl)
}

const ask = (email: string, project?: string) =>
  nobody.post(`${V1}/password-resets`, project === undefined ? { email } : { email, project })
const look = (kind: string, token: string) => nobody.post(`${V1}/letter-tokens`, { kind, token })
const setPassword = (token: string, password = NEW) =>
  nobody.post(`${V1}/passwords`, { token, password })
const signsIn = async (email: string, password: string, project?: string) => {
  const who = { email, password, ...(project === undefined ? {} : { project }) }
  return (await nobody.post(`${V1}/sessions`, who)).status
}
const refusal = (status: number, reason: string) => ({
  ...{ type: `urn:latchkey:problem:${reason}`, status, reason },
  ...{ title: expect.any(String), detail: expect.any(String) },
})

onEachStore(ready, () => {
  describe('who has forgotten his password', () => {
    test('gets a letter, looks what it is good for, and sets a new one, once; every session ends', async () => {
      const ada = await customer(server.httpUrl)
      const asked = await ask(ada.email.toUpperCase())
      expect([asked.status, asked.text]).toEqual([202, ''])
      const { kind, token, link } = await letterTo(server, ada.email)
      expect(kind).toBe('reset-password')
      expect(link).toBe(`${server.httpUrl}/latchkey/reset-password#${token}`)
      for (const _ of [1, 2]) {
        const seen = await look('reset-password', token)
        expect([seen.status, seen.body]).toEqual([
          200,
          { kind: 'reset-password', project: 'default', choosesPassword: true },
        ])
        expect(seen.headers.get('cache-control')).toBe('no-store')
      }
      expect((await ada.get(`${V1}/devices`)).status).toBe(200)
      const done = await setPassword(token)
      expect([done.status, done.text]).toEqual([204, ''])
      expect((await ada.get(`${V1}/devices`)).status).toBe(401)
      expect(await signsIn(ada.email, 'customer-password')).toBe(401)
      expect(await signsIn(ada.email, NEW)).toBe(201)
      for (const again of [await setPassword(token, 'one more password'), await look(kind, token)])
        expect([again.status, again.body]).toEqual([400, refusal(400, 'token-unknown')])
      expect(await signsIn(ada.email, NEW)).toBe(201)
    })

    test('of many who set one at the same time with one letter, one does', async () => {
      const ada = await customer(server.httpUrl)
      await ask(ada.email)
      const { token } = await letterTo(server, ada.email)
      const words = Array.from({ length: 5 }, (_, n) => `the password number ${n}`)
      const replies = await Promise.all(words.map((word) => setPassword(token, word)))
      expect(replies.map(({ status }) => status).sort()).toEqual([204, 400, 400, 400, 400])
      const winner = words[replies.findIndex(({ status }) => status === 204)] ?? ''
      expect(await signsIn(ada.email, winner)).toBe(201)
    })

    test('an older letter is dead when a newer one is there', async () => {
      const ada = await customer(server.httpUrl)
      await ask(ada.email)
      const older = await letterTo(server, ada.email)
      await ask(ada.email)
      const newer = await letterTo(server, ada.email, 2)
      expect((await setPassword(older.token)).body).toEqual(refusal(400, 'token-unknown'))
      expect((await setPassword(newer.token)).status).toBe(204)
    })

    test('is found in his project, if he is known there alone', async () => {
      const project = await modeProject(server)
      const email = newEmail()
      const made = await send(server.httpUrl, 'POST', '/users', {
        body: { projectId: project.number, name: 'Ada', email, password: PASSWORD },
      })
      expect(made.status).toBe(201)
      const { token: proof } = await letterTo(server, email)
      expect((await nobody.post(`${V1}/email-verifications`, { token: proof })).status).toBe(204)
      // Nobody's over all projects, and nobody's in a project that is not there.
      for (const asked of [await ask(email), await ask(email, 'no-such-project')])
        expect(asked.status).toBe(202)
      expect((await ask(email, project.id)).status).toBe(202)
      const { kind, token } = await letterTo(server, email, 2)
      expect(kind).toBe('reset-password')
      expect(lettersTo(server, email)).toHaveLength(2)
      expect((await setPassword(token)).status).toBe(204)
      expect(await signsIn(email, NEW, project.id)).toBe(201)
    })

    test('hears the same as somebody who is not there, and only he gets a letter', async () => {
      const ada = await customer(server.httpUrl)
      const stranger = newEmail()
      const [unknown, known] = [await ask(stranger), await ask(ada.email)]
      const seen = ({ status, text, headers }: typeof known) => {
        const all = Object.fromEntries(headers)
        return [status, text, { ...all, date: '' }]
      }
      expect(seen(unknown)).toEqual(seen(known))
      await letterTo(server, ada.email)
      expect(lettersTo(server, stranger)).toEqual([])
    })

    test('gets 10 letters in an hour and no more, and hears the same', async () => {
      const ada = await customer(server.httpUrl)
      const replies = await Promise.all(Array.from({ length: 25 }, () => ask(ada.email)))
      expect(replies.map(({ status, text }) => [status, text])).toEqual(
        replies.map(() => [202, '']),
      )
      await letterTo(server, ada.email, 10)
      // What was asked for later comes later: nothing of the 25 is on its way any more.
      const bob = await customer(server.httpUrl)
      await ask(bob.email)
      await letterTo(server, bob.email)
      expect(lettersTo(server, ada.email)).toHaveLength(10)
    })

    test('gets none if his maker gave him no password', async () => {
      const product = await newProduct(server.httpUrl)
      const shadow = newEmail()
      const made = await form(server.httpUrl, `/v1/products/${product.slug}/customers`, {
        ...{ email: shadow, no_password: 'true' },
        ...{ client_id: product.client.id, client_secret: product.client.secret },
      })
      expect(made.status).toBe(201)
      expect((await ask(shadow, product.slug)).status).toBe(202)
      const ada = await customer(server.httpUrl)
      await ask(ada.email)
      await letterTo(server, ada.email)
      expect(lettersTo(server, shadow)).toEqual([])
    })
  })

  describe('a letter is good whoever had it written', () => {
    test('by MODE, with a password set here', async () => {
      const project = await modeProject(server)
      const ada = await modeUser(server, project)
      const wanted = { projectId: project.number, email: ada.email }
      await send(server.httpUrl, 'POST', '/auth/user/passwordReset/start', { body: wanted })
      const { token } = await letterTo(server, ada.email)
      expect((await setPassword(token)).status).toBe(204)
      const gone = await send(server.httpUrl, 'GET', `/users/${ada.id}`, { key: ada.key })
      expect(gone.status).toBe(401)
      const signedIn = await send(server.httpUrl, 'POST', '/auth/user', {
        body: { ...wanted, appId: 'app', password: NEW },
      })
      expect(signedIn.status).toBe(200)
    })

    test('by Particle, with a password set here', async () => {
      const ada = await newUser(server.httpUrl)
      await form(server.httpUrl, '/v1/user/password-reset', { username: ada.email })
      const { token } = await letterTo(server, ada.email)
      expect((await setPassword(token)).status).toBe(204)
      expect((await ada.get('/v1/devices')).status).toBe(401)
      expect(await signsIn(ada.email, NEW)).toBe(201)
    })

    test.each([
      ['MODE', '/auth/user/passwordReset', (token: string) => ({ token, newPassword: NEW })],
      ['Particle', '/v1/password', (token: string) => ({ token, password: NEW })],
    ])('asked for here, with a password set at %s', async (_, path, body) => {
      const ada = await customer(server.httpUrl)
      await ask(ada.email)
      const { token } = await letterTo(server, ada.email)
      expect((await nobody.post(path, body(token))).status).toBe(200)
      expect(await signsIn(ada.email, NEW)).toBe(201)
    })
  })

  describe('an invitation', () => {
    /** Somebody of MODE invites that address to his home. */
    const invited = async (email = newEmail()) => {
      const project = await modeProject(server)
      const ada = await modeUser(server, project)
      const home = await modeHome(server, ada, 'Villa')
      const invite = async (to: string) => {
        const path = `/homes/${home.id}/members`
        const added = await send(server.httpUrl, 'POST', path, {
          key: ada.key,
          body: { email: to },
        })
        expect(added.status).toBe(201)
        return letterTo(server, to)
      }
      return { project, home, email, invite }
    }
    const accept = (body: object) => nobody.post(`${V1}/invitation-answers`, body)

    test('gives a password and a name to who has no account, and the home is his', async () => {
      const { project, home, email, invite } = await invited()
      const { kind, token } = await invite(email)
      expect((await look(kind, token)).body).toMatchObject({ kind, choosesPassword: true })
      const bare = await accept({ token })
      expect([bare.status, bare.body]).toEqual([400, refusal(400, 'bad-request')])
      expect((await accept({ token, password: NEW, name: 'Bob' })).status).toBe(204)
      const signedIn = await nobody.post(`${V1}/sessions`, {
        ...{ email, password: NEW, project: project.id },
      })
      const bob = api(server.httpUrl, { token: signedIn.body.token })
      const homes = (await bob.get(`${V1}/homes`)).body.items
      expect(homes).toContainEqual(expect.objectContaining({ number: home.id, name: 'Villa' }))
      const { id } = homes.find(({ number }: { number: number }) => number === home.id)
      const members = (await bob.get(`${V1}/homes/${id}/members`)).body.items
      expect(members).toContainEqual(expect.objectContaining({ email, name: 'Bob' }))
      expect((await accept({ token, password: NEW })).body).toEqual(refusal(400, 'token-unknown'))
    })

    test('leaves an account that is in use as it is', async () => {
      const { project, invite } = await invited()
      const bob = await modeUser(server, project)
      const { kind, token } = await invite(bob.email)
      expect((await look(kind, token)).body).toMatchObject({ kind, choosesPassword: false })
      for (const more of [{ password: NEW }, { name: 'Mallory' }])
        expect((await accept({ token, ...more })).body).toEqual(refusal(400, 'bad-request'))
      expect((await accept({ token })).status).toBe(204)
      expect((await bob.native.get(`${V1}/homes`)).status).toBe(200)
      expect((await accept({ token })).status).toBe(400)
    })

    test('takes the password from who has registered another’s address before him', async () => {
      const { project, email, invite } = await invited()
      const { token } = await invite(email)
      const mallory = 'the password of Mallory'
      const body = { projectId: project.number, name: 'Mallory', email, password: mallory }
      const squatted = await send(server.httpUrl, 'POST', '/users', { body })
      expect(squatted.status).toBe(201)
      expect((await look('member-invite', token)).body.choosesPassword).toBe(true)
      expect((await accept({ token })).status).toBe(400)
      expect((await accept({ token, password: NEW })).status).toBe(204)
      expect(await signsIn(email, mallory, project.id)).toBe(401)
      expect(await signsIn(email, NEW, project.id)).toBe(201)
    })
  })

  describe('a letter about a transfer', () => {
    const asked = async () => {
      const [owner, asker] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
      const device = await newDevice(await signIn(server.httpUrl))
      await claimWithCode(server, device, owner)
      const wanted = { id: device.particleId, request_transfer: true }
      expect((await asker.post('/v1/devices', wanted)).status).toBe(200)
      return { owner, asker, device, letter: await letterTo(server, owner.email) }
    }
    const answer = (token: string, approve: boolean) =>
      nobody.post(`${V1}/transfer-answers`, { token, approve })

    test('tells of the device as its owner calls it, and is used up by the answer', async () => {
      const { owner, asker, device, letter } = await asked()
      const named = await owner.put(`/v1/devices/${device.particleId}`, { name: 'Hall <lamp>' })
      expect(named.status).toBe(200)
      const seen = await look('transfer', letter.token)
      expect([seen.status, seen.body]).toEqual([
        200,
        { kind: 'transfer', project: 'default', choosesPassword: false, device: 'Hall <lamp>' },
      ])
      expect((await answer(letter.token, true)).body).toMatchObject({ state: 'approved' })
      expect((await asker.get(`${V1}/devices/${device.id}`)).status).toBe(200)
      for (const again of [await look('transfer', letter.token), await answer(letter.token, false)])
        expect([again.status, again.body]).toEqual([400, refusal(400, 'token-unknown')])
    })

    test('is good for nothing when it was answered elsewhere, or its reader has left', async () => {
      const first = await asked()
      const { transfer_id: id } = (
        await first.asker.post('/v1/devices', {
          ...{ id: first.device.particleId, request_transfer: true },
        })
      ).body
      expect((await first.owner.post(`${V1}/transfers/${id}/deny`)).status).toBe(200)
      for (const late of [
        await look('transfer', first.letter.token),
        await answer(first.letter.token, true),
      ])
        expect([late.status, late.body.reason]).toEqual([409, 'epoch-changed'])
      const second = await asked()
      const gone = await fetch(`${server.httpUrl}/v1/user`, {
        method: 'DELETE',
        headers: {
          authorization: `Bearer ${second.owner.accessToken}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ password: PASSWORD }),
      })
      expect(gone.status).toBe(200)
      expect((await look('transfer', second.letter.token)).body.reason).toBe('token-unknown')
    })
  })

  describe('what is no good', () => {
    const CALLS = [
      ['letter-tokens', { kind: 'reset-password', token: NO_TOKEN }],
      ['email-verifications', { token: NO_TOKEN }],
      ['passwords', { token: NO_TOKEN, password: NEW }],
      ['invitation-answers', { token: NO_TOKEN, password: NEW }],
      ['transfer-answers', { token: NO_TOKEN, approve: true }],
      ['password-resets', { email: 'ada@example.com' }],
    ] as const

    test.each(CALLS)(
      '%s refuses bodies of another form, and does not repeat them',
      async (path, good) => {
        const wrong: unknown[] = [null, [], 'text', 7, {}, { ...good, more: 1 }]
        for (const name of Object.keys(good))
          for (const value of [null, 7, [], {}, '', 'é'.repeat(300), '\0'])
            wrong.push({ ...good, [name]: value })
        for (const body of wrong) {
          const reply = await nobody.post(`${V1}/${path}`, body)
          expect([body, reply.status]).toEqual([body, 400])
          expect(reply.headers.get('content-type')).toContain('application/problem+json')
          expect(reply.text).not.toContain(NO_TOKEN)
        }
        const plain = await fetch(`${server.httpUrl}${V1}/${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: 'token=x',
        })
        expect(plain.status).toBe(415)
      },
    )

    test('a token is good at its own place alone, and no other one is used up by trying', async () => {
      const ada = await customer(server.httpUrl)
      await ask(ada.email)
      const { token } = await letterTo(server, ada.email)
      for (const kind of ['verify-email', 'member-invite', 'transfer'])
        expect((await look(kind, token)).body).toEqual(refusal(400, 'token-unknown'))
      for (const [path, body] of [
        ['email-verifications', { token }],
        ['invitation-answers', { token, password: NEW }],
        ['transfer-answers', { token, approve: true }],
      ] as const)
        expect((await nobody.post(`${V1}/${path}`, body)).body).toEqual(
          refusal(400, 'token-unknown'),
        )
      const flipped = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
      for (const other of [flipped, token.slice(1), `${randomUUID()}`])
        expect((await setPassword(other)).body).toEqual(refusal(400, 'token-unknown'))
      for (const password of ['short', 'x'.repeat(129), '💥💥💥💥'])
        expect((await setPassword(token, password)).body.reason).toBe('bad-request')
      expect((await setPassword(token)).status).toBe(204)
    })
  })
})
