import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Api } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import {
  type Contract,
  contractOf,
  documentAt,
  heldTo,
  type OpenApi,
} from '../support/documents.ts'
import { eventually } from '../support/mail.ts'
import { lettersTo } from '../support/particle.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const RESULT = 'latchkey/v1/claim/result'

let server: TestServer
let document: OpenApi
let contract: Contract
let maker: Api
let ada: Api & { home: string; email: string }
let count = 0

const nobody = () => heldTo(contract, server.httpUrl)

const signedIn = async (who: object): Promise<Api> => {
  const { status, body } = await nobody().post(`${V1}/sessions`, who)
  expect(status).toBe(201)
  return heldTo(contract, server.httpUrl, { token: body.token })
}

const person = async () => {
  count += 1
  const who = { email: `person${count}@example.com`, password: 'a-password-of-hers' }
  const { body } = await nobody().post(`${V1}/users`, who)
  return { ...(await signedIn(who)), home: body.home as string, id: body.id, email: who.email }
}

const device = async (more: object = {}) => {
  count += 1
  const { body } = await maker.post(`${V1}/devices`, { name: `walked-${count}`, ...more })
  return body
}

/** The token of the newest letter of a kind that somebody has got. */
const letterTo = async ({ email }: { email: string }, kind: string): Promise<string> => {
  const found = () => lettersTo(server, email).filter((letter) => letter.kind === kind)
  await eventually(() => found().length > 0)
  return found().at(-1)?.token as string
}

/** A device with a key in its box, claimed by an account. */
const claimed = async (who: Api) => {
  const lamp = await device()
  const at = `${V1}/devices/${lamp.id}/box-key`
  await maker.put(at, { secret: 'lamp', expiresAt: '2099-01-01T00:00:00Z' })
  const { status } = await who.post(`${V1}/claims`, { device: lamp.id, secret: 'lamp' })
  expect(status).toBe(201)
  return lamp
}

beforeAll(async () => {
  server = await startServer({ LATCHKEY_WEBHOOK_NETWORKS: '127.0.0.0/8' })
  document = await documentAt<OpenApi>(server.httpUrl, '/openapi.json')
  contract = contractOf(document)
  maker = await signedIn(ADMIN)
  ada = await person()
})
afterAll(() => server.close())

