import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { AUDIT_TYPES, type AuditLine, type AuditType } from '../../shared/audit/records.ts'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { eventually } from '../support/mail.ts'
import { messagesTo, modeHome, modeProject, modeUser, send } from '../support/mode.ts'
import {
  newParticleId,
  newProduct,
  newUser,
  newWord,
  PASSWORD,
  token,
} from '../support/particle.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const RESULT = 'latchkey/v1/claim/result'

let server: TestServer
let maker: Api
/** The maker's own id. */
let self: string

beforeAll(async () => {
  server = await startServer({ LATCHKEY_WEBHOOK_NETWORKS: '127.0.0.0/8' })
  maker = await signIn(server.httpUrl)
  const again = await api(server.httpUrl).post(`${V1}/sessions`, ADMIN)
  self = again.body.user.id
})
afterAll(() => server.close())

const auditOf = async (project: string): Promise<AuditLine[]> => {
  const reply = await maker.get(`${V1}/audit?project=${project}`)
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
  const lines = reply.text.trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line)).filter((line) => 'seq' in line)
}

/** What has just been done, and what its one line says. `project`: another than `default`. */
type Done = { readonly project?: string; readonly says: Readonly<Record<string, unknown>> }
/** Type, who did it: himself, the maker, a device, a stranger. */
type Row = () => Promise<Done>

const byUser = (id: string) => ({ by: { kind: 'user', id } })
const byMaker = () => byUser(self)
const person = () => customer(server.httpUrl)

/** A device with a window that is open for `right`. */
const windowed = async () => {
  const made = await makeDevice(maker)
  const live = await connectDevice(server.mqttUrl, made.token, [RESULT])
  await live.publish('latchkey/v1/claim', { secret: 'right' })
  await live.next(RESULT)
  await live.end()
  return made
}
const claimed = async () => {
  const [owner, device] = [await person(), await windowed()]
  const reply = await owner.post(`${V1}/claims`, { device: device.name, secret: 'right' })
  return { owner, device, claim: reply.body.id as string }
}
const transfer = async (word?: 'approve' | 'deny'): Promise<Done> => {
  const [owner, asker, particle] = [await person(), await person(), newParticleId()]
  const device = await makeDevice(maker, { ids: { particle }, claimCode: 'right' })
  await owner.post(`${V1}/claims`, { device: device.name, secret: 'right' })
  const asked = await asker.post('/v1/devices', { id: particle, request_transfer: true })
  const what = asked.body.transfer_id
  if (word === undefined)
    return { says: { ...byUser(asker.id), user: asker.id, device: device.id, what } }
  await owner.post(`${V1}/transfers/${what}/${word}`)
  return { says: { ...byUser(owner.id), user: owner.id, device: device.id, what } }
}
const shared = async () => {
  const [owner, guest] = [await person(), await person()]
  const home = (await owner.post(`${V1}/homes`, { name: 'ours' })).body.id as string
  await owner.post(`${V1}/homes/${home}/members`, { email: guest.email })
  return { owner, guest, home }
}
const reset = async (): Promise<{ email: string; mailed: string }> => {
  const { email } = await newUser(server.httpUrl)
  await api(server.httpUrl).post('/v1/user/password-reset', { username: email })
  const [letter] = await messagesTo(server, 'mail', email)
  return { email, mailed: String(letter?.token) }
}
const tenant = async () => {
  const who = { username: ADMIN.email, password: ADMIN.password }
  const { body } = await api(server.httpUrl).post('/api/auth/login', who)
  return api(server.httpUrl, { headers: { 'x-authorization': `Bearer ${body.token}` } })
}
/** A user of ThingsBoard's who has no password yet. */
const toBeActivated = async () => {
  const asTenant = await tenant()
  const home = await asTenant.post('/api/customer', { title: newWord('home') })
  const made = await asTenant.post('/api/user?sendActivationMail=false', {
    ...{ email: `${newWord('tb')}@example.com`, authority: 'CUSTOMER_USER' },
    customerId: home.body.id,
  })
  const { id } = made.body.id
  const link = await asTenant.get(`/api/user/${id}/activationLink`)
  return { id, activateToken: /activateToken=([\w-]+)/.exec(link.text)?.[1] }
}
const project = async () => {
  const body = { name: newWord('project'), accounts: 'email', provisioning: 'pre' }
  return (await maker.post(`${V1}/projects`, body)).body.id as string
}

/** A test of its own has these. */
const ELSEWHERE = {
  'audit.cut': 'test/audit/sealer.test.ts',
  'audit.unreadable': 'test/audit/sealer.test.ts',
  export: 'test/move/move.test.ts',
  import: 'test/move/move.test.ts',
  'certificate.set': 'test/audit/parts.test.ts',
  'certificate.removed': 'test/audit/parts.test.ts',
  'user.verified': 'test/audit/parts.test.ts',
  'home.removed': 'test/audit/parts.test.ts',
} as const satisfies Partial<Record<AuditType, string>>

