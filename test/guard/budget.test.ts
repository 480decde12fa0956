import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { BUDGET_LIMITS, createBudget, type Guesser } from '../../shared/guard/budget.ts'
import { silentLog } from '../../shared/log.ts'
import type { ProjectId, UserId } from '../../shared/model/ids.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'

const LIMITS = {
  ...{ perAccount: 20, perAddress: 50, whileAttacked: 5, windowMs: 600_000 },
  perProject: { named: 60, byCode: 30 },
}

const suite = (open: () => Promise<Store>) => {
  let store: Store
  beforeAll(async () => {
    store = await open()
  })
  afterAll(() => store.close())

  /** Accounts of one project, each with a network of its own unless it is said which. */
  const inOneProject = () => {
    const budget = createBudget(store, LIMITS)
    const project = randomUUID() as ProjectId
    let networks = 0
    const somebody = (more: Partial<Guesser> = {}): Guesser => {
      networks += 1
      const address = `198.51.${networks >> 8}.${networks & 255}`
      return { project, user: randomUUID() as UserId, address, isByCode: false, ...more }
    }
    /** How many of so many wrong tries were looked at, and what stopped the rest. */
    const fail = async (who: Guesser, tries: number) => {
      const rules = new Set<string>()
      let looked = 0
      for (let i = 0; i < tries; i++) {
        const turn = await budget.enter(who)
        if (turn.granted) {
          looked += 1
          await turn.wrong()
        } else rules.add(turn.rule)
      }
      return { looked, rules: [...rules] }
    }
    const isLetIn = async (who: Guesser) => {
      const turn = await budget.enter(who)
      if (turn.granted) turn.done()
      return turn.granted
    }
    return { somebody, fail, isLetIn }
  }

  test('an account has twenty', async () => {
    const { somebody, fail, isLetIn } = inOneProject()
    const eve = somebody()
    expect(await fail(eve, 30)).toEqual({ looked: 20, rules: ['wrong claims of one account'] })
    expect([await isLetIn(eve), await isLetIn(somebody())]).toEqual([false, true])
  })

  test('an address has so many, and then nobody there who has failed himself', async () => {
    const { somebody, fail, isLetIn } = inOneProject()
    const address = '203.0.113.9'
    for (let account = 0; account < 3; account++) await fail(somebody({ address }), 20)
    const late = somebody({ address })
    expect(await fail(late, 5)).toEqual({ looked: 1, rules: ['wrong claims from one address'] })
    expect([await isLetIn(somebody({ address })), await isLetIn(somebody())]).toEqual([true, true])
  })

  test('in a project that is guessed at, who fails has five, and nobody none', async () => {
    const { somebody, fail, isLetIn } = inOneProject()
    for (let account = 0; account < 3; account++)
      expect((await fail(somebody(), 20)).looked).toBe(20)
    const ada = somebody()
    expect(await isLetIn(ada)).toBe(true)
    expect(await fail(somebody(), 20)).toEqual({
      looked: 5,
      rules: ['wrong claims in one project'],
    })
    expect((await fail(ada, 4)).looked).toBe(4)
    expect(await isLetIn(ada)).toBe(true)
  })

  test('guesses by a code alone, which may find any device, are fewer, and counted apart', async () => {
    const { somebody, fail } = inOneProject()
    const byCode = { isByCode: true }
    expect((await fail(somebody(byCode), 20)).looked).toBe(20)
    expect((await fail(somebody(byCode), 20)).looked).toBe(10)
    expect((await fail(somebody(byCode), 20)).looked).toBe(5)
    expect((await fail(somebody(), 20)).looked).toBe(20)
  })

  test('another project is another', async () => {
    const first = inOneProject()
    for (let account = 0; account < 5; account++) await first.fail(first.somebody(), 20)
    const second = inOneProject()
    expect((await second.fail(second.somebody(), 20)).looked).toBe(20)
  })

  test('what is told to come again comes after the window', async () => {
    const { somebody, fail } = inOneProject()
    const eve = somebody()
    await fail(eve, 20)
    const turn = await createBudget(store, LIMITS).enter(eve)
    if (turn.granted) throw new Error('let in')
    expect(turn.retryAfterMs).toBeGreaterThan(0)
    expect(turn.retryAfterMs).toBeLessThanOrEqual(LIMITS.windowMs)
  })
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-budget-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('wrong tries, on the embedded store', () => {
  suite(() => openStore({ url: `embedded:${folder}`, log: silentLog }))
})

describeWithRedis('wrong tries, on Redis', () => {
  let redis: RedisServer
  suite(async () => {
    redis = await startRedis()
    return openStore({ url: redis.url, log: silentLog })
  })
  afterAll(() => redis.stop())
})

// CONTRACT 6: 5 to 50 of an account are looked at, whatever others do.
test('the limits keep what is promised', () => {
  const { perAccount, whileAttacked, perProject } = BUDGET_LIMITS
  expect(whileAttacked).toBeGreaterThanOrEqual(5)
  expect(perAccount).toBeLessThanOrEqual(50)
  expect(perProject.byCode).toBeLessThan(perProject.named)
})
