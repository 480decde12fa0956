import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createEngine } from '../../shared/claim/engine.ts'
import { createBudget } from '../../shared/guard/budget.ts'
import { silentLog } from '../../shared/log.ts'
import { noMetrics } from '../../shared/metrics.ts'
import type { ProjectId } from '../../shared/model/ids.ts'
import type { Notice } from '../../shared/model/records.ts'
import { attemptsAt, historyOf } from '../../shared/registry/story.ts'
import { keys } from '../../shared/store/keys.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { type Account, meanwhile, type Nodes, openNodes } from './codes-support.ts'

const HOUR_MS = 3_600_000

const provisioningSuite = (open: () => Promise<Store[]>) => {
  let stores: Store[]
  let nodes: Nodes
  let project: ProjectId

  beforeAll(async () => {
    stores = await open()
    nodes = await openNodes(stores)
    project = await nodes.newProject({}, 'on-demand')
  })
  afterAll(async () => {
    for (const store of stores) await store.close()
  })

  const ask = (who: Account, place = 0) =>
    nodes.node(place).engine.makeProvisioningToken({ ...who, deviceClass: 'lamp', tag: 'hall' })
  const make = async (who: Account) => {
    const made = await ask(who)
    if (made.state === 'refused') throw new Error(made.reason)
    return made
  }
  const bring = (token: string, place = 0, address = '192.0.2.1') =>
    nodes.node(place).engine.redeemProvisioningToken({ token, address, via: 'test' })
  const devicesOf = async ({ home }: Account, where = project) =>
    (await nodes.registry.devices.listOfHome(where, home, undefined, 99)).items

  test('a token becomes one device of its class, owned by its home from the start', async () => {
    const ada = await nodes.newAccount(project)
    const { token, expiresAt } = await make(ada)
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(expiresAt).toBe(nodes.node(0).now() + HOUR_MS)
    const made = await bring(token, 1)
    if (made.state === 'refused') throw new Error(made.reason)
    expect(made.device).toMatchObject({
      project,
      deviceClass: 'lamp',
      tag: 'hall',
      owner: ada.home,
      epoch: 1,
      provisioned: 'on-demand',
    })
    expect(made.device.name).toBe(made.device.thingId)
    expect(await devicesOf(ada)).toEqual([made.device])
    expect(await nodes.registry.devices.findByToken(made.token)).toEqual(made.device)
    expect(await nodes.registry.devices.findByToken(token)).toBeUndefined()
    expect(await historyOf(nodes.store, made.device, 0)).toEqual([
      expect.objectContaining({ type: 'claimed', epoch: 1, home: ada.home, by: ada.user }),
    ])
    expect(await attemptsAt(nodes.store, project, made.device.id)).toEqual([
      expect.objectContaining({ state: 'claimed', user: ada.user, epoch: 1 }),
    ])
    const [newest] = await nodes.store.last(keys.notices(project), 1)
    expect(JSON.parse(newest?.item ?? '') as Notice).toMatchObject({
      device: made.device.id,
      owner: ada.home,
      epoch: 1,
    })
  })

  test('a token is good once', async () => {
    const ada = await nodes.newAccount(project)
    const { token } = await make(ada)
    expect((await bring(token)).state).toBe('provisioned')
    expect(await bring(token, 1)).toMatchObject({ state: 'refused', reason: 'token-used' })
    expect(await devicesOf(ada)).toHaveLength(1)
  })

  test('of 30 that bring one token at once exactly one gets a device, and there is no other', async () => {
    const ada = await nodes.newAccount(project)
    const { token } = await make(ada)
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => bring(token, i)))
    const made = answers.filter(({ state }) => state === 'provisioned')
    expect(made).toHaveLength(1)
    const others = answers.filter(({ state }) => state === 'refused')
    expect(new Set(others.map((one) => ('reason' in one ? one.reason : '')))).toEqual(
      new Set(['token-used']),
    )
    expect(await devicesOf(ada)).toHaveLength(1)
  })

  test('a token is good until its end and not at it', async () => {
    const ada = await nodes.newAccount(project)
    const [last, late] = [await make(ada), await make(ada)]
    nodes.wait(HOUR_MS - 1)
    expect((await bring(last.token)).state).toBe('provisioned')
    nodes.wait(1)
    expect(await bring(late.token)).toMatchObject({ reason: 'token-expired' })
  })

  test('the project’s policy says how long', async () => {
    const short = await nodes.newProject({ provisioningTokenTtlMs: 2000 }, 'on-demand')
    const ada = await nodes.newAccount(short)
    const { token, expiresAt } = await make(ada)
    expect(expiresAt).toBe(nodes.node(0).now() + 2000)
    nodes.wait(2000)
    expect(await bring(token)).toMatchObject({ reason: 'token-expired' })
  })

  test('a project whose devices are made beforehand has no tokens, and a project that closes has none any more', async () => {
    const closed = await nodes.newProject()
    expect(await ask(await nodes.newAccount(closed))).toMatchObject({
      state: 'refused',
      reason: 'provisioning-closed',
    })
    const closing = await nodes.newProject({}, 'on-demand')
    const ada = await nodes.newAccount(closing)
    const { token } = await make(ada)
    const space = await nodes.registry.projects.get(closing)
    await nodes.store.commit({
      put: [
        { key: keys.project(closing), value: JSON.stringify({ ...space, provisioning: 'pre' }) },
      ],
    })
    expect(await bring(token)).toMatchObject({ reason: 'provisioning-closed' })
    expect(await devicesOf(ada, closing)).toEqual([])
  })

  test.each([
    [
      'has left the home',
      ({ home, user }: Account) =>
        nodes.store.commit({ remove: [keys.member(project, home, user)] }),
    ],
    [
      'is there no more',
      ({ user }: Account) => nodes.store.commit({ remove: [keys.user(project, user)] }),
    ],
    [
      'has no home any more',
      ({ home }: Account) => nodes.store.commit({ remove: [keys.home(project, home)] }),
    ],
    [
      'may not claim any more',
      ({ user }: Account) =>
        nodes.registry.users.setGrant({ project, user }, 'claim-devices', false),
    ],
  ])('the token of an account that %s is refused', async (_, happens) => {
    const ada = await nodes.newAccount(project)
    const { token } = await make(ada)
    await happens(ada)
    expect(await bring(token)).toMatchObject({ reason: 'not-permitted' })
    expect(await devicesOf(ada)).toEqual([])
    expect((await ask(ada)).state).toBe('refused')
  })

  test('the token of an account that leaves the home in the very moment is refused', async () => {
    const ada = await nodes.newAccount(project)
    const { token } = await make(ada)
    const member = keys.member(project, ada.home, ada.user)
    const store = meanwhile(nodes.store, member, () => nodes.store.commit({ remove: [member] }))
    const { digests, now } = nodes.node(0)
    const engine = createEngine({
      ...{ store, digests, budget: createBudget(store), log: silentLog },
      ...{ metrics: noMetrics, now, newId: () => randomUUID() },
    })
    const address = '192.0.2.1'
    const answer = await engine.redeemProvisioningToken({ token, address, via: 'test' })
    expect(answer).toMatchObject({ reason: 'not-permitted' })
    expect(await devicesOf(ada)).toEqual([])
  })

  test('a home of others gets no tokens from a stranger', async () => {
    const [ada, eve] = [await nodes.newAccount(project), await nodes.newAccount(project)]
    expect(await ask({ ...eve, home: ada.home })).toMatchObject({ reason: 'not-a-member' })
  })

  test('an account has 50 open tokens at most; what was used or is over does not count', async () => {
    const ada = await nodes.newAccount(project)
    const first = await make(ada)
    for (let i = 1; i < 50; i++) await make(ada)
    expect(await ask(ada)).toMatchObject({ reason: 'too-many-attempts', retryAfterMs: HOUR_MS })
    await bring(first.token)
    expect((await ask(ada)).state).toBe('open')
    expect(await ask(ada)).toMatchObject({ reason: 'too-many-attempts' })
    nodes.wait(HOUR_MS)
    expect((await ask(ada)).state).toBe('open')
  })

  test('wrong tokens are counted against their network, and a right one from there is good all the same', async () => {
    const ada = await nodes.newAccount(project)
    const { token } = await make(ada)
    const guess = () => bring(randomBytes(32).toString('base64url'), 0, '198.51.100.7')
    for (let i = 0; i < 100; i++) expect(await guess()).toMatchObject({ reason: 'token-unknown' })
    const stopped = await guess()
    expect(stopped).toMatchObject({ reason: 'too-many-attempts' })
    expect((stopped as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0)
    expect(await bring('wrong')).toMatchObject({ reason: 'token-unknown' })
    expect((await bring(token, 0, '198.51.100.7')).state).toBe('provisioned')
  })
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-provisioning-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('provisioning on the embedded store', () => {
  provisioningSuite(async () => [await openStore({ url: `embedded:${folder}`, log: silentLog })])
})

describeWithRedis('provisioning on two nodes and one Redis', () => {
  let redis: RedisServer
  provisioningSuite(async () => {
    redis = await startRedis()
    const open = () => openStore({ url: redis.url, log: silentLog })
    return [await open(), await open()]
  })
  afterAll(() => redis.stop())
})
