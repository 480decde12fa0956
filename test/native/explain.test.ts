import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { REASONS, type Reason } from '../../shared/model/reasons.ts'
import { type Api, customer, makeDevice, type Reply, signIn } from '../support/api.ts'
import { connectDevice, type TestDevice } from '../support/device.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const RESULT = 'latchkey/v1/claim/result'
const GATEWAY_RESULT = 'latchkey/v1/gateway/claims/result'
/** The shortest times that a policy may set. */
const SHORT = { claimCodeTtlMs: 1000, linkTtlMs: 1000, provisioningTokenTtlMs: 1000 }

let server: TestServer
let maker: Api
/** A project where halves live a second, its customer, and its id. */
let brief: { app: Api; project: string }
let devices: TestDevice[] = []

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
  brief = await projectWith(SHORT)
})
afterAll(async () => {
  for (const device of devices) await device.end()
  devices = []
  await server.close()
})

const word = () => randomBytes(6).toString('hex')

const projectWith = async (policy: object) => {
  const name = word()
  const made = await maker.post(`${V1}/projects`, {
    ...{ name, accounts: 'email', provisioning: 'on-demand', policy },
  })
  const who = { email: `ada@${name}.example`, password: 'customer-password' }
  await maker.post(`${V1}/users`, { ...who, role: 'customer', project: made.body.id })
  return { app: await signIn(server.httpUrl, who), project: made.body.id as string }
}

const newPerson = () => customer(server.httpUrl)

const connect = async (token: string, topics: readonly string[] = [RESULT]) => {
  const device = await connectDevice(server.mqttUrl, token, topics)
  devices.push(device)
  return device
}

/** A device with an open window for the secret `right`. */
const windowed = async (more: Record<string, unknown> = {}) => {
  const made = await makeDevice(maker, more)
  const live = await connect(made.token)
  await live.publish('latchkey/v1/claim', { secret: 'right' })
  expect(await live.next(RESULT)).toMatchObject({ state: 'open' })
  return { ...made, live }
}

const claimIdOf = ({ headers }: Reply): string => headers.get('location')?.split('/').at(-1) ?? ''
const explained = (who: Api, id: string) => who.get(`${V1}/claims/${id}/explain`)
const storyOf = async (id: string) =>
  (await maker.get(`${V1}/devices/${id}/history`)).body.items as Record<string, unknown>[]
const auditOf = async (project: string): Promise<Record<string, unknown>[]> => {
  const { text } = await maker.get(`${V1}/audit?project=${project}`)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}
const claim = (who: Api, body: object) => who.post(`${V1}/claims`, body)
const lasted = (from: number) => sleep(Math.max(0, from + 1050 - Date.now()))

/** What somebody may be told: the true reason, or no more than that it was refused. */
type Seen = { readonly safe: 'true' | 'hidden'; readonly who: Api; readonly id: string }
/** Where the reason of something is found. */
type Found =
  | ({ readonly in: 'claim'; readonly owner?: Api } & Seen)
  | { readonly in: 'history'; readonly device: string; readonly type: string }
  | { readonly in: 'answer'; readonly reply: Reply }
  | { readonly in: 'audit'; readonly project: string }

/** A claim of a new person, and what he may be told of it. */
const tried = async (safe: Seen['safe'], body: object, who?: Api): Promise<Found> => {
  const person = who ?? (await newPerson())
  const reply = await claim(person, body)
  expect(reply.status).toBeGreaterThanOrEqual(400)
  return { in: 'claim', safe, who: person, id: claimIdOf(reply) }
}

/** What a device brings in vain, over its own connection. */
const brought = async (topic: string, body: unknown, made?: { id: string; token: string }) => {
  const device = made ?? (await makeDevice(maker))
  const live = await connect(device.token)
  await live.publish(topic, body)
  expect(await live.next(RESULT)).toMatchObject({ state: 'refused' })
  return device.id
}

