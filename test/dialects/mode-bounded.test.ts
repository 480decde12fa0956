import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { HomeId } from '../../shared/model/ids.ts'
import type { Home, Project, User } from '../../shared/model/records.ts'
import { send } from '../support/mode.ts'
import { newDevice, newHome, newProject, newUser } from '../support/people.ts'
import { startWatchedGateway, type WatchedGateway } from '../support/watched-gateway.ts'

const MEMBERS = 50
const DEVICES = 1000
const KEYS = 300
const AT_ONCE = 50

let gateway: WatchedGateway
let project: Project
let ann: User
let home: Home
let key: string
let device: number
let webhook: string

const each = async (count: number, work: (at: number) => Promise<unknown>): Promise<void> => {
  for (let from = 0; from < count; from += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => work(from + at)),
    )
}

beforeAll(async () => {
  gateway = await startWatchedGateway()
  const { registry } = gateway.parts
  project = await newProject(gateway.parts, { provisioning: 'on-demand' })
  ann = await newUser(gateway.parts, { project: project.id })
  home = await newHome(gateway.parts, ann)
  const signedIn = await registry.sessions.open(ann)
  key = (await registry.sessions.issue(signedIn, 'access', 60_000)).token
  for (let at = 1; at < MEMBERS; at++) {
    const { id } = await newUser(gateway.parts, { project: project.id })
    await registry.members.add(project.id, home.id as HomeId, id, 'member')
  }
  await each(DEVICES, async () => {
    const made = await newDevice(gateway.parts, project.id, { owner: home.id })
    device = made.device.number
  })
  const owner = { kind: 'home', project: project.id, home: home.id } as const
  for (let at = 0; at < KEYS; at++) await registry.keyValues.set(owner, `k${1000 + at}`, at)
  for (let at = 0; at < 10; at++) {
    const hook = { project: project.id, url: 'http://127.0.0.1:9/', description: '' }
    const made = await registry.webhooks.create(hook)
    if (typeof made !== 'string') webhook = made.webhook.id
  }
}, 120_000)
afterAll(() => gateway.close())

/** What a request takes from the store, whatever it answers: who asks, the home, the right to it, the project. */
const FEW = 20
/** Keys of a prefix are looked for page by page. */
const PAGE = 32
/** A device is told with its place in MQTT, its place in a WebSocket, and its entry in the list. */
const OF_A_DEVICE = 4
/** A member is told with his membership, his account, and his entry in the list. */
const OF_A_MEMBER = 3

type Ask = readonly [
  name: string,
  method: string,
  path: () => string,
  most: number,
  items?: number | undefined,
  body?: () => unknown,
]

const of = (rest: string) => () => `/homes/${home.number}${rest}`

const ASKS: readonly Ask[] = [
  [
    'all devices',
    'GET',
    () => `/devices?homeId=${home.number}`,
    FEW + DEVICES * OF_A_DEVICE,
    DEVICES,
  ],
  ['all members', 'GET', of('/members'), FEW + MEMBERS * OF_A_MEMBER, MEMBERS],
  ['all key-values', 'GET', of('/kv'), FEW + KEYS * 2, KEYS],
  ['key-values of a prefix', 'GET', of('/kv?keyPrefix=k100'), FEW + 10 * 2 + PAGE, 10],
  ['what no key begins with', 'GET', of('/kv?keyPrefix=a'), FEW + PAGE, 0],
  ['all smart modules', 'GET', of('/smartModules'), FEW + 10 * 3, 10],
  ['his homes', 'GET', () => `/homes?userId=${ann.number}`, FEW + 2 * 2, 1],
  ['a home', 'GET', of(''), FEW],
  ['a member', 'GET', () => of(`/members/${ann.number}`)(), FEW],
  ['a key-value', 'GET', of('/kv/k1000'), FEW],
  ['a smart module', 'GET', () => of(`/smartModules/${webhook}`)(), FEW],
  ['a device', 'GET', () => `/devices/${device}`, FEW],
  ['a new name', 'PATCH', of(''), FEW, undefined, () => ({ name: 'B' })],
  ['a new key-value', 'PUT', of('/kv/k1000'), FEW, undefined, () => ({ value: 2 })],
  ['a device', 'PATCH', () => `/devices/${device}`, FEW, undefined, () => ({ name: 'L' })],
  ['a token', 'POST', of('/deviceProvisioning'), FEW, undefined, () => ({ deviceClass: 'c' })],
  [
    ...(['a claim that is refused', 'POST', () => '/devices', FEW, undefined] as const),
    () => ({ homeId: home.number, claimCode: randomUUID() }),
  ],
  ['a command', 'PUT', () => `/devices/${device}/command`, FEW, undefined, () => ({ action: 'x' })],
  ['who is deleted', 'DELETE', () => `/devices/${device}`, FEW + OF_A_DEVICE * 4],
  ['the session', 'GET', () => '/userSession', FEW],
]

/** A home of 50 members and 1000 devices: no request reads more than it returns. */
describe('in a large home', () => {
  test.each(ASKS)('%s (%s) takes no more from the store than it tells', async (...ask) => {
    const [, method, path, most, items, body] = ask
    const { store } = gateway
    const before = store.taken()
    const reply = await send(gateway.httpUrl, method, path(), {
      ...{ key, ...(body === undefined ? {} : { body: body() }) },
    })
    const after = store.taken()
    if (items !== undefined) expect(reply.body).toHaveLength(items)
    const took =
      after.records - before.records + after.members - before.members + after.items - before.items
    expect(took).toBeLessThanOrEqual(most)
  })
})