const ROWS: Readonly<Record<Exclude<AuditType, keyof typeof ELSEWHERE>, Row>> = {
  'sign-in.ok': async () => {
    const { id } = await person()
    return { says: { user: id, from: '127.0.0.0/24' } }
  },
  'sign-in.failed': async () => {
    const { id, email } = await person()
    const reply = await api(server.httpUrl).post(`${V1}/sessions`, { email, password: 'a guess..' })
    expect(reply.status).toBe(401)
    return { says: { user: id, from: '127.0.0.0/24' } }
  },
  'sign-in.throttled': async () => {
    const email = `${newWord('nobody')}@example.com`
    const attempt = () =>
      api(server.httpUrl).post(`${V1}/sessions`, { email, password: 'a guess..' })
    const statuses: number[] = []
    while (!statuses.includes(429) && statuses.length < 150) statuses.push((await attempt()).status)
    expect((await attempt()).status).toBe(429)
    return { project: 'instance', says: { what: expect.stringMatching(/^[\w-]{22}$/) } }
  },
  'sign-out': async () => {
    const one = await person()
    await one.delete(`${V1}/sessions`)
    return { says: { user: one.id, ...byUser(one.id), what: 'everywhere' } }
  },
  'password.set': async () => {
    const { id, activateToken } = await toBeActivated()
    const body = { activateToken, password: 'a-good-password' }
    expect((await api(server.httpUrl).post('/api/noauth/activate', body)).status).toBe(200)
    return { says: { user: id } }
  },
  'activation.made': async () => ({ says: { ...byMaker(), user: (await toBeActivated()).id } }),
  'password.changed': async () => {
    const user = await newUser(server.httpUrl)
    const fields = { password: 'another-password', current_password: PASSWORD }
    expect((await user.put('/v1/user', fields)).status).toBe(200)
    return { says: { user: expect.any(String), by: { kind: 'user', id: expect.any(String) } } }
  },
  'password.reset': async () => {
    const { mailed } = await reset()
    const fields = { token: mailed, password: 'another-password' }
    expect((await api(server.httpUrl).post('/v1/password', fields)).status).toBe(200)
    return { says: { user: expect.any(String) } }
  },
  'user.made': async () => ({ says: { user: (await person()).id, what: 'customer' } }),
  'user.removed': async () => {
    const user = await newUser(server.httpUrl)
    await fetch(`${server.httpUrl}/v1/user?password=${PASSWORD}`, {
      method: 'DELETE',
      headers: {
        authorization: `Bearer ${user.accessToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ password: PASSWORD }),
    })
    return { says: { user: expect.any(String) } }
  },
  'user.changed': async () => {
    const user = await newUser(server.httpUrl)
    const fields = { account_info: { first_name: 'Jane' } }
    expect((await user.put('/v1/user', fields)).status).toBe(200)
    return { says: { by: { kind: 'user', id: expect.any(String) }, what: 'firstName' } }
  },
  'grant.changed': async () => {
    const { id } = await person()
    await maker.put(`${V1}/users/${id}/grants`, { claimDevices: false })
    return { says: { user: id, ...byMaker(), what: '-claim-devices' } }
  },
  'home.made': async () => {
    const one = await person()
    const made = await one.post(`${V1}/homes`, { name: 'a hut' })
    return { says: { ...byUser(one.id), home: made.body.id } }
  },
  'home.changed': async () => {
    const space = await modeProject(server)
    const user = await modeUser(server, space)
    const { id } = await modeHome(server, user)
    const body = { name: 'another name' }
    const renamed = await send(server.httpUrl, 'PATCH', `/homes/${id}`, { key: user.key, body })
    expect(renamed.status).toBe(204)
    return { project: space.id, says: { home: expect.any(String), by: { kind: 'user' } } }
  },
  'member.added': async () => {
    const { owner, guest, home } = await shared()
    return { says: { user: guest.id, home, ...byUser(owner.id), what: 'member' } }
  },
  'member.removed': async () => {
    const { owner, guest, home } = await shared()
    await owner.delete(`${V1}/homes/${home}/members/${guest.id}`)
    return { says: { user: guest.id, home, ...byUser(owner.id) } }
  },
  'token.made': async () => {
    await newUser(server.httpUrl)
    return { says: { user: expect.any(String), what: expect.any(String) } }
  },
  'token.removed': async () => {
    const user = await newUser(server.httpUrl)
    await user.delete('/v1/access_tokens/current')
    return { says: { user: expect.any(String), what: expect.any(String) } }
  },
  'token.reused': async () => {
    const { renewal } = await newUser(server.httpUrl)
    const again = () =>
      token(server.httpUrl, { grant_type: 'refresh_token', refresh_token: renewal })
    expect([(await again()).status, (await again()).status]).toEqual([200, 400])
    return { says: { user: expect.any(String), what: expect.any(String) } }
  },
  'key.made': async () => {
    const made = await maker.post(`${V1}/project-keys`, { name: 'a program', grants: ['byou'] })
    return { says: { ...byMaker(), what: made.body.id } }
  },
  'key.removed': async () => {
    const made = await maker.post(`${V1}/project-keys`, { name: 'a program', grants: ['byou'] })
    expect((await maker.delete(`${V1}/project-keys/${made.body.id}`)).status).toBe(204)
    return { says: { ...byMaker(), what: made.body.id } }
  },
  'client.made': async () => {
    const { id, client } = await newProduct(server.httpUrl)
    return { project: id, says: { ...byMaker(), what: client.id } }
  },
  'client.removed': async () => {
    const { id, client } = await newProduct(server.httpUrl)
    expect((await maker.delete(`${V1}/oauth-clients/${client.id}?project=${id}`)).status).toBe(204)
    return { project: id, says: { ...byMaker(), what: client.id } }
  },
  'webhook.made': async () => {
    const id = await project()
    const made = await maker.post(`${V1}/webhooks`, { url: 'http://127.0.0.1:9/', project: id })
    return { project: id, says: { ...byMaker(), what: made.body.id } }
  },
  'webhook.removed': async () => {
    const id = await project()
    const made = await maker.post(`${V1}/webhooks`, { url: 'http://127.0.0.1:9/', project: id })
    await maker.delete(`${V1}/webhooks/${made.body.id}?project=${id}`)
    return { project: id, says: { ...byMaker(), what: made.body.id } }
  },
  'activation-codes.made': async () => {
    await maker.post(`${V1}/activation-codes`, { count: 3 })
    return { says: { ...byMaker(), count: 3 } }
  },
  'device.made': async () => ({ says: { ...byMaker(), device: (await makeDevice(maker)).id } }),
  'device.removed': async () => {
    const { id } = await makeDevice(maker)
    expect((await (await tenant()).delete(`/api/device/${id}`)).status).toBe(200)
    return { says: { ...byMaker(), device: id } }
  },
  'device.changed': async () => {
    const { id, name } = await makeDevice(maker)
    const claimingAllowed = { claimingAllowed: true }
    const at = `/api/plugins/telemetry/DEVICE/${id}/SERVER_SCOPE`
    const asTenant = await tenant()
    const form = { id: { id, entityType: 'DEVICE' }, name: `${name}-renamed`, label: 'x' }
    expect((await asTenant.post('/api/device', form)).status).toBe(200)
    expect((await asTenant.post(at, claimingAllowed)).status).toBe(200)
    return { says: { ...byMaker(), device: id, what: 'claimingAllowed' } }
  },
  'credential.shown': async () => {
    const { id } = await makeDevice(maker)
    expect((await (await tenant()).get(`/api/device/${id}/credentials`)).status).toBe(200)
    return { says: { ...byMaker(), device: id } }
  },
  'devices.imported': async () => {
    const rows = [1, 2].map((n) => JSON.stringify({ name: newWord(`imported-${n}`) }))
    const reply = await fetch(`${server.httpUrl}${V1}/devices/import`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${maker.token}`,
        'content-type': 'application/x-ndjson',
      },
      body: `${rows.join('\n')}\n`,
    })
    const place = reply.headers.get('location') ?? ''
    await eventually(async () => (await maker.get(place)).body.state === 'done')
    return { says: { user: self, what: place.split('/').at(-1), count: 2 } }
  },
  'credential.renewed': async () => {
    const { id } = await makeDevice(maker)
    expect((await maker.post(`${V1}/devices/${id}/credential`)).status).toBe(201)
    return { says: { ...byMaker(), device: id } }
  },
  'box-key.set': async () => {
    const { id } = await makeDevice(maker)
    await maker.put(`${V1}/devices/${id}/box-key`, { expiresAt: '2099-01-01T00:00:00Z' })
    return { says: { ...byMaker(), device: id } }
  },
  'window.opened': async () => {
    const { id } = await windowed()
    return { says: { by: { kind: 'device', id }, device: id, via: 'latchkey' } }
  },
  'offer.refused': async () => {
    const { id, token: credential } = await makeDevice(maker)
    const live = await connectDevice(server.mqttUrl, credential, [RESULT])
    // The same again within a minute is the same line.
    for (let n = 0; n < 3; n++) {
      await live.publish('latchkey/v1/claim', {})
      await live.next(RESULT)
    }
    await live.end()
    return { says: { device: id, reason: 'secret-required', what: 'window', via: 'latchkey' } }
  },
  'claim.ok': async () => {
    const { owner, device, claim } = await claimed()
    const { id: user, home } = owner
    return { says: { user, home, device: device.id, claim, epoch: 1, ...byUser(user) } }
  },
  'claim.refused': async () => {
    const [one, device] = [await person(), await windowed()]
    await one.post(`${V1}/claims`, { device: device.name, secret: 'wrong' })
    return { says: { user: one.id, device: device.id, reason: 'wrong-secret', via: 'latchkey' } }
  },
  release: async () => {
    const { owner, device } = await claimed()
    await owner.delete(`${V1}/devices/${device.id}/owner`)
    return { says: { ...byUser(owner.id), device: device.id, home: owner.home, epoch: 2 } }
  },
  'transfer.asked': () => transfer(),
  'transfer.approved': () => transfer('approve'),
  'transfer.denied': () => transfer('deny'),
  'project.made': async () => ({ project: await project(), says: byMaker() }),
  'project.removed': async () => {
    const id = await project()
    expect((await maker.delete(`${V1}/projects/${id}`)).status).toBe(204)
    return { project: 'instance', says: { ...byMaker(), what: id } }
  },
  'policy.changed': async () => {
    const id = await project()
    expect((await maker.put(`${V1}/projects/${id}/policy`, { signUp: false })).status).toBe(200)
    return { project: id, says: byMaker() }
  },
  'audit.exported': async () => {
    const id = await project()
    return { project: id, says: byMaker() }
  },
}

