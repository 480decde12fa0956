import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { SessionKey } from '../../shared/guard/digests.ts'
import { openInstanceKeys } from '../../shared/guard/instance-key.ts'
import { type Api, api, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { type Part, partsOfToken, rsaToken, sessionKeyIn, tokenOf } from '../support/forged.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'
import { sendRaw, thingfulLogout } from '../support/thingful.ts'
import { login, withToken } from '../support/thingsboard.ts'

const V1 = '/latchkey/v1'
const DAY_S = 86_400

let server: TestServer
let maker: Api
let good: { header: Part; payload: Part }
let signer: SessionKey

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
  good = partsOfToken(maker.token as string)
  signer = sessionKeyIn(join(server.folder, 'instance.key'))
})
afterAll(() => server.close())

/** What each dialect answers to a token. */
const statusesOf = async (token: string) => {
  const native = await api(server.httpUrl, { token }).get(`${V1}/devices`)
  const thingsboard = await withToken(server.httpUrl, token).get('/api/auth/user')
  // The last one, because it would end a good one.
  const thingful = await thingfulLogout(server.httpUrl, token)
  return [native.status, thingsboard.status, thingful.status]
}

const opensNothing = async (token: string) => {
  expect(await statusesOf(token)).toEqual([401, 401, 401])
  expect((await maker.get(`${V1}/devices`)).status).toBe(200)
}

/** The good token with another header and payload, signed with the right key. */
const signed = (header: Part, payload: Part = {}) =>
  tokenOf({ ...good.header, ...header }, { ...good.payload, ...payload }, signer.key)

const now = () => Math.floor(Date.now() / 1000)

test('the forge makes good tokens, so that it is the change that is refused', async () => {
  const ada = partsOfToken((await login(server.httpUrl, ADMIN)).pair.token)
  const token = tokenOf(ada.header, ada.payload, signer.key)
  const native = await api(server.httpUrl, { token }).get(`${V1}/devices`)
  expect([native.status, ada.header.kid]).toEqual([200, signer.kid])
})

// research/security.md S86.
describe('a token whose header', () => {
  test.each<[string, Part]>([
    ['has the algorithm none', { alg: 'none' }],
    ['has the algorithm None', { alg: 'None' }],
    ['has the algorithm NONE', { alg: 'NONE' }],
    ['has no algorithm', { alg: undefined }],
    ['has an algorithm that is no text', { alg: ['HS256'] }],
    ['has HS384, signed with the right key', { alg: 'HS384' }],
    ['has HS512, signed with the right key', { alg: 'HS512' }],
    ['has RS256 over an HMAC', { alg: 'RS256' }],
    ['has ES256', { alg: 'ES256' }],
    ['has no type', { typ: undefined }],
    ['has another type', { typ: 'at+jwt' }],
    ['has a type that is no text', { typ: 1 }],
    ['is critical of what nobody knows', { crit: ['x'], x: 1 }],
    ['is critical of nothing', { crit: [] }],
    ['is critical of what is not a list', { crit: 'exp' }],
    ['is critical of an unencoded payload', { crit: ['b64'], b64: false }],
    ['is critical of an encoded payload', { crit: ['b64'], b64: true }],
    ['brings its own key', { jwk: { kty: 'oct', k: 'AAAA' } }],
    ['says where a key is', { jku: 'http://127.0.0.1:1/jwks' }],
    ['says where a certificate is', { x5u: 'http://127.0.0.1:1/x5u' }],
    ['brings a certificate', { x5c: ['MIIB'] }],
    ['is compressed', { zip: 'DEF' }],
    ['names no key', { kid: undefined }],
    ['names a key that nobody knows', { kid: 'AAAAAAAA' }],
    ['names a file as key', { kid: '../../../../dev/null' }],
    ['names SQL as key', { kid: "x' UNION SELECT 'AAAA" }],
    ['names a member of every object as key', { kid: '__proto__' }],
    ['names a key that is no text', { kid: { toString: 'x' } }],
    ['names a key of 2 KB', { kid: 'k'.repeat(2048) }],
  ])('%s opens nothing', async (_, header) => opensNothing(signed(header)))

  test('is not JSON opens nothing', async () => {
    for (const header of ['', 'null', '[]', '"x"', '{"alg":"HS256"', '\u0000'])
      await opensNothing(tokenOf(header, good.payload, signer.key))
  })
})

describe('a token signed', () => {
  test('by an empty key, zeros, a text that one may guess, or the instance key itself opens nothing', async () => {
    const guesses = ['', '\0'.repeat(32), 'secret', 'latchkey', 'thingsboardDefaultSigningKey']
    for (const key of guesses)
      await opensNothing(tokenOf(good.header, good.payload, Buffer.from(key)))
    const { root } = openInstanceKeys(join(server.folder, 'instance.key'))
    await opensNothing(tokenOf(good.header, good.payload, root))
  })

  test('by an RSA key, or with its public half as the secret, opens nothing', async () => {
    const { token, publicKey } = rsaToken({ ...good.header, alg: 'RS256' }, good.payload)
    await opensNothing(token)
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    for (const text of [pem, pem.trim(), ` ${pem}`, `\n${pem}`])
      await opensNothing(tokenOf(good.header, good.payload, Buffer.from(text)))
  })

  test('by nobody, or for another payload, opens nothing', async () => {
    const [header, payload, signature] = signed({}).split('.')
    const other = signed({}, { gen: 7 }).split('.')[1]
    for (const token of [
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${other}.${signature}`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${header}.${payload}.${signature}.`,
      `${header}.${payload}.${signature?.slice(0, -4)}`,
      `${header}.${payload}.${signature}AAAA`,
    ])
      await opensNothing(token)
  })
})

