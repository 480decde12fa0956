import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { buildGateway } from '../../gateway/app.ts'
import { native } from '../../gateway/dialects/native/index.ts'
import { silentLog } from '../../shared/log.ts'
import { noMetrics } from '../../shared/metrics.ts'
import { openStore } from '../../shared/store/open.ts'
import { joined } from '../../shared/store/transact.ts'
import { type Api, api } from '../support/api.ts'
import { type Parts, partsOn } from '../support/parts.ts'
import { newUser } from '../support/people.ts'
import { type WatchedStore, watchStore } from '../support/watched-store.ts'

const V1 = '/latchkey/v1'

let store: WatchedStore
let parts: Parts
let nobody: Api
let close: () => Promise<void>

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-letters-'))
  store = watchStore(await openStore({ url: `embedded:${folder}`, log: silentLog }))
  parts = await partsOn(store)
  const gateway = await buildGateway({
    ...parts,
    ...{ store, log: silentLog, metrics: noMetrics, publicUrl: () => '', dialects: [native] },
  })
  await gateway.listen({ host: '127.0.0.1', port: 0 })
  nobody = api(`http://127.0.0.1:${(gateway.server.address() as AddressInfo).port}`)
  close = async () => {
    await gateway.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
afterAll(() => close())

test('a letter that is too old says so, and changes nothing', async () => {
  const { registry, project, clock } = parts
  const password = 'the first password'
  const user = await newUser(parts, { password })
  const issued = registry.oneTimeTokens.issue({
    ...{ project, purpose: 'reset-password', subject: user.id },
  })
  await store.commit(joined(issued.change))
  const token = registry.oneTimeTokens.spell(project, issued.seed)
  const before = clock.now
  clock.now = issued.expiresAt
  const late = await nobody.post(`${V1}/passwords`, { token, password: 'the second password' })
  const seen = await nobody.post(`${V1}/letter-tokens`, { kind: 'reset-password', token })
  clock.now = before
  for (const { status, body } of [late, seen])
    expect([status, body]).toMatchObject([400, { reason: 'token-expired' }])
  const known = await registry.users.get({ project, user: user.id })
  expect(known?.password).toBe(user.password)
})

test('asking for a letter is the same work for the store, whoever is asked for', async () => {
  const { email = '' } = await newUser(parts, { password: 'a password of mine' })
  const work = async (to: string) => {
    const before = [store.calls('read'), store.calls('commit'), store.calls('list')]
    const { records } = store.taken()
    expect((await nobody.post(`${V1}/password-resets`, { email: to })).status).toBe(202)
    const after = [store.calls('read'), store.calls('commit'), store.calls('list')]
    return [...after.map((count, n) => count - (before[n] ?? 0)), store.taken().records - records]
  }
  const known = await work(email)
  expect(known[1]).toBe(1)
  expect(await work(`${randomUUID()}@example.com`)).toEqual(known)
  // One who gets no letter, because he has no password, does not stand out either.
  const { email: bare = '' } = await newUser(parts)
  expect(await work(bare)).toEqual(known)
})