describe('every security event is written down once, with who, what and when', () => {
  test.each(Object.entries(ROWS))('%s', async (type, row) => {
    const began = Date.now()
    const { project: where = 'default', says } = await row()
    const lines = (await auditOf(where)).filter((line) => line.type === type && line.at >= began)
    const matching = lines.filter((line) => {
      try {
        expect(line).toMatchObject(says)
        return true
      } catch {
        return false
      }
    })
    if (matching.length !== 1) expect(lines).toEqual([expect.objectContaining(says)])
    expect(matching[0]?.at).toBeLessThanOrEqual(Date.now())
  })

  test('and has a row here or a test of its own', () => {
    expect([...Object.keys(ROWS), ...Object.keys(ELSEWHERE)].sort()).toEqual(
      [...AUDIT_TYPES].sort(),
    )
  })
})

test('no secret and no address of a person is in it', async () => {
  const device = await windowed()
  const one = await person()
  await one.post(`${V1}/claims`, { device: device.name, secret: 'SEKRET-wrong' })
  await api(server.httpUrl).post(`${V1}/sessions`, {
    ...{ email: one.email, password: 'SEKRET-password' },
  })
  for (const project of ['default', 'instance']) {
    const { text } = await maker.get(`${V1}/audit?project=${project}`)
    for (const secret of [
      device.token,
      one.token,
      'SEKRET',
      one.email,
      ADMIN.email,
      ADMIN.password,
    ])
      expect(text).not.toContain(secret)
  }
})

