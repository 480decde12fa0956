import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { AuditLine, AuditType } from '../../shared/audit/records.ts'
import { type Api, api, customer, makeDevice, type Reply, signIn } from '../support/api.ts'
import { documentAt, type OpenApi } from '../support/documents.ts'
import { sendFile, whenDone } from '../support/imports.ts'
import { letterTo } from '../support/letters.ts'
import { type ModeProject, modeHome, modeUser, send } from '../support/mode.ts'
import { projectWith } from '../support/mode-devices.ts'
import { newParticleId, newWord } from '../support/particle.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'

let server: TestServer
let document: OpenApi
let maker: Api
/** The maker's own id. */
let self: string
let product: ModeProject

beforeAll(async () => {
  server = await startServer({ LATCHKEY_WEBHOOK_NETWORKS: '127.0.0.0/8' })
  document = await documentAt<OpenApi>(server.httpUrl, '/openapi.json')
  maker = await signIn(server.httpUrl)
  self = (await api(server.httpUrl).post(`${V1}/sessions`, ADMIN)).body.user.id
  product = await projectWith(server, { provisioning: 'on-demand' })
})
afterAll(() => server.close())

/** What has been written down of a project so far, but that it was read. */
const auditOf = async (project: string): Promise<AuditLine[]> => {
  const { text } = await maker.get(`${V1}/audit?project=${project}`)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((line) => 'seq' in line && line.type !== 'audit.exported')
}

/** An act: what it says of who did it, and the types of all lines that it leaves in its project. */
type Act = {
  readonly leaves: readonly AuditType[]
  readonly by?: string
  readonly project?: string
  readonly act: () => Promise<Reply>
  /** What must not be in them, besides all that the answer tells. */
  readonly secrets?: readonly string[]
}
/** Gets everything ready for an act; or why a call leaves nothing in the audit. */
type Row = (() => Promise<Act>) | string

const nobody = () => api(server.httpUrl)
const person = () => customer(server.httpUrl)
const FOREVER = '2099-01-01T00:00:00Z'

const owned = async (more: Record<string, unknown> = {}) => {
  const who = await person()
  const device = await makeDevice(maker, { name: newWord('thing'), claimCode: 'right', ...more })
  await who.post(`${V1}/claims`, { device: device.id, secret: 'right' })
  return { who, device, at: `${V1}/devices/${device.id}` }
}
const asked = async () => {
  const particle = newParticleId()
  const { who } = await owned({ ids: { particle } })
  const next = await person()
  const { body } = await next.post('/v1/devices', { id: particle, request_transfer: true })
  return { who, next, at: `${V1}/transfers/${body.transfer_id}` }
}
const home = async () => {
  const who = await person()
  const { body } = await who.post(`${V1}/homes`, { name: newWord('hut') })
  return { who, at: `${V1}/homes/${body.id}` }
}
/** A letter that MODE's dialect has written to somebody. */
const invited = async () => {
  const host = await modeUser(server, product)
  const { id } = await modeHome(server, host)
  const email = `${newWord('guest')}@example.com`
  await send(server.httpUrl, 'POST', `/homes/${id}/members`, { key: host.key, body: { email } })
  return { email, token: (await letterTo(server, email)).token }
}
const byMaker = <T extends object>(act: T) => ({ by: self, ...act })

