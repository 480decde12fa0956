import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { silentLog } from '../../shared/log.ts'
import type { DeviceId, HomeId, UserId } from '../../shared/model/ids.ts'
import { attemptOf } from '../../shared/registry/story.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { type Parts, partsOn } from '../support/parts.ts'
import { newUser } from '../support/people.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'

const DAY_MS = 86_400_000

type Account = { readonly user: UserId; readonly home: HomeId }

/** `nodes`: stores of as many nodes as there are, on one database. */
const linkSuite = (open: () => Promise<Store[]>) => {
  let stores: Store[]
  let parts: Parts[]

  beforeAll(async () => {
    stores = await open()
    parts = []
    for (const store of stores) parts.push(await partsOn(store))
  })
  afterAll(async () => {
    for (const store of stores) await store.close()
  })

  const node = (place: number) => parts[place % parts.length] as Parts
  const device = async () => {
    const { registry, project } = node(0)
    const made = await registry.devices.create({ project, name: randomUUID() })
    if (made === 'name-taken') throw new Error('taken')
    return made.device.id
  }
  const account = async (): Promise<Account> => {
    const { id, home } = await newUser(node(0))
    return { user: id, home }
  }
  const app = (place: number, who: Account, linkId: string) =>
    node(place).engine.linkByAccount({
      project: node(0).project,
      ...who,
      permitted: true,
      linkId,
      via: 'test',
    })
  const thing = (place: number, id: DeviceId, linkId: string) =>
    node(place).engine.linkByDevice({ project: node(0).project, device: id, linkId, via: 'test' })
  const ownerOf = async (id: DeviceId) =>
    (await node(0).registry.devices.get(node(0).project, id))?.owner

  test('the account first, then the device', async () => {
    const [id, ada, linkId] = [await device(), await account(), randomUUID()]
    const first = await app(0, ada, linkId)
    expect(first.outcome).toMatchObject({ state: 'waiting' })
    expect(await thing(1, id, linkId)).toMatchObject({
      state: 'claimed',
      home: ada.home,
      claim: first.attempt,
      epoch: 1,
    })
    expect(await app(0, ada, linkId)).toMatchObject({
      attempt: first.attempt,
      outcome: { state: 'claimed', device: id, epoch: 1, fresh: false },
    })
    expect(await attemptOf(stores[0] as Store, node(0).project, first.attempt)).toMatchObject({
      state: 'claimed',
      device: id,
    })
  })

  test('the device first, then the account', async () => {
    const [id, ada, linkId] = [await device(), await account(), randomUUID()]
    expect(await thing(0, id, linkId)).toMatchObject({ state: 'waiting' })
    expect((await app(1, ada, linkId)).outcome).toMatchObject({
      state: 'claimed',
      device: id,
      fresh: true,
    })
    expect(await thing(0, id, linkId)).toMatchObject({
      state: 'claimed',
      home: ada.home,
      fresh: false,
    })
    expect(await ownerOf(id)).toBe(ada.home)
  })

  test('a repeat by the same side changes nothing and does not lengthen the time', async () => {
    const [id, ada, linkId] = [await device(), await account(), randomUUID()]
    const first = await app(0, ada, linkId)
    for (const part of parts) part.clock.now += 1000
    expect(await app(1, ada, linkId)).toEqual(first)
    const other = randomUUID()
    const waits = await thing(0, id, other)
    for (const part of parts) part.clock.now += 1000
    expect(await thing(1, id, other)).toEqual(waits)
  })

  test('two accounts on one id: nobody is linked, all are told, and the id is dead until its time ends', async () => {
    const [id, ada, eve, linkId] = [await device(), await account(), await account(), randomUUID()]
    const first = await app(0, ada, linkId)
    expect((await app(1, eve, linkId)).outcome).toMatchObject({
      state: 'refused',
      reason: 'link-contested',
    })
    expect(await thing(0, id, linkId)).toMatchObject({ state: 'refused', reason: 'link-contested' })
    expect((await app(0, ada, linkId)).outcome).toMatchObject({ reason: 'link-contested' })
    expect(await attemptOf(stores[0] as Store, node(0).project, first.attempt)).toMatchObject({
      state: 'refused',
      reason: 'link-contested',
    })
    expect(await ownerOf(id)).toBeUndefined()
    for (const part of parts) part.clock.now += DAY_MS
    expect((await app(0, ada, linkId)).outcome).toMatchObject({ state: 'waiting' })
  })

  test('two devices on one id: likewise', async () => {
    const [one, two, ada, linkId] = [await device(), await device(), await account(), randomUUID()]
    await thing(0, one, linkId)
    expect(await thing(1, two, linkId)).toMatchObject({ reason: 'link-contested' })
    expect((await app(0, ada, linkId)).outcome).toMatchObject({ reason: 'link-contested' })
    expect([await ownerOf(one), await ownerOf(two)]).toEqual([undefined, undefined])
  })

  test('an id that has linked is nobody else’s until its time ends', async () => {
    const [id, other, ada, eve, linkId] = [
      await device(),
      await device(),
      await account(),
      await account(),
      randomUUID(),
    ]
    await thing(0, id, linkId)
    await app(0, ada, linkId)
    expect((await app(0, eve, linkId)).outcome).toMatchObject({ reason: 'link-contested' })
    expect(await thing(0, other, linkId)).toMatchObject({ reason: 'link-contested' })
    expect(await ownerOf(id)).toBe(ada.home)
  })

  test('the second half comes in time until the last millisecond and not at the end', async () => {
    const [one, two, ada] = [await device(), await device(), await account()]
    const [early, late] = [randomUUID(), randomUUID()]
    await thing(0, one, early)
    await thing(0, two, late)
    for (const part of parts) part.clock.now += DAY_MS - 1
    expect((await app(0, ada, early)).outcome).toMatchObject({ state: 'claimed' })
    for (const part of parts) part.clock.now += 1
    expect((await app(0, ada, late)).outcome).toMatchObject({ state: 'waiting' })
  })

  test('after a release the id starts anew', async () => {
    const [id, ada, linkId] = [await device(), await account(), randomUUID()]
    await thing(0, id, linkId)
    await app(0, ada, linkId)
    const { engine, project } = node(0)
    await engine.releaseDevice({ project, device: id, by: { kind: 'home', ...ada }, via: 'test' })
    expect((await app(0, ada, linkId)).outcome).toMatchObject({ state: 'waiting' })
    expect(await thing(0, id, linkId)).toMatchObject({ state: 'claimed', epoch: 3 })
  })

  test('a device that somebody owns waits for nobody', async () => {
    const [id, ada, linkId] = [await device(), await account(), randomUUID()]
    await thing(0, id, linkId)
    await app(0, ada, linkId)
    expect(await thing(0, id, randomUUID())).toMatchObject({
      state: 'refused',
      reason: 'owned-by-another',
    })
  })

  test('an account that has ended is linked with nothing, whatever it left', async () => {
    const { registry, project } = node(0)
    const [id, ada, linkId] = [await device(), await account(), randomUUID()]
    expect((await app(0, ada, linkId)).outcome).toMatchObject({ state: 'waiting' })
    await registry.clearing.endUser({ project, user: ada.user })
    expect(await thing(1, id, linkId)).toMatchObject({ state: 'refused' })
    expect(await ownerOf(id)).toBeUndefined()
  })

  test('an account waits on 50 ids at most; what was linked does not count', async () => {
    const ada = await account()
    const [id, first] = [await device(), randomUUID()]
    await app(0, ada, first)
    for (let i = 1; i < 50; i++)
      expect((await app(i, ada, `${first}-${i}`)).outcome.state).toBe('waiting')
    expect((await app(0, ada, randomUUID())).outcome).toMatchObject({
      state: 'refused',
      reason: 'too-many-attempts',
    })
    await thing(0, id, first)
    expect((await app(0, ada, randomUUID())).outcome).toMatchObject({ state: 'waiting' })
  })

  test('of 1000 pairs at once, in every order, each is linked exactly once and both are told the same', async () => {
    const pairs = []
    for (let i = 0; i < 1000; i++)
      pairs.push({ id: await device(), who: await account(), linkId: `pair ${i} ${randomUUID()}` })
    const halves = await Promise.all(
      pairs.map(async ({ id, who, linkId }, i) => {
        const both = [
          () => app(i, who, linkId).then(({ outcome }) => outcome),
          () => thing(i + 1, id, linkId),
        ]
        if (i % 2) both.reverse()
        return Promise.all(both.map((half) => half()))
      }),
    )
    for (const [i, [one, two]] of halves.entries()) {
      const { id, who, linkId } = pairs[i] as (typeof pairs)[number]
      const states = [one?.state, two?.state].sort()
      expect(states).toEqual(['claimed', 'waiting'])
      expect(await thing(i, id, linkId)).toMatchObject({
        state: 'claimed',
        home: who.home,
        device: id,
        epoch: 1,
      })
      expect((await app(i, who, linkId)).outcome).toMatchObject({
        state: 'claimed',
        home: who.home,
        device: id,
        epoch: 1,
      })
    }
  })
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-links-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('links on the embedded store', () => {
  linkSuite(async () => [await openStore({ url: `embedded:${folder}`, log: silentLog })])
})

describeWithRedis('links on two nodes and one Redis', () => {
  let redis: RedisServer
  linkSuite(async () => {
    redis = await startRedis()
    const open = () => openStore({ url: redis.url, log: silentLog })
    return [await open(), await open()]
  })
  afterAll(() => redis.stop())
})