// research/security.md S87, S88: each of these has a right signature.
describe('a token whose payload', () => {
  test.each<[string, () => Part]>([
    ['has no end', () => ({ exp: undefined })],
    ['has an end that is text', () => ({ exp: String(now() + DAY_S) })],
    ['has an end that no date can say', () => ({ exp: 1e20 })],
    ['has an end with a fraction', () => ({ exp: now() + DAY_S + 0.5 })],
    ['has an end that is null', () => ({ exp: null })],
    ['ended a second ago', () => ({ exp: now() - 1 })],
    ['ends now', () => ({ exp: now() })],
    ['ended before it began', () => ({ exp: -1 })],
    ['has no beginning', () => ({ iat: undefined })],
    ['has a beginning that is text', () => ({ iat: 'now' })],
    ['begins tomorrow', () => ({ iat: now() + DAY_S })],
    ['begins in a minute', () => ({ iat: now() + 60 })],
    ['is not to be used before tomorrow', () => ({ nbf: now() + DAY_S })],
    ['is not to be used before a text', () => ({ nbf: 'tomorrow' })],
    ['has no subject', () => ({ sub: undefined })],
    ['has a subject that is a number', () => ({ sub: 1 })],
    ['has no id', () => ({ jti: undefined })],
    ['has an id that is a list', () => ({ jti: ['x'] })],
    ['has no issuer', () => ({ iss: undefined })],
    ['has another issuer', () => ({ iss: 'thingsboard.io' })],
    ['has no audience', () => ({ aud: undefined })],
    ['has another audience', () => ({ aud: 'others' })],
    ['has a list of audiences', () => ({ aud: ['others', 'latchkey'] })],
    ['has no user', () => ({ userId: undefined })],
    ['has a user that is an object', () => ({ userId: { $ne: 'x' } })],
    ['has another user', () => ({ userId: '00000000-0000-4000-8000-000000000000' })],
    ['has no project', () => ({ prj: undefined })],
    ['has a project that is a key', () => ({ prj: '~email:admin@localhost' })],
    ['has another project', () => ({ prj: '00000000-0000-4000-8000-000000000000' })],
    ['has no session', () => ({ sid: undefined })],
    ['has a session that never was', () => ({ sid: 'never' })],
    ['has no generation', () => ({ gen: undefined })],
    ['has a later generation', () => ({ gen: 1 })],
    ['has an earlier generation', () => ({ gen: -1 })],
    ['has a generation that is text', () => ({ gen: '0' })],
    ['has no purpose', () => ({ use: undefined })],
    ['has another purpose', () => ({ use: 'admin' })],
  ])('%s opens nothing', async (_, change) => opensNothing(signed({}, change())))

  test('is no object opens nothing', async () => {
    for (const payload of ['', 'null', '[]', '"x"', '1', '{', '{"sub":"\ud800"}'])
      await opensNothing(tokenOf(good.header, payload, signer.key))
  })
})

describe('a token for one thing', () => {
  test('of a device opens nothing of a user', async () => {
    await opensNothing((await makeDevice(maker)).token)
  })

  test('that renews another opens nothing, and one that opens renews nothing', async () => {
    const { pair } = await login(server.httpUrl)
    await opensNothing(pair.refreshToken)
    const reply = await api(server.httpUrl).post('/api/auth/token', { refreshToken: pair.token })
    expect(reply.status).toBe(401)
  })

  test('of a user opens no MQTT connection, as user name or as password', async () => {
    const token = maker.token as string
    await expect(connectDevice(server.mqttUrl, token)).rejects.toMatchObject({ code: 5 })
    await expect(
      connectDevice(server.mqttUrl, token, [], { protocolVersion: 5 }),
    ).rejects.toMatchObject({ code: 0x86 })
    await expect(
      connectDevice(server.mqttUrl, 'admin@localhost', [], { password: token }),
    ).rejects.toMatchObject({ code: 5 })
    const transport = await api(server.httpUrl).post(`/api/v1/${token}/claim`, {})
    expect(transport.status).toBe(401)
  })

  test('of a project’s program opens nothing of a user', async () => {
    const made = await maker.post(`${V1}/project-keys`, { name: 'backend' })
    await opensNothing(made.body.key)
  })

  test('that activates an account opens nothing', async () => {
    const email = 'inactive@example.com'
    const made = await withToken(server.httpUrl, maker.token as string).post('/api/user', {
      email,
      authority: 'TENANT_ADMIN',
    })
    const link = await withToken(server.httpUrl, maker.token as string).get(
      `/api/user/${made.body.id.id}/activationLink`,
    )
    await opensNothing(new URL(link.text).searchParams.get('activateToken') as string)
  })

  test('does not work in an address', async () => {
    const { token } = maker
    for (const path of [`${V1}/devices`, '/api/auth/user', '/logout'])
      for (const name of ['token', 'access_token', 'authToken', 'jwt'])
        expect((await sendRaw(server.httpUrl, 'GET', `${path}?${name}=${token}`)).status).toBe(401)
    expect((await maker.get(`${V1}/devices`)).status).toBe(200)
  })
})
