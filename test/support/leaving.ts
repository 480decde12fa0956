import { randomUUID } from 'node:crypto'
import { type Api, customer, makeDevice, signIn } from './api.ts'
import type { TestDevice } from './device.ts'
import { bySocket, bySse, type Ear } from './ears.ts'
import { modeHome, modeUser, send } from './mode.ts'
import { addDevice, enableClaim, ownedDevice, projectWith } from './mode-devices.ts'
import { newCustomer, newParticleId, newProduct } from './particle.ts'
import type { TestServer } from './server.ts'
import { register, withSession } from './thethings.ts'
import { login, withToken } from './thingsboard.ts'

const V1 = '/latchkey/v1'
const RESULT = 'latchkey/v1/claim/result'
const OWNER = 'latchkey/v1/owner'

type Owned = { readonly id: string; readonly token: string }

/** Something that only an owner may do: method, path, body, and what everybody else is answered. */
export type Try = readonly [
  method: string,
  path: string,
  body: Readonly<Record<string, unknown>> | undefined,
  refused: number,
]

/** How the device leaves him; `device` is its live connection. Answers a status. */
type Way = (device: TestDevice) => Promise<number>

/** Somebody who owns a device in the way of one dialect, and another device that he keeps. */
export type Owner<W extends string = string> = {
  readonly maker: Api
  /** His token, which is good as a native Bearer, too, and how the dialect wants it written. */
  readonly token: string
  readonly authorization: Readonly<Record<string, string>>
  readonly lost: Owned
  readonly kept: Owned
  /** The streams that only this dialect has. */
  readonly ears: (node: TestServer) => readonly Promise<Ear>[]
  /** A stream about the device alone, which has to end. */
  readonly ownStream?: string
  readonly tries: readonly Try[]
  readonly ways: Readonly<Record<W, Way>>
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const statusOf = async (reply: Promise<{ readonly status: number }>) => (await reply).status

/** A device with a key in its box that somebody has used. */
const claimed = async (maker: Api, who: Api, more: Record<string, unknown> = {}) => {
  const device = await makeDevice(maker, { name: randomUUID(), claimCode: 'label', ...more })
  const reply = await who.post(`${V1}/claims`, { device: device.id, secret: 'label' })
  if (reply.status !== 201) throw new Error(`claim: ${reply.status} ${reply.text}`)
  return device
}

const native = async (node: TestServer): Promise<Owner<keyof typeof NATIVE>> => {
  const maker = await signIn(node.httpUrl)
  const who = await customer(node.httpUrl)
  const particle = newParticleId()
  const lost = await claimed(maker, who, { ids: { particle } })
  const at = `${V1}/devices/${lost.id}`
  return {
    ...{ maker, token: String(who.token), authorization: bearer(String(who.token)) },
    ...{ lost, kept: await claimed(maker, who), ears: () => [] },
    tries: [
      ['GET', at, undefined, 404],
      ['GET', `${at}/events`, undefined, 404],
      ['GET', `${at}/history`, undefined, 404],
      ['POST', `${at}/commands`, { action: 'unlock' }, 404],
      ['DELETE', `${at}/owner`, undefined, 404],
    ],
    ways: {
      released: () => statusOf(who.delete(`${at}/owner`)),
      'released by its maker': () => statusOf(maker.delete(`${at}/owner`)),
      'given up by itself': async (device) => {
        await device.client.subscribeAsync(OWNER, { qos: 1 })
        await device.publish('latchkey/v1/release', {})
        while ((await device.next(OWNER)).claimed);
        return 204
      },
      'passed on': async () => {
        const next = await customer(node.httpUrl)
        const asked = await next.post('/v1/devices', { id: particle, request_transfer: true })
        return statusOf(who.post(`${V1}/transfers/${asked.body.transfer_id}/approve`))
      },
      'taken by the code of somebody else': async (device) => {
        const next = await customer(node.httpUrl)
        const { code } = (await next.post(`${V1}/claim-codes`, {})).body
        await device.client.subscribeAsync(RESULT, { qos: 1 })
        await device.publish('latchkey/v1/code', { code })
        return (await device.next(RESULT)).state === 'claimed' ? 201 : 400
      },
    },
  }
}

const thingsboard = async (node: TestServer): Promise<Owner<keyof typeof THINGSBOARD>> => {
  const maker = await signIn(node.httpUrl)
  const who = await customer(node.httpUrl)
  const signedIn = await login(node.httpUrl, { email: who.email, password: 'customer-password' })
  const { token } = signedIn.pair
  const at = '/api/plugins/telemetry/DEVICE'
  const lost = await claimed(maker, who)
  return {
    ...{ maker, token, lost, kept: await claimed(maker, who), ears: () => [] },
    authorization: { 'x-authorization': `Bearer ${token}` },
    tries: [
      ['GET', `/api/device/${lost.id}`, undefined, 403],
      ['GET', `${at}/${lost.id}/values/attributes`, undefined, 403],
      ['GET', `${at}/${lost.id}/values/attributes/SERVER_SCOPE`, undefined, 403],
    ],
    ways: {
      reclaimed: () => {
        const his = withToken(node.httpUrl, token)
        return statusOf(his.delete(`/api/customer/device/${lost.name}/claim`))
      },
      unassigned: async () =>
        statusOf((await login(node.httpUrl)).delete(`/api/customer/device/${lost.id}`)),
    },
  }
}

const particle = async (node: TestServer): Promise<Owner<keyof typeof PARTICLE>> => {
  const product = await newProduct(node.httpUrl, { possession: true })
  const { maker, slug: project } = product
  const who = await newCustomer(node.httpUrl, product)
  const { accessToken: token } = who
  const id = newParticleId()
  const lost = await claimed(maker, who, { project, ids: { particle: id } })
  const at = `/v1/devices/${id}`
  return {
    ...{ maker, token, authorization: bearer(token), lost },
    kept: await claimed(maker, who, { project }),
    ears: (server) => [
      bySse(server, token, '/v1/devices/events'),
      bySse(server, token, '/v1/events/said'),
    ],
    ownStream: `${at}/events`,
    tries: [
      ['GET', at, undefined, 403],
      ['PUT', at, { name: 'mine' }, 403],
      ['PUT', `${at}/ping`, {}, 403],
      ['POST', `${at}/unlock`, { args: '' }, 403],
      ['GET', `${at}/temperature`, undefined, 403],
      ['GET', `${at}/events`, undefined, 403],
      ['DELETE', at, undefined, 403],
    ],
    ways: {
      unclaimed: () => statusOf(who.delete(at)),
      'unclaimed by the team': () =>
        statusOf(maker.delete(`/v1/products/${project}/devices/${id}/owner`)),
    },
  }
}

const mode = async (node: TestServer): Promise<Owner<keyof typeof MODE>> => {
  const project = await projectWith(node, { policy: { possession: true } })
  const user = await modeUser(node, project)
  const { id: home } = await modeHome(node, user)
  const { key: token } = user
  const lost = await ownedDevice(node, project, { key: token, home })
  const kept = await ownedDevice(node, project, { key: token, home })
  const at = `/devices/${lost.id}`
  const authorization = `ModeCloud ${token}`
  return {
    ...{ maker: project.maker, token, authorization: { authorization } },
    lost: { id: lost.uuid, token: lost.key },
    kept: { id: kept.uuid, token: kept.key },
    ears: (server) => [
      bySocket(server, '/userSession/websocket', authorization, ({ eventType }) => eventType),
    ],
    tries: [
      ['GET', at, undefined, 404],
      ['PATCH', at, { name: 'mine' }, 404],
      ['PUT', `${at}/command`, { action: 'unlock' }, 404],
      ['GET', `${at}/kv`, undefined, 403],
      ['GET', `${at}/kv/color`, undefined, 404],
      ['PUT', `${at}/kv/color`, { value: 'red' }, 404],
      ['DELETE', `${at}/kv/color`, undefined, 404],
      ['DELETE', at, undefined, 404],
    ],
    ways: {
      removed: () => statusOf(send(node.httpUrl, 'DELETE', at, { key: token })),
      'added to another home': async () => {
        const next = await modeUser(node, project)
        const { id: other } = await modeHome(node, next)
        await enableClaim(node, lost)
        return statusOf(addDevice(node, next.key, other, lost.claimCode))
      },
    },
  }
}

const thethings = async (node: TestServer): Promise<Owner<keyof typeof THETHINGS>> => {
  const maker = await signIn(node.httpUrl)
  const who = await register(node.httpUrl)
  const own = async () => {
    const device = await makeDevice(maker, { name: randomUUID() })
    const linked = await who.post('/v2/me/things', { thingToken: device.token })
    if (linked.status !== 200) throw new Error(`link: ${linked.status} ${linked.text}`)
    return device
  }
  const lost = await own()
  const at = `/v2/me/resources/said/${lost.thingId}`
  const thing = `/v2/me/things/${lost.thingId}`
  return {
    ...{ maker, token: who.session, authorization: { authorization: who.session } },
    ...{ lost, kept: await own(), ears: () => [] },
    tries: [
      ['GET', at, undefined, 404],
      ['POST', at, { values: [{ value: 'on' }] }, 404],
      ['DELETE', thing, undefined, 404],
    ],
    ways: { unlinked: () => statusOf(withSession(node.httpUrl, who.session).delete(thing)) },
  }
}

const NATIVE = {
  released: 0,
  'released by its maker': 0,
  'given up by itself': 0,
  'passed on': 0,
  'taken by the code of somebody else': 0,
}
const THINGSBOARD = { reclaimed: 0, unassigned: 0 }
const PARTICLE = { unclaimed: 0, 'unclaimed by the team': 0 }
const MODE = { removed: 0, 'added to another home': 0 }
const THETHINGS = { unlinked: 0 }

const rows = <W extends string>(
  dialect: string,
  ways: Readonly<Record<W, unknown>>,
  owner: (node: TestServer) => Promise<Owner<W>>,
) =>
  (Object.keys(ways) as W[]).map((words) => ({
    dialect,
    words,
    /** The owner, and how the device leaves him in this way. */
    scene: async (node: TestServer) => {
      const who = await owner(node)
      return { owner: who as Owner, leave: who.ways[words] }
    },
  }))

/**
 * Every way in which a device leaves its owner, in every dialect. What ends its home or its account stands in
 * `live/dropped-commands`.
 */
export const LEAVINGS = [
  ...rows('native', NATIVE, native),
  ...rows('ThingsBoard', THINGSBOARD, thingsboard),
  ...rows('Particle', PARTICLE, particle),
  ...rows('MODE', MODE, mode),
  ...rows('thethings.io', THETHINGS, thethings),
]
