import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { silentLog } from '../../shared/log.ts'
import type { User } from '../../shared/model/records.ts'
import type { SignedIn } from '../../shared/registry/sessions.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { type Parts, partsOn } from '../support/parts.ts'

const WHO = { email: 'ada@example.com', password: 'customer-password' }
const HOUR_MS = 3_600_000

const folder = mkdtempSync(join(tmpdir(), 'latchkey-tokens-'))
let store: Store
let parts: Parts
let ada: User

beforeAll(async () => {
  store = await openStore({ url: `embedded:${folder}`, log: silentLog })
  parts = await partsOn(store)
  const made = await parts.registry.users.create({
    ...WHO,
    project: parts.project,
    role: 'customer',
  })
  if (made === 'name-taken') throw new Error('taken')
  ada = made
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const signedIn = async () => {
  const { sessions } = parts.registry
  const opened = await sessions.signIn(WHO.email, WHO.password, '127.0.0.1', HOUR_MS)
  if ('failed' in opened) throw new Error(opened.failed)
  return opened
}

// research/security.md S91: the second in a token decides nothing.
test('fifty sign-ins and sign-outs in one and the same millisecond: old tokens are dead, new ones live', async () => {
  const { sessions } = parts.registry
  const dead: string[] = []
  for (let round = 0; round < 50; round++) {
    const opened: SignedIn = await signedIn()
    const { token } = await sessions.issue(opened, 'access', HOUR_MS)
    expect((await sessions.check(token))?.user.generation).toBe(round)
    await sessions.endAll(opened.user)
    dead.push(token)
  }
  const { token } = await sessions.issue(await signedIn(), 'access', HOUR_MS)
  expect(await sessions.check(token)).toBeDefined()
  for (const old of dead) expect(await sessions.check(old)).toBeUndefined()
})

// research/security.md S88.
test('a token lives until its last millisecond and not one longer, also where it is remembered', async () => {
  const { sessions } = parts.registry
  parts.clock.now = Math.ceil(parts.clock.now / 1000) * 1000
  const { token, issuedAt, expiresAt } = await sessions.issue(await signedIn(), 'access', HOUR_MS)
  expect([issuedAt, expiresAt]).toEqual([parts.clock.now, parts.clock.now + HOUR_MS])
  for (const [ms, lives] of [
    [expiresAt - 1000, true],
    [expiresAt - 1, true],
    [expiresAt, false],
    [expiresAt + 1, false],
    [expiresAt + 60_000, false],
  ] as const) {
    parts.clock.now = ms
    expect([ms - expiresAt, (await sessions.check(token)) !== undefined]).toEqual([
      ms - expiresAt,
      lives,
    ])
  }
})

test('a token of a node whose clock is half a minute ahead is good, of one further ahead not yet', async () => {
  const { sessions } = parts.registry
  const here = parts.clock.now
  const opened = await signedIn()
  for (const [aheadMs, lives] of [
    [29_000, true],
    [90_000, false],
  ] as const) {
    parts.clock.now = here + aheadMs
    const { token } = await sessions.issue(opened, 'access', HOUR_MS)
    parts.clock.now = here
    expect((await sessions.check(token)) !== undefined).toBe(lives)
  }
})

// research/security.md S93.
test('a new password ends every token', async () => {
  const { sessions, users } = parts.registry
  const { token } = await sessions.issue(await signedIn(), 'access', HOUR_MS)
  await users.setPassword({ project: ada.project, user: ada.id }, WHO.password)
  expect(await sessions.check(token)).toBeUndefined()
})