describe('every reply is as it is described', () => {
  test('accounts and what makers run', async () => {
    const bob = await person()
    await maker.put(`${V1}/users/${bob.id}/grants`, { claimDevices: true })
    await maker.put(`${V1}/users/nobody/grants`, { claimDevices: true })
    await nobody().post(`${V1}/sessions`, { email: 'a@b', password: 'wrong' })
    await nobody().post(`${V1}/sessions`, { email: 'a@b', password: 'wrong', no: 1 })
    await nobody().post(`${V1}/users`, { email: bob.email, password: 'a-password-of-his' })
    await nobody().post(`${V1}/users`, { email: 'm@x', password: 'a-password', role: 'maker' })
    await bob.delete(`${V1}/sessions`)
    expect((await bob.get(`${V1}/devices`)).status).toBe(401)

    const made = { name: 'walked', accounts: 'email', provisioning: 'on-demand' }
    const project = (
      await maker.post(`${V1}/projects`, { ...made, policy: { windowDefaultMs: 9000 } })
    ).body
    expect((await maker.post(`${V1}/projects`, made)).status).toBe(409)
    expect((await ada.post(`${V1}/projects`, made)).status).toBe(403)
    await maker.post(`${V1}/project-keys`, { name: 'a program', project: project.id })
    await maker.post(`${V1}/oauth-clients`, { grants: ['product'], project: project.id })
    await maker.post(`${V1}/oauth-clients`, { grants: ['product'] })
    await maker.post(`${V1}/activation-codes`, { count: 2 })
    const hook = await maker.post(`${V1}/webhooks`, {
      url: 'http://127.0.0.1:9/never',
      events: ['device.claimed'],
      project: project.id,
    })
    await maker.post(`${V1}/webhooks`, { url: 'ftp://x' })
    await maker.get(`${V1}/webhooks?project=walked`)
    expect((await maker.delete(`${V1}/webhooks/${hook.body.id}?project=walked`)).status).toBe(204)
    expect((await maker.delete(`${V1}/webhooks/none`)).status).toBe(404)
    const owner = { email: 'owner@walked', password: 'a-password', project: 'walked' }
    await nobody().post(`${V1}/users`, owner)
    const inside = await signedIn({ email: owner.email, password: owner.password })
    const token = await inside.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp' })
    expect(token.status).toBe(201)
    expect((await ada.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp' })).status).toBe(403)
    expect((await maker.delete(`${V1}/projects/walked`)).status).toBe(204)
    expect((await maker.delete(`${V1}/projects/walked`)).status).toBe(404)
  })

  test('what makers look after', async () => {
    const bob = await person()
    const lamp = await claimed(bob)
    for (const path of [
      'fleet?limit=2',
      `fleet/${lamp.id}`,
      'fleet/none',
      `devices/${lamp.id}/attempts`,
      'projects',
      'users?limit=1',
      `users/${bob.id}`,
      'users/none',
      'project-homes?limit=1',
      `project-homes/${bob.home}`,
      'statistics',
      'audit',
      'audit?limit=1',
    ])
      await maker.get(`${V1}/${path}`)
    await maker.patch(`${V1}/devices/${lamp.id}`, { name: 'renamed' })
    await maker.post(`${V1}/devices/${lamp.id}/credential`)
    const { id } = (await maker.get(`${V1}/projects`)).body.items[0]
    await maker.put(`${V1}/projects/${id}/policy`, { openLinksPerAccount: 50 })
    const key = await maker.post(`${V1}/project-keys`, { name: 'for a while' })
    await maker.get(`${V1}/project-keys`)
    await maker.delete(`${V1}/project-keys/${key.body.id}`)
    const product = { name: 'a product', accounts: 'email', provisioning: 'pre' }
    const project = (await maker.post(`${V1}/projects`, product)).body.id
    const client = await maker.post(`${V1}/oauth-clients`, { project, grants: ['product'] })
    await maker.get(`${V1}/oauth-clients?project=${project}`)
    await maker.delete(`${V1}/oauth-clients/${client.body.id}?project=${project}`)
    expect((await maker.delete(`${V1}/users/${bob.id}/sessions`)).status).toBe(204)
  })

  test('letters', async () => {
    const eve = await person()
    await nobody().post(`${V1}/password-resets`, { email: eve.email })
    const token = await letterTo(eve, 'reset-password')
    const look = { kind: 'reset-password', token }
    expect((await nobody().post(`${V1}/letter-tokens`, look)).status).toBe(200)
    const set = { token, password: 'another-password' }
    expect((await nobody().post(`${V1}/passwords`, set)).status).toBe(204)
    await nobody().post(`${V1}/passwords`, set)
    for (const path of ['letter-tokens', 'email-verifications', 'invitation-answers'])
      await nobody().post(`${V1}/${path}`, { ...(path === 'letter-tokens' ? look : { token }) })
  })

  test('homes', async () => {
    const bob = await person()
    const home = (await ada.post(`${V1}/homes`, { name: 'hut' })).body
    expect((await ada.get(`${V1}/homes`)).body.items).toHaveLength(2)
    await ada.post(`${V1}/homes/${home.id}/members`, { email: bob.email })
    expect((await ada.post(`${V1}/homes/${home.id}/members`, { email: bob.email })).status).toBe(
      409,
    )
    await ada.get(`${V1}/homes/${home.id}/members`)
    expect((await bob.delete(`${V1}/homes/${home.id}`)).status).toBe(403)
    expect((await bob.delete(`${V1}/homes/${home.id}/members/${bob.id}`)).status).toBe(204)
    expect((await bob.get(`${V1}/homes/${home.id}/members`)).status).toBe(404)
    expect((await ada.delete(`${V1}/homes/${ada.home}`)).status).toBe(409)
    expect((await ada.delete(`${V1}/homes/${home.id}`)).status).toBe(204)
  })

  test('devices, and how they change hands', async () => {
    const particle = '0123456789abcdef01234567'
    const lamp = await device({
      deviceClass: 'lamp',
      tag: 'a',
      claimCode: 'printed',
      ids: { particle },
    })
    await maker.get(`${V1}/devices?limit=1`)
    await maker.get(`${V1}/devices/${lamp.id}`)
    await maker.get(`${V1}/devices/none`)
    await maker.post(`${V1}/devices`, { name: lamp.name })
    const at = `${V1}/devices/${lamp.id}`
    await maker.put(`${at}/box-key`, { expiresAt: '2020-01-01T00:00:00Z' })
    const key = await maker.put(`${at}/box-key`, { expiresAt: '2099-01-01T00:00:00Z' })
    await maker.put(`${at}/certificate`, { sha256: 'ab'.repeat(32) })
    await maker.put(`${at}/certificate`, { pem: 'nonsense' })
    await maker.delete(`${at}/certificate`)
    await ada.post(`${V1}/claims`, { device: lamp.name, secret: 'wrong' })
    await ada.post(`${V1}/claims`, { device: lamp.name, secret: key.body.secret })
    expect((await ada.get(`${V1}/devices`)).body.items).toHaveLength(1)
    expect(
      (await maker.get(`${at}/history`)).body.items.map((l: { type: string }) => l.type),
    ).toEqual(['claimed', 'refused'])
    expect((await ada.delete(`${at}/owner`)).status).toBe(204)
    await maker.get(`${at}/history`)
  })

  test('imports', async () => {
    const send = async (type: string, body: string) => {
      const reply = await fetch(`${server.httpUrl}${V1}/devices/import`, {
        method: 'POST',
        headers: { authorization: `Bearer ${maker.token}`, 'content-type': type },
        body,
      })
      const text = await reply.text()
      const came = { status: reply.status, headers: reply.headers, text, body: JSON.parse(text) }
      expect(contract.faultsIn('post', `${V1}/devices/import`, came)).toEqual([])
      return came
    }
    expect((await send('application/json', '{}')).status).toBe(415)
    const rows = '{"name":"imported-1"}\n{"name":7}\n'
    const { body } = await send('application/x-ndjson', rows)
    const at = `${V1}/operations/${body.id}`
    await eventually(async () => (await maker.get(at)).body.state === 'done')
    expect((await maker.get(at)).body).toMatchObject({ created: 1, failed: 1 })
    await maker.get(`${at}/results`)
    await maker.get(`${V1}/operations/none`)
  })

  test('claims, and the halves that accounts leave', async () => {
    const bob = await person()
    const lamp = await claimed(ada)
    const again = { device: lamp.id, secret: 'lamp' }
    expect((await ada.post(`${V1}/claims`, again)).status).toBe(200)
    const wrong = await bob.post(`${V1}/claims`, again)
    const refused = wrong.headers.get('location') as string
    for (const who of [bob, maker]) {
      await who.get(refused)
      await who.get(`${refused}/explain`)
    }
    await bob.post(`${V1}/claims`, { ...again, home: ada.home })
    await bob.post(`${V1}/claims`, { device: lamp.id, no: 1 })
    const link = await bob.post(`${V1}/claims`, { linkId: 'a shared id' })
    expect(link.status).toBe(202)
    await bob.get(`${V1}/claims/${link.body.id}?waitMs=10`)
    await bob.get(`${V1}/claims/${link.body.id}/explain`)
    const code = await bob.post(`${V1}/claim-codes`)
    expect((await bob.get(`${V1}/claim-codes/${code.body.code}`)).body).toMatchObject({
      state: 'open',
    })
    expect((await bob.post(`${V1}/claims`, { code: code.body.code })).status).toBe(202)
    const bulb = await device()
    const mqtt = await connectDevice(server.mqttUrl, bulb.token, [RESULT])
    await mqtt.publish('latchkey/v1/code', { code: code.body.code })
    await mqtt.next(RESULT)
    await mqtt.end()
    await bob.get(`${V1}/claim-codes/${code.body.code}`)
    expect((await ada.get(`${V1}/claim-codes/${code.body.code}`)).status).toBe(404)
    for (let tries = 0; tries < 60; tries++) {
      const { status } = await bob.post(`${V1}/claims`, { device: lamp.id, secret: 'wrong' })
      if (status === 429) break
    }
    expect(contract.seen).toContain(`post ${V1}/claims 429`)
  })

  test('transfers', async () => {
    const bob = await person()
    const particle = (n: number) => `${n}`.padStart(24, 'a')
    const ask = async (n: number) => {
      const lamp = await device({ ids: { particle: particle(n) } })
      const at = `${V1}/devices/${lamp.id}/box-key`
      await maker.put(at, { secret: 'lamp', expiresAt: '2099-01-01T00:00:00Z' })
      await ada.post(`${V1}/claims`, { device: lamp.id, secret: 'lamp' })
      const mqtt = await connectDevice(server.mqttUrl, lamp.token)
      const reply = await fetch(`${server.httpUrl}/v1/devices`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bob.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ id: particle(n), request_transfer: true }),
      })
      await mqtt.end()
      return ((await reply.json()) as { transfer_id: string }).transfer_id
    }
    const answers = `${V1}/transfer-answers`
    const { transfer, token } = { transfer: await ask(3), token: await letterTo(ada, 'transfer') }
    expect((await nobody().post(`${V1}/letter-tokens`, { kind: 'transfer', token })).status).toBe(
      200,
    )
    const answer = await nobody().post(answers, { token, approve: true })
    expect([answer.status, answer.body.id]).toEqual([200, transfer])
    expect((await ada.post(`${V1}/transfers/${await ask(1)}/approve`)).status).toBe(200)
    expect((await ada.post(`${V1}/transfers/${await ask(2)}/deny`)).status).toBe(200)
    expect((await ada.get(`${V1}/transfers/${transfer}`)).status).toBe(200)
    expect((await ada.get(`${V1}/transfers/none`)).status).toBe(404)
    expect((await ada.post(`${V1}/transfers/none/deny`)).status).toBe(404)
    await nobody().post(`${V1}/transfer-answers`, { token: 'wrong', approve: true })
  })

  test('commands and events', async () => {
    const lamp = await claimed(ada)
    const at = `${V1}/devices/${lamp.id}`
    const given = await ada.post(`${at}/commands`, { action: 'blink', parameters: { times: 3 } })
    const done = `${at}/commands/${given.body.id}`
    expect((await ada.get(done)).body.state).toBe('queued')
    const mqtt = await connectDevice(server.mqttUrl, lamp.token, ['latchkey/v1/commands'])
    const { id } = await mqtt.next('latchkey/v1/commands')
    await mqtt.publish(`latchkey/v1/commands/${id}/ack`, { blinked: 3 })
    await mqtt.publish('latchkey/v1/events', { eventType: 'blinked', eventData: { times: 3 } })
    await mqtt.end()
    expect((await ada.get(done)).body.state).toBe('acknowledged')
    await ada.get(`${at}/commands/none`)
    await ada.get(`${at}/events?limit=10`)
    const json = { accept: 'application/json' }
    expect(
      (await ada.get(`${V1}/events?after=${await firstEvent(at)}`, json)).body.items.length,
    ).toBeGreaterThan(0)
    expect((await ada.get(`${V1}/events?after=nonsense`, json)).status).toBe(400)
    await ada.post(`${V1}/tickets`)
    await ada.post(`${V1}/tickets`, undefined, { 'idempotency-key': 'x'.repeat(300) })
  })

  const firstEvent = async (at: string) =>
    (await ada.get(`${at}/events?limit=1`)).body.items[0].id as string

  test('a request that comes twice under one key, and what has the wrong form', async () => {
    const key = { 'idempotency-key': 'walk' }
    const first = await ada.post(`${V1}/homes`, { name: 'once' }, key)
    expect((await ada.post(`${V1}/homes`, { name: 'once' }, key)).text).toBe(first.text)
    expect((await ada.post(`${V1}/homes`, { name: 'other' }, key)).status).toBe(422)
    expect((await ada.post(`${V1}/homes`, 'x', { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await ada.post(`${V1}/homes`, { name: 'x'.repeat(300_000) })).status).toBe(413)
  })

  test('health and numbers', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect((await nobody().get(path)).status).toBe(200)
  })
})

