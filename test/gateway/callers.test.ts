import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { documentAt, type OpenApi } from '../support/documents.ts'
import { partsOfToken, sessionKeyIn, tokenOf } from '../support/forged.ts'
import { newParticleId } from '../support/particle.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const DAY_S = 86_400

let server: TestServer
let document: OpenApi
let maker: Api

type Call = {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly role: string | undefined
  readonly hasBody: boolean
}
let guarded: readonly Call[]

beforeAll(async () => {
  server = await startServer()
  document = await documentAt<OpenApi>(server.httpUrl, '/openapi.json')
  maker = await signIn(server.httpUrl)
  guarded = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, one]) =>
      one.security.length === 0
        ? []
        : [
            {
              ...{ name: one.operationId, method: method.toUpperCase(), path },
              ...{ role: one['x-role'], hasBody: one.requestBody !== undefined },
            },
          ],
    ),
  )
})
afterAll(() => server.close())

const send = async ({ method, path, hasBody }: Call, authorization: string) => {
  const reply = await fetch(`${server.httpUrl}${path}`, {
    method,
    headers: { authorization, ...(hasBody ? { 'content-type': 'application/json' } : {}) },
    ...(hasBody ? { body: '{}' } : {}),
  })
  return { status: reply.status, text: await reply.text() }
}

const NOBODY = '00000000-0000-4000-8000-000000000000'
const at = (call: Call, id: string): Call => ({ ...call, path: call.path.replace(/\{\w+\}/g, id) })

// research/security.md S109: every route, generated from the description that the routes themselves are checked against.
describe('no route of the native API is opened', () => {
  const refusedEverywhere = async (authorization: string) => {
    expect(guarded.length).toBeGreaterThan(50)
    for (const call of guarded)
      expect([call.name, (await send(at(call, NOBODY), authorization)).status]).toEqual([
        call.name,
        401,
      ])
  }

  test('by the credential of a device', async () => {
    await refusedEverywhere(`Bearer ${(await makeDevice(maker)).token}`)
  })

  test('by a token that is over', async () => {
    const { token } = await customer(server.httpUrl)
    const { header, payload } = partsOfToken(token as string)
    const { key } = sessionKeyIn(join(server.folder, 'instance.key'))
    const now = Math.floor(Date.now() / 1000)
    const over = tokenOf(header, { ...payload, iat: now - DAY_S, exp: now - 60 }, key)
    await refusedEverywhere(`Bearer ${over}`)
    // The same, not over, opens: it is the end that counts.
    const alive = tokenOf(header, payload, key)
    expect((await api(server.httpUrl, { token: alive }).get(`${V1}/devices`)).status).toBe(200)
  })

  test('by a token whose account has signed out', async () => {
    const ada = await customer(server.httpUrl)
    await ada.delete(`${V1}/sessions`)
    await refusedEverywhere(`Bearer ${ada.token}`)
  })

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearer null',
    'Bearer undefined',
    'Bearer [object Object]',
  ])('by "%s"', refusedEverywhere)
})

/** What Ada has, by the word that stands for it in a path. */
const possessions = async () => {
  const ada = await customer(server.httpUrl)
  const particle = newParticleId()
  const lamp = await makeDevice(maker, { ids: { particle } })
  const expiresAt = '2099-01-01T00:00:00Z'
  await maker.put(`${V1}/devices/${lamp.id}/box-key`, { secret: 'lamp', expiresAt })
  const claim = await ada.post(`${V1}/claims`, { device: lamp.id, secret: 'lamp' })
  expect(claim.status).toBe(201)
  const command = await ada.post(`${V1}/devices/${lamp.id}/commands`, { action: 'blink' })
  const code = await ada.post(`${V1}/claim-codes`)
  const waiting = await ada.post(`${V1}/claims`, { linkId: 'the link of Ada' })
  const home = (await ada.post(`${V1}/homes`, { name: "Ada's hut" })).body
  return {
    ada,
    lamp,
    command: command.body.id as string,
    claims: [claim.body.id as string, waiting.body.id as string],
    code: code.body.code as string,
    homes: [ada.home, home.id as string],
    secrets: [ada.email, ada.id, ada.home, home.id, lamp.name, lamp.thingId, code.body.code],
  }
}