/** Every call of the native API that changes something. */
const CALLS: Readonly<Record<string, Row>> = {
  'post /devices': async () =>
    byMaker({
      leaves: ['device.made'],
      act: () => maker.post(`${V1}/devices`, { name: newWord('thing') }),
    }),
  'patch /devices/{id}': async () => {
    const { at } = await owned()
    return byMaker({
      leaves: ['device.changed'],
      act: () => maker.patch(at, { name: newWord('renamed') }),
    })
  },
  'post /devices/{id}/credential': async () => {
    const { at } = await owned()
    return byMaker({ leaves: ['credential.renewed'], act: () => maker.post(`${at}/credential`) })
  },
  'put /devices/{id}/box-key': async () => {
    const { at } = await owned()
    const body = { secret: 'SEKRET-box-key', expiresAt: FOREVER }
    return byMaker({ leaves: ['box-key.set'], act: () => maker.put(`${at}/box-key`, body) })
  },
  'put /devices/{id}/certificate': async () => {
    const { at } = await owned()
    const sha256 = 'ab'.repeat(32)
    return byMaker({
      ...{ leaves: ['certificate.set'], secrets: [sha256] },
      act: () => maker.put(`${at}/certificate`, { sha256 }),
    })
  },
  'delete /devices/{id}/certificate': async () => {
    const { at } = await owned()
    await maker.put(`${at}/certificate`, { sha256: 'cd'.repeat(32) })
    return byMaker({
      leaves: ['certificate.removed'],
      act: () => maker.delete(`${at}/certificate`),
    })
  },
  'delete /devices/{id}/owner': async () => {
    const { at } = await owned()
    return byMaker({ leaves: ['release'], act: () => maker.delete(`${at}/owner`) })
  },
  'post /devices/import': async () =>
    byMaker({
      leaves: ['devices.imported'],
      act: async () => {
        const rows = [{ name: newWord('row'), secret: 'SEKRET-row' }]
        const reply = await sendFile(server.httpUrl, maker, rows)
        await whenDone(maker, reply.headers.get('location') ?? '')
        return reply
      },
      secrets: ['SEKRET-row'],
    }),
  'post /devices/{id}/commands': 'it stands in the feed and in a record of its own',

  'post /claims': async () => {
    const who = await person()
    const { name } = await makeDevice(maker, { name: newWord('thing'), claimCode: 'SEKRET-right' })
    return {
      ...{ leaves: ['claim.ok'], by: who.id, secrets: ['SEKRET-right'] },
      act: () => who.post(`${V1}/claims`, { device: name, secret: 'SEKRET-right' }),
    }
  },
  'post /claim-codes': 'a half to which nobody has come yet: its claim is told',
  'post /provisioning-tokens': 'the same: the device that it becomes, and its claim, are told',
  'post /transfers/{id}/approve': async () => {
    const { who, at } = await asked()
    return {
      ...{ leaves: ['claim.ok', 'transfer.approved'], by: who.id },
      act: () => who.post(`${at}/approve`),
    }
  },
  'post /transfers/{id}/deny': async () => {
    const { who, at } = await asked()
    return { leaves: ['transfer.denied'], by: who.id, act: () => who.post(`${at}/deny`) }
  },
  'post /transfer-answers': async () => {
    const { who } = await asked()
    const { token } = await letterTo(server, who.email)
    return {
      ...{ leaves: ['transfer.denied'], secrets: [token] },
      act: () => nobody().post(`${V1}/transfer-answers`, { token, approve: false }),
    }
  },

  'post /sessions': async () => {
    const { email } = await person()
    const body = { email, password: 'customer-password' }
    return {
      ...{ leaves: ['sign-in.ok'], secrets: [email, 'customer-password'] },
      act: () => nobody().post(`${V1}/sessions`, body),
    }
  },
  'delete /sessions': async () => {
    const who = await person()
    return { leaves: ['sign-out'], by: who.id, act: () => who.delete(`${V1}/sessions`) }
  },
  'delete /users/{id}/sessions': async () => {
    const { id } = await person()
    return byMaker({ leaves: ['sign-out'], act: () => maker.delete(`${V1}/users/${id}/sessions`) })
  },
  'post /users': async () => {
    const body = { email: `${newWord('new')}@example.com`, password: 'SEKRET-password' }
    return {
      ...{ leaves: ['user.made'], secrets: [body.email, body.password] },
      act: () => nobody().post(`${V1}/users`, body),
    }
  },
  'put /users/{id}/grants': async () => {
    const { id } = await person()
    const body = { claimDevices: false }
    return byMaker({
      leaves: ['grant.changed'],
      act: () => maker.put(`${V1}/users/${id}/grants`, body),
    })
  },
  'post /tickets': 'for a minute, of a session that is told',
  'post /password-resets': 'anybody may ask, as often as is counted; what comes of it is told',
  'post /letter-tokens': 'it looks and changes nothing',
  'post /passwords': async () => {
    const { email } = await person()
    await nobody().post(`${V1}/password-resets`, { email })
    const { token } = await letterTo(server, email)
    const body = { token, password: 'SEKRET-password' }
    return {
      ...{ leaves: ['password.reset'], secrets: [token, body.password, email] },
      act: () => nobody().post(`${V1}/passwords`, body),
    }
  },
  'post /email-verifications': async () => {
    const email = `${newWord('unverified')}@example.com`
    const body = { projectId: product.number, email, password: 'SEKRET-password', name: 'x' }
    const made = await send(server.httpUrl, 'POST', '/users', { body })
    expect([made.status, made.text]).toEqual([201, expect.any(String)])
    const { token } = await letterTo(server, email)
    return {
      ...{ leaves: ['user.verified'], project: product.id, secrets: [token, email] },
      act: () => nobody().post(`${V1}/email-verifications`, { token }),
    }
  },
  'post /invitation-answers': async () => {
    const { email, token } = await invited()
    const body = { token, password: 'SEKRET-password' }
    return {
      ...{ leaves: ['password.reset'], project: product.id },
      ...{ secrets: [token, email, body.password] },
      act: () => nobody().post(`${V1}/invitation-answers`, body),
    }
  },

  'post /homes': async () => {
    const who = await person()
    const body = { name: newWord('SEKRET-hut') }
    return {
      ...{ leaves: ['home.made'], by: who.id },
      act: () => who.post(`${V1}/homes`, body),
    }
  },
  'delete /homes/{id}': async () => {
    const { who, at } = await home()
    return { leaves: ['home.removed'], by: who.id, act: () => who.delete(at) }
  },
  'post /homes/{id}/members': async () => {
    const [{ who, at }, guest] = [await home(), await person()]
    return {
      ...{ leaves: ['member.added'], by: who.id, secrets: [guest.email] },
      act: () => who.post(`${at}/members`, { email: guest.email }),
    }
  },
  'delete /homes/{id}/members/{user}': async () => {
    const [{ who, at }, guest] = [await home(), await person()]
    await who.post(`${at}/members`, { email: guest.email })
    return {
      ...{ leaves: ['member.removed'], by: who.id },
      act: () => who.delete(`${at}/members/${guest.id}`),
    }
  },

  'post /projects': async () => {
    const body = { name: newWord('project'), accounts: 'email', provisioning: 'pre' }
    // Its own audit begins with it; nothing is told in that of its maker.
    return byMaker({
      leaves: ['project.made'],
      project: body.name,
      act: () => maker.post(`${V1}/projects`, body),
    })
  },
  'delete /projects/{id}': async () => {
    const { id } = await projectWith(server)
    return byMaker({
      ...{ leaves: ['project.removed'], project: 'instance' },
      act: () => maker.delete(`${V1}/projects/${id}`),
    })
  },
  'put /projects/{id}/policy': async () => {
    const { id } = await projectWith(server)
    return byMaker({
      ...{ leaves: ['policy.changed'], project: id },
      act: () => maker.put(`${V1}/projects/${id}/policy`, { signUp: false }),
    })
  },
  'post /project-keys': async () =>
    byMaker({
      leaves: ['key.made'],
      act: () => maker.post(`${V1}/project-keys`, { name: 'a program' }),
    }),
  'delete /project-keys/{id}': async () => {
    const { body } = await maker.post(`${V1}/project-keys`, { name: 'a program' })
    return byMaker({
      leaves: ['key.removed'],
      act: () => maker.delete(`${V1}/project-keys/${body.id}`),
    })
  },
  'post /oauth-clients': async () =>
    byMaker({
      // Who runs a product is an account of it.
      ...{ leaves: ['client.made', 'user.made'], project: product.id },
      act: () => maker.post(`${V1}/oauth-clients`, { project: product.id, grants: ['product'] }),
    }),
  'delete /oauth-clients/{id}': async () => {
    const wanted = { project: product.id, grants: ['customers:create'] }
    const { body } = await maker.post(`${V1}/oauth-clients`, wanted)
    return byMaker({
      ...{ leaves: ['client.removed'], project: product.id },
      act: () => maker.delete(`${V1}/oauth-clients/${body.id}?project=${product.id}`),
    })
  },
  'post /activation-codes': async () =>
    byMaker({
      leaves: ['activation-codes.made'],
      act: () => maker.post(`${V1}/activation-codes`, { count: 2 }),
    }),
  'post /webhooks': async () => {
    const { id: project } = await projectWith(server)
    return byMaker({
      ...{ leaves: ['webhook.made'], project },
      act: () => maker.post(`${V1}/webhooks`, { url: 'http://127.0.0.1:9/SEKRET', project }),
    })
  },
  'delete /webhooks/{id}': async () => {
    const { id: project } = await projectWith(server)
    const { body } = await maker.post(`${V1}/webhooks`, { url: 'http://127.0.0.1:9/', project })
    return byMaker({
      ...{ leaves: ['webhook.removed'], project },
      act: () => maker.delete(`${V1}/webhooks/${body.id}?project=${project}`),
    })
  },
}

