import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { NATIVE_WINDOW } from '../../broker/dialects/native-window.ts'
import type { User } from '../../shared/model/records.ts'
import { type Api, api } from '../support/api.ts'
import { newDevice, newUser } from '../support/people.ts'
import { startWatchedGateway, type WatchedGateway } from '../support/watched-gateway.ts'

const V1 = '/latchkey/v1'
const SECRET = 'the secret of this device'

let watched: WatchedGateway
let ada: User
let app: Api

beforeAll(async () => {
  watched = await startWatchedGateway()
  const { registry } = watched.parts
  ada = await newUser(watched.parts)
  const signedIn = await registry.sessions.open(ada)
  const { token } = await registry.sessions.issue(signedIn, 'access', 60_000)
  app = api(watched.httpUrl, { token })
})
afterAll(() => watched.close())

/** How often the store was asked, for how many records, and how much it was given. */
const cost = async (work: () => Promise<unknown>) => {
  const { store } = watched
  const CALLS = ['read', 'commit', 'list', 'tail', 'last', 'count'] as const
  const now = () => ({
    calls: CALLS.reduce((sum, call) => sum + store.calls(call), 0),
    commits: store.calls('commit'),
    records: store.taken().records,
    given: store.given(),
  })
  const before = now()
  await work()
  const after = now()
  return {
    calls: after.calls - before.calls,
    commits: after.commits - before.commits,
    records: after.records - before.records,
    given: after.given - before.given,
  }
}

const opened = async () => {
  const { engine } = watched.parts
  const { device } = await newDevice(watched.parts, ada.project)
  const offer = () =>
    engine.offerWindow({
      ...{ project: ada.project, device: device.id, secret: SECRET, durationMs: 60_000 },
      ...{ rule: NATIVE_WINDOW, via: 'latchkey' },
    })
  return { device, offered: await cost(offer) }
}

test('a window is one look and one commit', async () => {
  const { offered } = await opened()
  expect(offered).toEqual({ calls: 2, commits: 1, records: 2, given: 2 })
})

// Who is it, which device is meant, may he still try, how do both stand, and the commit.
test('a claim is five round trips, the last of which is its one commit', async () => {
  const { device } = await opened()
  const claim = async () => {
    const reply = await app.post(`${V1}/claims`, { device: device.id, secret: SECRET })
    expect([reply.status, reply.body]).toMatchObject([201, { state: 'claimed' }])
  }
  expect(await cost(claim)).toEqual({ calls: 5, commits: 1, records: 9, given: 9 })
})

// For the account, its network and its project, at once.
test('a refused claim is counted three times beside', async () => {
  const { device } = await opened()
  const claim = async () => {
    const reply = await app.post(`${V1}/claims`, { device: device.id, secret: 'a wrong one' })
    expect(reply.status).toBe(403)
  }
  expect(await cost(claim)).toEqual({ calls: 8, commits: 1, records: 9, given: 3 })
})

test('a request that is malformed asks only who sends it', async () => {
  const claim = async () => expect((await app.post(`${V1}/claims`, {})).status).toBe(400)
  expect(await cost(claim)).toEqual({ calls: 1, commits: 0, records: 3, given: 0 })
})

test('what has no credential asks nothing', async () => {
  const nobody = api(watched.httpUrl)
  const claim = async () => expect((await nobody.post(`${V1}/claims`, {})).status).toBe(401)
  expect(await cost(claim)).toEqual({ calls: 0, commits: 0, records: 0, given: 0 })
})
