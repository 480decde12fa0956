import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { nativeCode, shownCode } from '../../shared/claim/code-text.ts'
import { createEngine } from '../../shared/claim/engine.ts'
import { createBudget } from '../../shared/guard/budget.ts'
import { silentLog } from '../../shared/log.ts'
import { noMetrics } from '../../shared/metrics.ts'
import type { Happening } from '../../shared/model/events.ts'
import type { DeviceId, ProjectId } from '../../shared/model/ids.ts'
import type { Notice } from '../../shared/model/records.ts'
import { attemptOf, attemptsAt, historyOf } from '../../shared/registry/story.ts'
import { keys } from '../../shared/store/keys.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { partsOn } from '../support/parts.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { type Account, meanwhile, type Nodes, openNodes } from './codes-support.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

const unknownCode = () => shownCode(nativeCode([...randomBytes(11)].map((byte) => byte % 31)))

const codeSuite = (open: () => Promise<Store[]>) => {
  let stores: Store[]
  let nodes: Nodes
  /** Where possession does not take a device from its owner, and where it does. */
  let project: ProjectId
  let possessing: ProjectId

  beforeAll(async () => {
    stores = await open()
    nodes = await openNodes(stores)
    project = await nodes.newProject()
    possessing = await nodes.newProject({ possession: true })
  })
  afterAll(async () => {
    for (const store of stores) await store.close()
  })

  const cast = async (where = project) => ({
    ada: await nodes.newAccount(where),
    bob: await nodes.newAccount(where),
    device: await nodes.newDevice(where),
  })

  test.each(['native', 'particle'] as const)(
    'a device that brings a %s code belongs to the code’s maker',
    async (form) => {
      const { ada, bob, device } = await cast()
      const made = await nodes.make(ada, form)
      expect(made.expiresAt).toBe(nodes.node(0).now() + HOUR_MS)
      expect(await nodes.look(ada, made.code)).toMatchObject({ state: 'open', claim: made.claim })
      expect(await nodes.look(bob, made.code)).toBeUndefined()
      expect(await nodes.bring(project, device, made.code, 1)).toMatchObject({
        state: 'claimed',
        device,
        home: ada.home,
        claim: made.claim,
        offer: made.offer,
        epoch: 1,
        fresh: true,
      })
      const owned = await nodes.getDevice(project, device)
      expect([owned.owner, owned.epoch]).toEqual([ada.home, 1])
      expect(await nodes.look(ada, made.code)).toMatchObject({ state: 'used', device, epoch: 1 })
      expect(
        (await nodes.registry.devices.listOfHome(project, ada.home, undefined, 9)).items,
      ).toEqual([owned])
    },
  )

  test('the claim of a code can be asked for from the start, and is in the device’s story', async () => {
    const { ada, device } = await cast()
    const { code, claim, expiresAt } = await nodes.make(ada)
    expect(await attemptOf(nodes.store, project, claim)).toMatchObject({
      state: 'waiting',
      user: ada.user,
      expiresAt,
    })
    await nodes.bring(project, device, code)
    expect(await attemptOf(nodes.store, project, claim)).toMatchObject({
      state: 'claimed',
      device,
      epoch: 1,
    })
    const story = await historyOf(nodes.store, await nodes.getDevice(project, device), 0)
    expect(story).toEqual([expect.objectContaining({ type: 'claimed', claim, home: ada.home })])
  })

  test('the same code of the same device is confirmed again and changes nothing', async () => {
    const { ada, device } = await cast()
    const { code } = await nodes.make(ada)
    const first = await nodes.bring(project, device, code)
    const before = await nodes.getDevice(project, device)
    expect(await nodes.bring(project, device, code, 1)).toEqual({ ...first, fresh: false })
    expect(await nodes.getDevice(project, device)).toEqual(before)
    expect(await attemptsAt(nodes.store, project, device)).toHaveLength(1)
  })

  test('it is confirmed again even when nobody remembers the code any more', async () => {
    const { ada, device } = await cast()
    const { code } = await nodes.make(ada)
    await nodes.bring(project, device, code)
    const { held } = await nodes.getDevice(project, device)
    await nodes.store.commit({ remove: [keys.claimCode(held?.secret ?? '')] })
    expect(await nodes.bring(project, device, code)).toMatchObject({ state: 'claimed', epoch: 1 })
    await nodes.release(project, device, ada.user)
    expect(await nodes.bring(project, device, code)).toMatchObject({ reason: 'code-unknown' })
  })

  test('a device that its maker owns already uses the code up and keeps its epoch', async () => {
    const { ada, device } = await cast()
    await nodes.bring(project, device, (await nodes.make(ada)).code)
    const second = await nodes.make(ada)
    expect(await nodes.bring(project, device, second.code)).toMatchObject({
      state: 'claimed',
      epoch: 1,
      fresh: false,
    })
    expect(await nodes.look(ada, second.code)).toMatchObject({ state: 'used', device, epoch: 1 })
    expect(await nodes.bring(project, device, second.code)).toMatchObject({ state: 'claimed' })
    expect(await nodes.bring(project, await nodes.newDevice(project), second.code)).toMatchObject({
      reason: 'code-used',
    })
  })

  test('after a release a used code is refused: a replay never takes a device back', async () => {
    const { ada, bob, device } = await cast(possessing)
    const { code } = await nodes.make(ada)
    await nodes.bring(possessing, device, code)
    await nodes.release(possessing, device, ada.user)
    expect(await nodes.bring(possessing, device, code)).toMatchObject({ reason: 'code-used' })
    await nodes.bring(possessing, device, (await nodes.make(bob)).code)
    expect(await nodes.bring(possessing, device, code)).toMatchObject({ reason: 'code-used' })
    expect((await nodes.getDevice(possessing, device)).owner).toBe(bob.home)
    // Even after it has come to the same home again.
    await nodes.bring(possessing, device, (await nodes.make(ada)).code)
    expect(await nodes.bring(possessing, device, code)).toMatchObject({ reason: 'code-used' })
  })

  test('with possession a code takes the device from its owner in one step, and both homes hear it', async () => {
    const { ada, bob, device } = await cast(possessing)
    await nodes.bring(possessing, device, (await nodes.make(ada)).code)
    const { code, claim } = await nodes.make(bob)
    expect(await nodes.bring(possessing, device, code)).toMatchObject({
      state: 'claimed',
      home: bob.home,
      epoch: 2,
    })
    const lists = [ada, bob].map(({ home }) =>
      nodes.registry.devices.listOfHome(possessing, home, undefined, 9),
    )
    expect((await Promise.all(lists)).map(({ items }) => items.length)).toEqual([0, 1])
    const [newest] = await nodes.store.last(keys.notices(possessing), 1)
    expect(JSON.parse(newest?.item ?? '') as Notice).toMatchObject({
      device,
      epoch: 2,
      owner: bob.home,
      former: ada.home,
    })
    const feed = await nodes.store.last(keys.events(possessing), 10)
    const events = feed.map(({ item }) => JSON.parse(item) as Happening)
    const told = (wanted: string) => events.find(({ type }) => type === wanted)
    expect(told('device.released')).toMatchObject({ device, home: ada.home, epoch: 1 })
    expect(told('device.claimed')).toMatchObject({ device, home: bob.home, epoch: 2 })
    expect(told('code.used')).toMatchObject({ user: bob.user, data: { id: claim, device } })
  })

  test('without possession the owner keeps it, the code stays open, and its maker learns why', async () => {
    const { ada, bob, device } = await cast()
    await nodes.bring(project, device, (await nodes.make(ada)).code)
    const { code } = await nodes.make(bob)
    for (let again = 0; again < 3; again++)
      expect(await nodes.bring(project, device, code)).toMatchObject({ reason: 'owned-by-another' })
    expect(await nodes.look(bob, code)).toMatchObject({
      state: 'open',
      device,
      reason: 'owned-by-another',
    })
    // One line in the story, however often it is brought.
    const refusals = (await attemptsAt(nodes.store, project, device)).filter(
      ({ state }) => state === 'refused',
    )
    expect(refusals).toEqual([
      expect.objectContaining({ reason: 'owned-by-another', user: bob.user, home: bob.home }),
    ])
    await nodes.release(project, device, ada.user)
    expect(await nodes.bring(project, device, code)).toMatchObject({ home: bob.home, epoch: 3 })
  })

  test('a device that may not be claimed is not, and the code stays open', async () => {
    const { ada, device } = await cast(possessing)
    await nodes.registry.devices.change(possessing, device, (it) => ({
      ...it,
      claimingAllowed: false,
    }))
    const { code } = await nodes.make(ada)
    expect(await nodes.bring(possessing, device, code)).toMatchObject({
      reason: 'claiming-not-allowed',
    })
    expect(await nodes.look(ada, code)).toMatchObject({ state: 'open' })
  })

  test('a device of another project is refused; the code’s maker learns that, but not which device it was', async () => {
    const { ada } = await cast()
    const stranger = await nodes.newDevice(possessing)
    const { code } = await nodes.make(ada, 'particle')
    expect(await nodes.bring(possessing, stranger, code)).toMatchObject({
      reason: 'device-not-in-project',
    })
    const look = await nodes.look(ada, code)
    expect(look).toMatchObject({ state: 'open', reason: 'device-not-in-project' })
    expect(look).not.toHaveProperty('device')
    expect((await nodes.getDevice(possessing, stranger)).owner).toBeUndefined()
  })

  test('a code is good until its end and not at it', async () => {
    const { ada, device } = await cast()
    const other = await nodes.newDevice(project)
    const [last, late] = [await nodes.make(ada), await nodes.make(ada)]
    nodes.wait(HOUR_MS - 1)
    expect(await nodes.bring(project, device, last.code)).toMatchObject({ state: 'claimed' })
    nodes.wait(1)
    expect(await nodes.bring(project, other, late.code)).toMatchObject({ reason: 'code-expired' })
    expect(await nodes.look(ada, late.code)).toMatchObject({
      state: 'expired',
      device: other,
      reason: 'code-expired',
    })
    expect(await nodes.bring(project, device, last.code)).toMatchObject({ state: 'claimed' })
  })

  test('the project’s policy says how long', async () => {
    const short = await nodes.newProject({ claimCodeTtlMs: 1000 })
    const { ada, device } = await cast(short)
    const { code, expiresAt } = await nodes.make(ada)
    expect(expiresAt).toBe(nodes.node(0).now() + 1000)
    nodes.wait(1000)
    expect(await nodes.bring(short, device, code)).toMatchObject({ reason: 'code-expired' })
  })

  test.each([
    [
      'has left the home',
      async ({ home, user }: Account) => {
        await nodes.store.commit({ remove: [keys.member(project, home, user)] })
      },
    ],
    [
      'is there no more',
      async ({ user }: Account) => {
        await nodes.store.commit({ remove: [keys.user(project, user)] })
      },
    ],
    [
      'may not claim any more',
      async ({ user }: Account) => {
        await nodes.registry.users.setGrant({ project, user }, 'claim-devices', false)
      },
    ],
  ])('the code of an account that %s is refused', async (_, happens) => {
    const { ada, device } = await cast()
    const { code } = await nodes.make(ada)
    await happens(ada)
    expect(await nodes.bring(project, device, code)).toMatchObject({ reason: 'not-permitted' })
    expect((await nodes.getDevice(project, device)).owner).toBeUndefined()
    const again = await nodes.node(0).engine.makeCode({ ...ada, form: 'native', via: 'test' })
    expect(again.state).toBe('refused')
  })

  test('the code of an account that leaves the home in the very moment is refused', async () => {
    const { ada, device } = await cast()
    const { code } = await nodes.make(ada)
    const held = (await nodes.store.list(keys.homeDevices(project, ada.home), { limit: 9 })).length
    const member = keys.member(project, ada.home, ada.user)
    const store = meanwhile(nodes.store, keys.device(project, device), () =>
      nodes.store.commit({ remove: [member] }),
    )
    const { digests, now } = nodes.node(0)
    const engine = createEngine({
      ...{ store, digests, budget: createBudget(store), log: silentLog },
      ...{ metrics: noMetrics, now, newId: () => randomUUID() },
    })
    const answer = await engine.presentCode({ project, device, code, via: 'test' })
    expect(answer).toMatchObject({ reason: 'not-permitted' })
    expect(await nodes.store.list(keys.homeDevices(project, ada.home), { limit: 9 })).toHaveLength(
      held,
    )
    expect(await nodes.look(ada, code)).toMatchObject({ state: 'open', reason: 'not-permitted' })
  })

  test('of 40 devices at once with one code exactly one gets it', async () => {
    const { ada } = await cast()
    const devices = []
    for (let i = 0; i < 40; i++) devices.push(await nodes.newDevice(project))
    const { code } = await nodes.make(ada)
    const answers = await Promise.all(devices.map((id, i) => nodes.bring(project, id, code, i)))
    expect(answers.filter(({ state }) => state === 'claimed')).toHaveLength(1)
    expect(new Set(answers.map((one) => ('reason' in one ? one.reason : one.state)))).toEqual(
      new Set(['claimed', 'code-used']),
    )
    const { items } = await nodes.registry.devices.listOfHome(project, ada.home, undefined, 99)
    expect(items).toHaveLength(1)
  })

  test('of 20 codes of 20 accounts at once with one device exactly one is used', async () => {
    const { device } = await cast()
    const makers: Account[] = []
    for (let i = 0; i < 20; i++) makers.push(await nodes.newAccount(project))
    const codes = await Promise.all(makers.map((who, i) => nodes.make(who, 'native', i)))
    const answers = await Promise.all(
      codes.map(({ code }, i) => nodes.bring(project, device, code, i)),
    )
    expect(answers.filter(({ state }) => state === 'claimed')).toHaveLength(1)
    expect((await nodes.getDevice(project, device)).epoch).toBe(1)
    const states = await Promise.all(
      codes.map(({ code }, i) => nodes.look(makers[i] as Account, code)),
    )
    expect(states.filter((seen) => seen?.state === 'used')).toHaveLength(1)
  })

  test('an account has 50 open codes at most; what was used or is over does not count', async () => {
    const { ada, device } = await cast()
    const first = await nodes.make(ada)
    for (let i = 1; i < 50; i++) await nodes.make(ada)
    const more = () => nodes.node(0).engine.makeCode({ ...ada, form: 'particle', via: 'test' })
    expect(await more()).toMatchObject({ reason: 'too-many-attempts', retryAfterMs: HOUR_MS })
    await nodes.bring(project, device, first.code)
    expect(await more()).toMatchObject({ state: 'open' })
    expect(await more()).toMatchObject({ reason: 'too-many-attempts' })
    nodes.wait(HOUR_MS)
    expect(await more()).toMatchObject({ state: 'open' })
  })

  test('a device that brings unknown codes is stopped, and only it', async () => {
    const { ada, device } = await cast()
    const { code } = await nodes.make(ada)
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => nodes.bring(project, device, unknownCode(), i)),
    )
    // Each node lets in as many at once as may still go wrong.
    const looked = answers.filter((one) => 'reason' in one && one.reason === 'code-unknown')
    expect(looked.length).toBeGreaterThanOrEqual(20)
    expect(looked.length).toBeLessThan(20 * stores.length + 1)
    expect(await nodes.bring(project, device, code)).toMatchObject({ reason: 'too-many-attempts' })
    const other = await nodes.newDevice(project)
    expect(await nodes.bring(project, other, code)).toMatchObject({ state: 'claimed' })
  })

  test('a mistyped code costs nothing', async () => {
    const { ada, device } = await cast()
    const { code } = await nodes.make(ada)
    const typo = (code.startsWith('2') ? '3' : '2') + code.slice(1)
    for (let i = 0; i < 30; i++)
      expect(await nodes.bring(project, device, typo)).toMatchObject({ reason: 'code-unknown' })
    expect(await nodes.bring(project, device, code)).toMatchObject({ state: 'claimed' })
  })

  test('a project looks up so many native codes in a day, and makes so many; codes of machines go on', async () => {
    const where = await nodes.newProject()
    const { ada, device } = await cast(where)
    const { digests, now } = nodes.node(0)
    const engine = createEngine({
      ...{ store: nodes.store, digests, budget: createBudget(nodes.store), log: silentLog },
      ...{ metrics: noMetrics, now, newId: () => randomUUID() },
      codeLimits: { openCodes: 4, codeLookupsPerDay: 3 },
    })
    const make = (form: 'native' | 'particle') => engine.makeCode({ ...ada, form, via: 'test' })
    expect((await make('native')).state).toBe('open')
    expect((await make('native')).state).toBe('open')
    expect(await make('native')).toMatchObject({ reason: 'too-many-attempts' })
    const machine = await make('particle')
    if (machine.state !== 'open') throw new Error('refused')
    const bring = (id: DeviceId, code: string) =>
      engine.presentCode({ project: where, device: id, code, via: 'test' })
    for (let i = 0; i < 3; i++) {
      const id = await nodes.newDevice(where)
      expect(await bring(id, unknownCode())).toMatchObject({ reason: 'code-unknown' })
    }
    expect(await bring(device, unknownCode())).toMatchObject({ reason: 'too-many-attempts' })
    expect(await bring(device, machine.code)).toMatchObject({ state: 'claimed' })
  })

  test('an engine whose codes could be guessed is not made', () => {
    const { digests, now } = nodes.node(0)
    const options = {
      ...{ store: nodes.store, digests, budget: createBudget(nodes.store), log: silentLog },
      ...{ metrics: noMetrics, now, newId: () => randomUUID() },
    }
    const codeLimits = { openCodes: 1_000_000, codeLookupsPerDay: 1_000_000 }
    expect(() => createEngine({ ...options, codeLimits })).toThrow(RangeError)
  })

  test('what came of a code is forgotten a week after its end', async () => {
    const { ada } = await cast()
    const { code } = await nodes.make(ada)
    nodes.wait(HOUR_MS + 7 * DAY_MS - 1)
    expect(await nodes.look(ada, code)).toMatchObject({ state: 'expired' })
  })
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-codes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('codes on the embedded store', () => {
  codeSuite(async () => [await openStore({ url: `embedded:${folder}`, log: silentLog })])
})