/** Reading changes nothing, but what is read here opens something. */
const SHOWN: Readonly<Record<string, () => Promise<Act>>> = {
  'get /operations/{id}/results': async () => {
    const rows = [{ name: newWord('row') }, { name: newWord('row') }]
    const { headers } = await sendFile(server.httpUrl, maker, rows)
    const location = headers.get('location') ?? ''
    await whenDone(maker, location)
    return byMaker({
      leaves: ['credential.shown'],
      act: () => maker.get(`${location}/results`),
    })
  },
  'get /audit': async () => byMaker({ leaves: [], act: () => maker.get(`${V1}/audit`) }),
}

/** What a reply tells that opens something: never in the audit. */
const secretsIn = ({ text }: Reply): readonly string[] =>
  [...text.matchAll(/"(?:token|secret|key|code|boxKey|password)":"([^"]+)"/g)].flatMap(
    ([, secret]) => secret ?? [],
  )

const check = async (ready: () => Promise<Act>): Promise<void> => {
  const { leaves, by, project = 'default', act, secrets = [] } = await ready()
  const isNew = project.startsWith('project-')
  const before = isNew ? 0 : (await auditOf(project)).length
  const began = Date.now()
  const reply = await act()
  expect([200, 201, 202, 204]).toContain(reply.status)
  const lines = (await auditOf(project)).slice(before)
  expect(lines.map(({ type }) => type).toSorted()).toEqual(leaves.toSorted())
  for (const line of lines) {
    expect(line.at).toBeGreaterThanOrEqual(began)
    if (by !== undefined) expect(line.by).toEqual({ kind: 'user', id: by })
    expect(line.from).toBe('127.0.0.0/24')
    for (const secret of [...secrets, ...secretsIn(reply), 'SEKRET'])
      expect(JSON.stringify(line)).not.toContain(secret)
  }
}