test('the walk has seen every success that is described', () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.keys(responses)
        .filter((status) => status.startsWith('2'))
        .map((status) => `${method} ${path} ${status}`),
    ),
  )
  const unseen = described.filter((place) => !contract.seen.has(place))
  // Their letters are written in MODE's dialect: test/native/letters.test.ts.
  expect(unseen).toEqual([
    `post ${V1}/email-verifications 204`,
    `post ${V1}/invitation-answers 204`,
  ])
})

test('a reply that is not as described is noticed', () => {
  const reply = (status: number, body: object, type = 'application/json') => ({
    status,
    body,
    text: JSON.stringify(body),
    headers: new Headers({ 'content-type': type }),
  })
  const faults = (...[status, body, type]: Parameters<typeof reply>) =>
    contract.faultsIn('get', '/healthz', reply(status, body, type))
  expect(faults(200, { status: 'alive' })).toEqual([])
  expect(faults(200, { status: 'alive', more: 1 })).toHaveLength(1)
  expect(faults(200, { status: 'ill' })).not.toEqual([])
  expect(faults(200, { status: 'alive' }, 'text/html')).toHaveLength(1)
  expect(faults(418, {})).toHaveLength(1)
  expect(contract.faultsIn('get', `${V1}/nothing`, reply(200, {}))).toHaveLength(1)
})
