import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RedeemDevice } from '../../shared/claim/engine.ts'
import { silentLog } from '../../shared/log.ts'
import type { DeviceId, HomeId, UserId } from '../../shared/model/ids.ts'
import { attemptOf, attemptsAt } from '../../shared/registry/story.ts'
import { keys } from '../../shared/store/keys.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { type Parts, partsOn } from '../support/parts.ts'
import { newUser } from '../support/people.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'

const RULE = { defaultMs: 300_000, secretOptional: false, outside: 'refuse' } as const

const engineSuite = (open: () => Promise<Store>) => {
  let store: Store
  let parts: Parts

  beforeAll(async () => {
    store = await open()
    parts = await partsOn(store)
  })
  afterAll(() => store.close())

  const device = async () => {
    const made = await parts.registry.devices.create({ project: parts.project, name: randomUUID() })
    if (made === 'name-taken') throw new Error('taken')
    return made.device.id
  }
  const offer = (id: DeviceId, secret = 'secret', durationMs = 60_000) =>
    parts.engine.offerWindow({
      project: parts.project,
      device: id,
      secret,
      durationMs,
      rule: RULE,
      via: 'test',
    })
  const account = async () => {
    const { id, home } = await newUser(parts)
    return { user: id, home }
  }
  /** By somebody new, unless it is said by whom. */
  const claim = async (id: DeviceId, secret = 'secret', more: Partial<RedeemDevice> = {}) =>
    parts.engine.redeemDevice({
      project: parts.project,
      ...(more.user === undefined
        ? await account()
        : { user: more.user, home: more.home as HomeId }),
      permitted: true,
      address: '127.0.0.1',
      asked: id,
      device: id,
      secret,
      via: 'test',
      ...more,
    })

  test('of 200 who claim one device at once exactly one gets it', async () => {
    const id = await device()
    await offer(id)
    const all = await Promise.all(Array.from({ length: 200 }, () => claim(id)))
    const winners = all.filter(({ outcome }) => outcome.state === 'claimed')
    expect(winners).toHaveLength(1)
    expect(
      new Set(all.flatMap(({ outcome }) => (outcome.state === 'refused' ? [outcome.reason] : []))),
    ).toEqual(new Set(['owned-by-another']))
    const present = await parts.registry.devices.get(parts.project, id)
    const winner = winners[0]?.outcome
    expect(winner).toMatchObject({ state: 'claimed', home: present?.owner, epoch: 1 })
    expect(present?.epoch).toBe(1)
  })

  test('a claim is in the index, the history, the attempts and the outbox as soon as it is answered', async () => {
    const id = await device()
    await offer(id)
    const ada = await account()
    const { home } = ada
    const { attempt } = await claim(id, 'secret', ada)
    expect(await store.list(keys.homeDevices(parts.project, home), { limit: 10 })).toEqual([id])
    expect(await store.last(keys.history(parts.project, id), 10)).toHaveLength(1)
    expect(await attemptOf(store, parts.project, attempt)).toMatchObject({
      state: 'claimed',
      device: id,
    })
    expect((await attemptsAt(store, parts.project, id)).map((a) => a.id)).toEqual([attempt])
    const [notice] = await store.last(keys.notices(parts.project), 1)
    expect(JSON.parse(notice?.item ?? '{}')).toMatchObject({ device: id, owner: home, epoch: 1 })
  })

  test('claiming and releasing at once never loses an epoch or leaves two owners', async () => {
    const id = await device()
    for (let round = 0; round < 20; round++) {
      await offer(id)
      const before = await parts.registry.devices.get(parts.project, id)
      const outcomes = await Promise.all([
        ...Array.from({ length: 5 }, () => claim(id)),
        parts.engine.releaseDevice({
          project: parts.project,
          device: id,
          by: { kind: 'maker', user: 'm' as UserId },
          via: 'test',
        }),
        offer(id),
      ])
      const claims = outcomes.filter((o) => 'outcome' in o && o.outcome.state === 'claimed').length
      const released = outcomes.filter(
        (o) => 'state' in o && o.state === 'released' && 'former' in o && o.former !== undefined,
      ).length
      const after = await parts.registry.devices.get(parts.project, id)
      expect((after?.epoch ?? 0) - (before?.epoch ?? 0)).toBe(claims + released)
      await parts.engine.releaseDevice({
        project: parts.project,
        device: id,
        by: { kind: 'maker', user: 'm' as UserId },
        via: 'test',
      })
    }
  })

  test('a window ends on the millisecond, however long nobody looked', async () => {
    const id = await device()
    await offer(id, 'secret', 5000)
    parts.clock.now += 5000
    const late = await claim(id)
    expect(late.outcome).toMatchObject({
      state: 'refused',
      reason: 'window-expired',
      entitled: true,
    })
    await offer(id, 'secret', 5000)
    parts.clock.now += 4999
    // The store's own clock has not moved: it is the rule that decides.
    expect((await claim(id)).outcome.state).toBe('claimed')
  })

  test('wrong tries are counted against the account, right ones and late ones are not', async () => {
    const id = await device()
    await offer(id)
    const eve = await account()
    const reasons: string[] = []
    for (let guess = 0; guess < 25; guess++) {
      const { outcome } = await claim(id, `guess ${guess}`, eve)
      reasons.push(outcome.state === 'refused' ? outcome.reason : outcome.state)
    }
    expect(reasons).toEqual([
      ...Array(20).fill('wrong-secret'),
      ...Array(5).fill('too-many-attempts'),
    ])
    expect((await claim(id, 'secret', eve)).outcome).toMatchObject({ reason: 'too-many-attempts' })
    expect((await claim(id)).outcome.state).toBe('claimed')
    const late = await account()
    for (let round = 0; round < 30; round++)
      expect((await claim(id, 'secret', late)).outcome).toMatchObject({
        reason: 'owned-by-another',
      })
  })

  test('an address that only fails is stopped, but not an account that never failed', async () => {
    const id = await device()
    await offer(id)
    const address = '10.0.0.9'
    for (let guess = 0; guess < 200; guess++) await claim(id, `guess ${guess}`, { address })
    const first = { ...(await account()), address }
    expect((await claim(id, 'wrong', first)).outcome).toMatchObject({ reason: 'wrong-secret' })
    expect((await claim(id, 'wrong', first)).outcome).toMatchObject({ reason: 'too-many-attempts' })
    expect((await claim(id, 'secret', { address })).outcome.state).toBe('claimed')
  })
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-engine-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the engine on the embedded store', () => {
  engineSuite(() => openStore({ url: `embedded:${folder}`, log: silentLog }))
})

describeWithRedis('the engine on Redis', () => {
  let redis: RedisServer
  engineSuite(async () => {
    redis = await startRedis()
    return openStore({ url: redis.url, log: silentLog })
  })
  afterAll(() => redis.stop())
})