describe('every call that changes something', () => {
  test('is in this table', () => {
    const changing = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'get')
        .map((method) => `${method} ${path.replace(V1, '')}`),
    )
    expect(Object.keys(CALLS).toSorted()).toEqual(changing.toSorted())
  })

  const acts = Object.entries(CALLS).flatMap(([call, row]) =>
    typeof row === 'string' ? [] : [[call, row] as const],
  )
  test.each(acts)('%s leaves its lines, once, with who did it and no secret', (_, row) =>
    check(row),
  )
})

test.each(Object.entries(SHOWN))(
  '%s shows what opens something, and that is written down',
  (_, row) => check(row),
)

/** The commands of the program that change or show something of a server, and where that is tested. */
test('every command of the program is told by the server, tells itself, or changes nothing', () => {
  const program = readFileSync(new URL('../../cli.ts', import.meta.url), 'utf8')
  const table = program.slice(program.indexOf('const COMMANDS'))
  const commands = [...table.matchAll(/^ {4}'([a-z]+)',$|^ {2}\['([a-z]+)',/gm)].map(
    ([, long, short]) => long ?? short,
  )
  const told = {
    serve: 'the server itself',
    devices: 'devices.imported, by the call that it makes; credential.shown where it fetches them',
    labels: 'asks no server: credential.shown when the file was fetched',
    why: 'reads what its caller may read',
    doctor: 'changes nothing',
    audit: 'reads a file',
    export: 'export: test/move/move.test.ts',
    import: 'import: test/move/move.test.ts',
    sim: 'devices and apps, as they are',
  }
  expect(commands.toSorted()).toEqual(Object.keys(told).toSorted())
})
