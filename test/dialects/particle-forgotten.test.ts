import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { buildGateway } from '../../gateway/app.ts'
import { native } from '../../gateway/dialects/native/index.ts'
import { particle } from '../../gateway/dialects/particle/index.ts'
import { silentLog } from '../../shared/log.ts'
import { noMetrics } from '../../shared/metrics.ts'
import { openStore } from '../../shared/store/open.ts'
import { api } from '../support/api.ts'
import { newCustomer, newEmail, newProduct, newUser } from '../support/particle.ts'
import { partsOn } from '../support/parts.ts'
import { type WatchedStore, watchStore } from '../support/watched-store.ts'

let store: WatchedStore
let httpUrl: string
let close: () => Promise<void>

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-forgotten-'))
  const url = `embedded:${folder}`
  store = watchStore(await openStore({ url, log: silentLog, allowUnsafe: false }))
  const gateway = await buildGateway({
    ...(await partsOn(store)),
    ...{ store, now: Date.now, log: silentLog, metrics: noMetrics, publicUrl: () => '' },
    dialects: [native, particle],
  })
  await gateway.listen({ host: '127.0.0.1', port: 0 })
  httpUrl = `http://127.0.0.1:${(gateway.server.address() as AddressInfo).port}`
  close = async () => {
    await gateway.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
afterAll(() => close())

/** What a call asks of the store: that is what takes time. */
const workOf = async (path: string, body: unknown) => {
  const [reads, commits] = [store.calls('read'), store.calls('commit')]
  const reply = await api(httpUrl).post(path, body)
  return {
    ...{ status: reply.status, text: reply.text },
    ...{ reads: store.calls('read') - reads, commits: store.calls('commit') - commits },
  }
}

// research/particle.md 5.14: no account enumeration; the time that an answer takes tells as much as its words.
test('a forgotten password is as much work for somebody as for nobody', async () => {
  const user = await newUser(httpUrl)
  const product = await newProduct(httpUrl)
  const customer = await newCustomer(httpUrl, product)
  const ofUser = (username: string) => workOf('/v1/user/password-reset', { username })
  const known = await ofUser(user.email)
  expect(known).toMatchObject({ status: 200, commits: 1 })
  expect(await ofUser(newEmail())).toEqual(known)
  const ofCustomer = (email: string) =>
    workOf(`/v1/products/${product.slug}/customers/reset_password`, { email })
  const hers = await ofCustomer(customer.email)
  expect(hers).toMatchObject({ status: 200, commits: 1 })
  expect(await ofCustomer(newEmail())).toEqual(hers)
})
