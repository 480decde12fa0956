import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { silentLog } from '../../shared/log.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { type Parts, partsOn } from '../support/parts.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'

const PASSWORD = 'customer-password'
const DAY_MS = 86_400_000
/** NIST SP 800-63B 5.2.2. */
const MOST = 100

/** A network that nobody else has. */
let networks = 0
const newNetwork = () => {
  networks += 1
  return `198.51.${networks >> 8}.${networks & 255}`
}

/** research/security.md S96. `open`: stores of as many nodes as there are, on one database. */
const guessingSuite = (open: () => Promise<Store[]>) => {
  let stores: Store[]
  let nodes: Parts[]

  beforeAll(async () => {
    stores = await open()
    nodes = []
    for (const store of stores) nodes.push(await partsOn(store))
  })
  afterAll(async () => {
    for (const store of stores) await store.close()
  })

  const account = async () => {
    const { registry, project } = nodes[0] as Parts
    const email = `${randomUUID()}@example.com`
    const user = await registry.users.create({
      ...{ project, email, password: PASSWORD, role: 'customer' },
    })
    if (user === 'name-taken') throw new Error('taken')
    return email
  }

  /** What becomes of a sign-in, at one node after the other. */
  let turn = 0
  const signIn = async (email: string, address: string, password = PASSWORD) => {
    turn += 1
    const { sessions } = (nodes[turn % nodes.length] as Parts).registry
    const made = await sessions.signIn(email, password, address)
    return 'failed' in made ? made.failed : 'in'
  }

  const guess = (email: string, count: number, address: () => string) =>
    Promise.all(Array.from({ length: count }, () => signIn(email, address(), 'wrong')))

  const counted = (answers: readonly string[], wanted: string) =>
    answers.filter((answer) => answer === wanted).length

  test('300 guesses from as many networks: no more than a hundred are looked at', async () => {
    const email = await account()
    const answers = await guess(email, 300, newNetwork)
    expect(counted(answers, 'in')).toBe(0)
    // Nodes do not wait for each other: what was under way on both is looked at.
    expect(counted(answers, 'wrong')).toBeGreaterThanOrEqual(MOST)
    expect(counted(answers, 'wrong')).toBeLessThanOrEqual(MOST * nodes.length)
    expect(await guess(email, 10, newNetwork)).toEqual(Array(10).fill('throttled'))
    expect(await signIn(email, newNetwork())).toBe('throttled')
  })

  test('strangers lock nobody out of the networks that he signs in from', async () => {
    const email = await account()
    const [home, work] = [newNetwork(), newNetwork()]
    expect([await signIn(email, home), await signIn(email, work)]).toEqual(['in', 'in'])
    await guess(email, MOST, newNetwork)
    await guess(email, MOST, newNetwork)
    expect(await signIn(email, newNetwork())).toBe('throttled')
    expect([await signIn(email, home), await signIn(email, work)]).toEqual(['in', 'in'])
  })

  test('a network that is known has a bound of its own, and does not use up that of strangers', async () => {
    const email = await account()
    const home = newNetwork()
    expect(await signIn(email, home)).toBe('in')
    await guess(email, MOST, () => home)
    expect(await signIn(email, home)).toBe('throttled')
    expect(await signIn(email, newNetwork())).toBe('in')
  })

  test('a wrong password makes no network known', async () => {
    const email = await account()
    const strange = newNetwork()
    await guess(email, MOST, () => strange)
    expect([await signIn(email, strange), await signIn(email, newNetwork())]).toEqual([
      'throttled',
      'throttled',
    ])
  })

  test('the ten networks last signed in from are known', async () => {
    const email = await account()
    const known = Array.from({ length: 11 }, newNetwork)
    for (const network of known) expect(await signIn(email, network)).toBe('in')
    await guess(email, MOST, newNetwork)
    const answers = []
    for (const network of known) answers.push(await signIn(email, network))
    expect(answers).toEqual(['throttled', ...Array(10).fill('in')])
  })

  test('a network is known for 90 days after the last sign-in', async () => {
    const email = await account()
    const [home, work] = [newNetwork(), newNetwork()]
    const began = (nodes[0] as Parts).clock.now
    const at = (ms: number) => {
      for (const { clock } of nodes) clock.now = began + ms
    }
    await signIn(email, work)
    await signIn(email, home)
    at(30 * DAY_MS)
    expect(await signIn(email, home)).toBe('in')
    await guess(email, MOST, newNetwork)
    at(90 * DAY_MS)
    expect([await signIn(email, work), await signIn(email, home)]).toEqual(['throttled', 'in'])
    at(0)
  })

  test('an address without an account is treated alike', async () => {
    const email = `${randomUUID()}@example.com`
    await guess(email, MOST, newNetwork)
    expect(await signIn(email, newNetwork())).toBe('throttled')
  })

  test('nobody else is slowed, from the same network neither', async () => {
    const [email, other] = [await account(), await account()]
    const network = newNetwork()
    await guess(email, MOST, () => network)
    expect([await signIn(email, network), await signIn(other, network)]).toEqual([
      'throttled',
      'in',
    ])
  })
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-guessing-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('guessing passwords, on the embedded store', () => {
  guessingSuite(async () => [await openStore({ url: `embedded:${folder}`, log: silentLog })])
})

describeWithRedis('guessing passwords, on two nodes and one Redis', () => {
  let redis: RedisServer
  guessingSuite(async () => {
    redis = await startRedis()
    const open = () => openStore({ url: redis.url, log: silentLog })
    return [await open(), await open()]
  })
  afterAll(() => redis.stop())
})
