import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { silentLog } from '../../shared/log.ts'
import type { ProjectId } from '../../shared/model/ids.ts'
import type { PolicyPatch } from '../../shared/model/policy.ts'
import { attemptOf } from '../../shared/registry/story.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { type Account, openNodes } from './codes-support.ts'

type Nodes = Awaited<ReturnType<typeof openNodes>>

const suite = (open: () => Promise<readonly Store[]>) => {
  let nodes: Nodes
  let stores: readonly Store[]
  beforeAll(async () => {
    stores = await open()
    nodes = await openNodes(stores)
  })
  afterAll(async () => {
    for (const store of stores) await store.close()
  })

  const printed = async (project: ProjectId) => {
    const code: string = randomUUID()
    const made = await nodes.registry.devices.create({ project, name: randomUUID(), printed: code })
    if (made === 'name-taken') throw new Error('taken')
    return { id: made.device.id, code }
  }
  type Printed = Awaited<ReturnType<typeof printed>>

  const set = (project: ProjectId, { id }: Printed, durationMs?: number) =>
    nodes.node(0).engine.setClaimMode({
      ...{ project, device: id, via: 'test' },
      mode: { kind: 'on', ...(durationMs === undefined ? {} : { durationMs }) },
    })

  const bring = (who: Account, device: Printed, code = device.code, place = 0) =>
    nodes.node(place).engine.redeemDevice({
      ...{ ...who, permitted: true, address: '127.0.0.1', asked: 'a claim code' },
      ...{ device: device.id, secret: code, isPrinted: true, via: 'test' },
    })
  const reasonOf = async (...of: Parameters<typeof bring>) => {
    const { outcome } = await bring(...of)
    return outcome.state === 'refused' ? outcome.reason : outcome.state
  }

  const world = async (policy: PolicyPatch = {}) => {
    const project = await nodes.newProject(policy)
    return {
      project,
      ann: await nodes.newAccount(project),
      bob: await nodes.newAccount(project),
      device: await printed(project),
    }
  }

  test('the printed code is good while the device is in claim mode, to the last millisecond', async () => {
    const { project, ann, device } = await world()
    expect(await reasonOf(ann, device)).toBe('no-window')
    await set(project, device, 60_000)
    expect(await reasonOf(ann, device, 'another')).toBe('wrong-secret')
    nodes.wait(60_000)
    expect(await reasonOf(ann, device)).toBe('window-expired')
    await set(project, device, 60_000)
    nodes.wait(59_999)
    expect(await reasonOf(ann, device)).toBe('claimed')
  })

  test('claim mode ends as the policy has it', async () => {
    const { project, device } = await world({ windowMaxMs: 60_000, windowDefaultMs: 10_000 })
    const now = nodes.node(0).now()
    expect(await set(project, device)).toMatchObject({ state: 'open', expiresAt: now + 10_000 })
    expect(await set(project, device, 3_600_000)).toMatchObject({ expiresAt: now + 60_000 })
    const closed = await world({ claimingAllowedByDefault: false })
    expect(await set(closed.project, closed.device)).toMatchObject({
      reason: 'claiming-not-allowed',
    })
  })

  test('one claim for each enabling; a release ends claim mode, and the code stays', async () => {
    const { project, ann, bob, device } = await world({ possession: true })
    await set(project, device)
    expect(await reasonOf(ann, device)).toBe('claimed')
    expect(await reasonOf(ann, device)).toBe('already-yours')
    expect(await reasonOf(bob, device)).toBe('no-window')
    await set(project, device)
    await nodes.release(project, device.id, ann.user)
    expect(await reasonOf(bob, device)).toBe('no-window')
    await set(project, device)
    expect(await reasonOf(bob, device)).toBe('claimed')
    expect(await nodes.getDevice(project, device.id)).toMatchObject({ owner: bob.home, epoch: 3 })
  })

  test('it is taken from its owner only where possession counts', async () => {
    for (const possession of [true, false]) {
      const { project, ann, bob, device } = await world({ possession })
      await set(project, device)
      await bring(ann, device)
      await set(project, device)
      expect(await reasonOf(bob, device)).toBe(possession ? 'claimed' : 'owned-by-another')
      const owner = possession ? bob.home : ann.home
      expect(await nodes.getDevice(project, device.id)).toMatchObject({ owner })
    }
  })

  test('claim mode is no window: without the code nobody gets the device', async () => {
    const { project, ann, device } = await world({ secretOptional: true })
    await set(project, device)
    for (const secret of [undefined, '', device.code]) {
      const { outcome } = await nodes.node(0).engine.redeemDevice({
        ...{ ...ann, permitted: true, address: '127.0.0.1', asked: device.id },
        ...{ device: device.id, secret, via: 'test' },
      })
      expect(outcome).toMatchObject({ state: 'refused', reason: 'no-window' })
    }
  })

  test('of many who bring the code at once, on all nodes, one gets the device', async () => {
    const { project, device } = await world({ possession: true })
    const people = await Promise.all(Array.from({ length: 30 }, () => nodes.newAccount(project)))
    await set(project, device)
    const all = await Promise.all(people.map((who, n) => reasonOf(who, device, device.code, n)))
    expect(all.filter((reason) => reason === 'claimed')).toHaveLength(1)
    expect((await nodes.getDevice(project, device.id)).epoch).toBe(1)
  })

  test('who is no member of the home claims nothing for it', async () => {
    const { project, ann, bob, device } = await world()
    await set(project, device)
    expect(await reasonOf({ ...ann, home: bob.home }, device)).toBe('not-a-member')
    expect((await nodes.getDevice(project, device.id)).owner).toBeUndefined()
  })

  test('an attempt tells the true reason, and never the code', async () => {
    const { ann, device } = await world()
    const { attempt } = await bring(ann, device)
    const record = await attemptOf(stores[0] as Store, ann.project, attempt)
    expect(record).toMatchObject({ reason: 'no-window', device: device.id, entitled: true })
    expect(JSON.stringify(record)).not.toContain(device.code)
  })
}

describe('claim mode on the embedded store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-claim-mode-'))
  suite(async () => [await openStore({ url: `embedded:${folder}`, log: silentLog })])
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
})

describeWithRedis('claim mode on Redis, two nodes', () => {
  let redis: RedisServer
  suite(async () => {
    redis = await startRedis()
    const open = () => openStore({ url: redis.url, log: silentLog })
    return [await open(), await open()]
  })
  afterAll(() => redis.stop())
})