// research/security.md S110, OWASP API1.
describe('what is of somebody is not there for anybody else', () => {
  type Possessions = Awaited<ReturnType<typeof possessions>>
  let had: Possessions
  let strangers: Readonly<Record<string, Api>>
  beforeAll(async () => {
    had = await possessions()
    const product = { name: 'elsewhere', accounts: 'email', provisioning: 'pre' }
    const made = await maker.post(`${V1}/projects`, product)
    const boss = { email: 'boss@elsewhere.example', password: 'a-good-password' }
    await maker.post(`${V1}/users`, { ...boss, role: 'maker', project: made.body.id })
    strangers = {
      'a customer of the same project': await customer(server.httpUrl),
      'a maker of another project': await signIn(server.httpUrl, boss),
    }
  })

  /** Paths with something of Ada's in them, and the member of a body that names it. */
  const callsOf = ({ lamp, claims, homes, command, code, ada }: Possessions) =>
    guarded
      .filter(({ path }) => path.includes('{'))
      .flatMap((call) => {
        const { path } = call
        if (path.includes('{commandId}') || path.includes('/commands/'))
          return [{ ...call, path: path.replace(/\{\w+\}/, lamp.id).replace(/\{\w+\}/, command) }]
        if (path.includes('/claim-codes/')) return [at(call, code)]
        if (path.includes('/claims/')) return claims.map((id) => at(call, id))
        if (path.includes('/members/'))
          return homes.map((id) => ({
            ...call,
            path: path.replace(/\{\w+\}/, id).replace(/\{\w+\}/, ada.id),
          }))
        if (path.includes('homes/')) return homes.map((id) => at(call, id))
        if (path.includes('/users/')) return [at(call, ada.id)]
        return [lamp.id, lamp.name, lamp.thingId, String(lamp.number)].map((id) => at(call, id))
      })

  test('whoever asks, by whatever name', async () => {
    const calls = callsOf(had)
    expect(calls.length).toBeGreaterThan(60)
    for (const [who, stranger] of Object.entries(strangers))
      for (const call of calls) {
        const { status, text } = await send(call, `Bearer ${stranger.token}`)
        expect([who, call.method, call.path, [400, 403, 404]]).toEqual([
          ...[who, call.method, call.path],
          expect.arrayContaining([status]),
        ])
        for (const secret of had.secrets) expect(text).not.toContain(secret)
      }
  })

  test('nor in a body, a query or a header', async () => {
    const { lamp, homes } = had
    for (const [who, stranger] of Object.entries(strangers)) {
      for (const home of homes) {
        const taken = await stranger.post(`${V1}/claims`, { device: lamp.id, secret: 'lamp', home })
        expect([who, taken.status]).toEqual([who, 403])
        const token = await stranger.post(`${V1}/provisioning-tokens`, { home, deviceClass: 'x' })
        expect(token.status).toBe(403)
      }
      for (const path of ['devices', 'homes', 'events', 'fleet', 'audit', 'users']) {
        const headers = { 'x-user-id': had.ada.id, accept: 'application/json' }
        const reply = await stranger.get(`${V1}/${path}?project=default`, headers)
        if (path === 'events') continue
        for (const secret of had.secrets) expect(reply.text).not.toContain(secret)
      }
    }
  })

  test('and it is there for Ada', async () => {
    const { ada, lamp, command, claims, code, homes } = had
    for (const path of [
      ...[`devices/${lamp.id}`, `devices/${lamp.id}/commands/${command}`, `claim-codes/${code}`],
      ...claims.map((id) => `claims/${id}`),
      ...homes.map((id) => `homes/${id}/members`),
    ])
      expect([path, (await ada.get(`${V1}/${path}`)).status]).toEqual([path, 200])
  })

  test('ids are not to be guessed: 122 random bits, and numbers that are not counted up', async () => {
    const made = []
    for (let i = 0; i < 20; i++) made.push(await makeDevice(maker))
    for (const { id } of made)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const numbers = made.map(({ number }) => number)
    const steps = numbers.slice(1).map((number, i) => number - (numbers[i] as number))
    expect(new Set(steps).size).toBeGreaterThan(15)
    expect(steps.filter((step) => Math.abs(step) < 100).length).toBeLessThan(3)
  })
})