describeWithRedis('codes on two nodes and one Redis', () => {
  let redis: RedisServer
  codeSuite(async () => {
    redis = await startRedis()
    const open = () => openStore({ url: redis.url, log: silentLog })
    return [await open(), await open()]
  })
  afterAll(() => redis.stop())
})

test('no code lies in the store in clear', async () => {
  const place = mkdtempSync(join(tmpdir(), 'latchkey-codes-clear-'))
  const store = await openStore({ url: `embedded:${place}`, log: silentLog })
  try {
    const { registry, engine, project } = await partsOn(store)
    const ada = await registry.users.create({ project, email: 'ada@example.com', role: 'customer' })
    const device = await registry.devices.create({ project, name: 'lamp' })
    if (typeof ada === 'string' || typeof device === 'string') throw new Error('taken')
    const account = { project, user: ada.id, home: ada.home, via: 'test' }
    const codes = []
    for (const form of ['native', 'particle'] as const) {
      const made = await engine.makeCode({ ...account, form })
      if (made.state === 'refused') throw new Error(made.reason)
      codes.push(made.code)
      await engine.presentCode({ project, device: device.device.id, code: made.code, via: 'test' })
    }
    const bytes = readdirSync(place)
      .filter((name) => !name.startsWith('holder'))
      .map((name) => readFileSync(join(place, name)))
    const stored = Buffer.concat(bytes)
    expect(stored.includes(ada.home)).toBe(true)
    for (const code of codes)
      for (const text of [code, code.replaceAll('-', '')]) expect(stored.includes(text)).toBe(false)
  } finally {
    await store.close()
    rmSync(place, { recursive: true, force: true })
  }
})