test('only makers read it, those of another project only their own', async () => {
  const id = await project()
  const who = { email: `${newWord('boss')}@example.com`, password: 'a-good-password' }
  await maker.post(`${V1}/users`, { ...who, role: 'maker', project: id })
  const boss = await signIn(server.httpUrl, who)
  expect((await boss.get(`${V1}/audit`)).text).toContain(id)
  for (const other of ['default', 'instance'])
    expect((await boss.get(`${V1}/audit?project=${other}`)).status).toBe(404)
  expect((await (await person()).get(`${V1}/audit`)).status).toBe(403)
  expect((await api(server.httpUrl).get(`${V1}/audit`)).status).toBe(401)
})

test('pages are the same lines as the whole', async () => {
  const whole = (await auditOf('default')).map(({ seq }) => seq)
  const seen: number[] = []
  let after = ''
  for (;;) {
    const query = after === '' ? '' : `&after=${after}`
    const { text } = await maker.get(`${V1}/audit?project=default&limit=50${query}`)
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    seen.push(...lines.flatMap(({ seq }) => (seq === undefined ? [] : [seq])))
    const end = lines.at(-1)
    if (end.next === undefined) break
    after = end.next
  }
  // The first page is an export of its own.
  expect(seen.slice(0, whole.length)).toEqual(whole)
  expect((await maker.get(`${V1}/audit?limit=0`)).status).toBe(400)
  expect((await maker.get(`${V1}/audit?from=1`)).status).toBe(400)
})