const codeOf = async (who: Api) => (await who.post(`${V1}/claim-codes`)).body.code as string
const inHistory = (device: string, type = 'offer-refused'): Found => ({
  in: 'history',
  device,
  type,
})

const provisioned = async (token: string) => {
  const topic = 'latchkey/v1/provision/result'
  const live = await connectDevice(server.mqttUrl, 'provision', [topic])
  await live.publish('latchkey/v1/provision', { token })
  const answer = await live.next(topic)
  await live.end()
  return answer as { id?: string; reason?: string }
}
const tokenOf = async () =>
  (await brief.app.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp' })).body.token as string

/** How each reason comes about. A reason without a row does not compile. */
const ROWS: Readonly<Record<Reason, readonly (() => Promise<Found>)[]>> = {
  'no-window': [
    async () => tried('hidden', { device: (await makeDevice(maker)).name, secret: 'any' }),
  ],
  'window-expired': [
    async () => {
      const { id, name } = await makeDevice(maker)
      const now = Date.now()
      const expiresAt = new Date(now + 1000).toISOString()
      await maker.put(`${V1}/devices/${id}/box-key`, { secret: 'right', expiresAt })
      await lasted(now)
      return tried('true', { device: name, secret: 'right' })
    },
  ],
  'wrong-secret': [
    async () => tried('hidden', { device: (await windowed()).name, secret: 'wrong' }),
  ],
  'secret-required': [
    async () => tried('hidden', { device: (await windowed()).name }),
    async () => inHistory(await brought('latchkey/v1/claim', {})),
  ],
  'claiming-not-allowed': [
    async () => {
      const { id, name } = await makeDevice(maker, { claimingAllowed: false })
      const expiresAt = '2099-01-01T00:00:00Z'
      await maker.put(`${V1}/devices/${id}/box-key`, { secret: 'right', expiresAt })
      return tried('true', { device: name, secret: 'right' })
    },
    async () =>
      inHistory(
        await brought(
          'latchkey/v1/claim',
          { secret: 'x' },
          await makeDevice(maker, { claimingAllowed: false }),
        ),
      ),
  ],
  'already-yours': [
    async () => {
      const [person, { name }] = [await newPerson(), await windowed()]
      expect((await claim(person, { device: name, secret: 'right' })).status).toBe(201)
      return tried('true', { device: name, secret: 'another' }, person)
    },
  ],
  'owned-by-another': [
    async () => {
      const [owner, { name }] = [await newPerson(), await windowed()]
      expect((await claim(owner, { device: name, secret: 'right' })).status).toBe(201)
      return { ...(await tried('hidden', { device: name, secret: 'guess' })), owner } as Found
    },
    async () => {
      const [owner, device] = [await newPerson(), await windowed()]
      expect((await claim(owner, { device: device.name, secret: 'right' })).status).toBe(201)
      return inHistory(await brought('latchkey/v1/link', { linkId: word() }, device))
    },
  ],
  'code-unknown': [
    async () => inHistory(await brought('latchkey/v1/code', { code: '2222-2222-2222' })),
  ],
  'code-expired': [
    async () => {
      const from = Date.now()
      const reply = await brief.app.post(`${V1}/claim-codes`)
      await lasted(from)
      return { in: 'claim', safe: 'true', who: brief.app, id: claimIdOf(reply) }
    },
    async () => {
      const from = Date.now()
      const code = await codeOf(brief.app)
      const device = await makeDevice(maker, { project: brief.project })
      await lasted(from)
      return inHistory(await brought('latchkey/v1/code', { code }, device), 'refused')
    },
  ],
  'code-used': [
    async () => {
      const code = await codeOf(await newPerson())
      const first = await connect((await makeDevice(maker)).token)
      await first.publish('latchkey/v1/code', { code })
      expect(await first.next(RESULT)).toMatchObject({ state: 'claimed' })
      return inHistory(await brought('latchkey/v1/code', { code }), 'refused')
    },
  ],
  'token-unknown': [
    async () => {
      expect(await provisioned(word())).toMatchObject({ reason: 'token-unknown' })
      return { in: 'audit', project: 'instance' }
    },
  ],
  'token-expired': [
    async () => {
      const [from, token] = [Date.now(), await tokenOf()]
      await lasted(from)
      expect(await provisioned(token)).toMatchObject({ reason: 'token-expired' })
      return { in: 'audit', project: brief.project }
    },
  ],
  'token-used': [
    async () => {
      const token = await tokenOf()
      const { id } = await provisioned(token)
      expect(await provisioned(token)).toMatchObject({ reason: 'token-used' })
      return inHistory(String(id))
    },
  ],
  'link-contested': [
    async () => {
      const linkId = word()
      expect((await claim(await newPerson(), { linkId })).status).toBe(202)
      return tried('true', { linkId })
    },
    async () => {
      const linkId = word()
      const live = await connect((await makeDevice(maker)).token)
      await live.publish('latchkey/v1/link', { linkId })
      expect(await live.next(RESULT)).toMatchObject({ state: 'waiting' })
      return inHistory(await brought('latchkey/v1/link', { linkId }))
    },
  ],
  'link-expired': [
    async () => {
      const from = Date.now()
      const reply = await claim(brief.app, { linkId: word() })
      await lasted(from)
      return { in: 'claim', safe: 'true', who: brief.app, id: claimIdOf(reply) }
    },
  ],
  'device-unknown': [
    async () => tried('hidden', { device: word(), secret: 'x' }),
    async () => {
      const made = await makeDevice(maker, { gateway: true })
      const live = await connect(made.token, [GATEWAY_RESULT])
      await live.publish('latchkey/v1/gateway/claims', [{ device: word(), secret: 'x' }])
      expect(await live.next(GATEWAY_RESULT)).toMatchObject([{ reason: 'device-unknown' }])
      return inHistory(made.id)
    },
  ],
  'device-not-in-project': [
    async () => {
      const code = await codeOf(await newPerson())
      const foreign = await makeDevice(maker, { project: brief.project })
      return inHistory(await brought('latchkey/v1/code', { code }, foreign))
    },
  ],
  'not-a-member': [
    async () => {
      const home = (await newPerson()).home
      return tried('true', { device: (await windowed()).name, secret: 'right', home })
    },
  ],
  'not-permitted': [
    async () => {
      const person = await newPerson()
      await maker.put(`${V1}/users/${person.id}/grants`, { claimDevices: false })
      return tried('true', { device: (await windowed()).name, secret: 'right' }, person)
    },
  ],
  'gateway-not-entitled': [
    async () => {
      const made = await makeDevice(maker)
      const live = await connect(made.token, [GATEWAY_RESULT])
      await live.publish('latchkey/v1/gateway/claims', [{ device: word(), secret: 'x' }])
      expect(await live.next(GATEWAY_RESULT)).toMatchObject({ reason: 'gateway-not-entitled' })
      return inHistory(made.id)
    },
    async () => {
      const [one, other] = await Promise.all([
        makeDevice(maker, { gateway: true }),
        makeDevice(maker, { gateway: true }),
      ])
      const child = await makeDevice(maker)
      const [first, second] = [
        await connect(one.token, []),
        await connect(other.token, [GATEWAY_RESULT]),
      ]
      await first.publish('latchkey/v1/gateway/connect', { device: child.name })
      await second.publish('latchkey/v1/gateway/claims', [{ device: child.name, secret: 'x' }])
      expect(await second.next(GATEWAY_RESULT)).toMatchObject([{ reason: 'gateway-not-entitled' }])
      return inHistory(child.id)
    },
  ],
  'too-many-attempts': [
    async () => {
      const [person, { name }] = [await newPerson(), await windowed()]
      let reply: Reply
      let tries = 0
      do {
        tries += 1
        reply = await claim(person, { device: name, secret: `wrong ${tries}` })
      } while (reply.status !== 429 && tries < 60)
      return { in: 'claim', safe: 'true', who: person, id: claimIdOf(reply) }
    },
  ],
  'bad-request': [
    async () => inHistory(await brought('latchkey/v1/claim', 'no JSON')),
    async () => inHistory(await brought('latchkey/v1/claim', { secret: 'x', durationMs: 1 })),
    async () => ({ in: 'answer', reply: await claim(await newPerson(), { device: 1 }) }),
  ],
  'epoch-changed': [
    async () => {
      const [owner, asker, particle] = [await newPerson(), await newPerson(), word() + word()]
      const device = await makeDevice(maker, { ids: { particle } })
      const live = await connect(device.token)
      await live.publish('latchkey/v1/claim', { secret: 'right' })
      await live.next(RESULT)
      expect((await claim(owner, { device: device.name, secret: 'right' })).status).toBe(201)
      const asked = await asker.post('/v1/devices', { id: particle, request_transfer: true })
      expect(asked.status).toBe(200)
      await owner.delete(`${V1}/devices/${device.id}/owner`)
      const path = `${V1}/transfers/${asked.body.transfer_id}/approve`
      return { in: 'answer', reply: await owner.post(path) }
    },
  ],
  'provisioning-closed': [
    async () => {
      const person = await newPerson()
      const reply = await person.post(`${V1}/provisioning-tokens`, { deviceClass: 'lamp' })
      return { in: 'answer', reply }
    },
  ],
  'name-taken': [
    async () => {
      const { name } = await makeDevice(maker)
      return { in: 'answer', reply: await maker.post(`${V1}/devices`, { name }) }
    },
  ],
}

const told = (reason: Reason) => ({
  reason,
  detail: REASONS[reason].detail,
  nextStep: REASONS[reason].next,
})

const CHECKS = {
  claim: async (reason: Reason, found: Extract<Found, { in: 'claim' }>) => {
    const { who, id, safe, owner } = found
    const stranger = await newPerson()
    expect((await explained(stranger, id)).status).toBe(404)
    const own = await explained(who, id)
    expect([own.status, own.body]).toEqual([
      200,
      expect.objectContaining({ id, ...told(safe === 'true' ? reason : 'not-permitted') }),
    ])
    const full = await explained(maker, id)
    expect([full.status, full.body]).toEqual([200, expect.objectContaining(told(reason))])
    // The hidden reason is nowhere in what the claimer is shown, not even among other attempts.
    if (safe === 'hidden') expect(own.text).not.toMatch(new RegExp(`${reason}|attempts|asked`))
    if (owner !== undefined)
      expect((await explained(owner, id)).body).toMatchObject({ ...told(reason), id })
  },
  history: async (reason: Reason, { device, type }: Extract<Found, { in: 'history' }>) => {
    const lines = (await storyOf(device)).filter((line) => line.reason === reason)
    expect(lines).toEqual([expect.objectContaining({ type, ...told(reason) })])
    const stranger = await newPerson()
    expect((await stranger.get(`${V1}/devices/${device}/history`)).status).toBe(404)
  },
  answer: async (reason: Reason, { reply }: Extract<Found, { in: 'answer' }>) => {
    expect(reply.body).toMatchObject({ reason, detail: REASONS[reason].detail })
  },
  audit: async (reason: Reason, { project }: Extract<Found, { in: 'audit' }>) => {
    const lines = (await auditOf(project)).filter((line) => line.reason === reason)
    expect(lines).toEqual([expect.objectContaining({ type: 'offer.refused', reason })])
  },
}

describe.each(Object.entries(ROWS))('%s', (name, ways) => {
  const reason = name as Reason
  test.each(ways.map((way, place) => [place + 1, way] as const))(
    'is found with its next step by whoever may know it (%i)',
    async (_, way) => {
      const found = await way()
      await CHECKS[found.in](reason, found as never)
    },
  )
})

test('every reason of the list has a row', () => {
  expect(Object.keys(ROWS).sort()).toEqual(Object.keys(REASONS).sort())
  expect(Object.values(ROWS).every((ways) => ways.length > 0)).toBe(true)
})
