import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { api } from '../support/api.ts'
import { eventually } from '../support/mail.ts'
import { modeHome, modeSignIn, send } from '../support/mode.ts'
import { ownedDevice, projectWith } from '../support/mode-devices.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
/** docs/storage.md: events of a device in one epoch. */
const LONGEST_MS = 30 * 86_400_000

// research/security.md S135, ETSI EN 303 645 5.11: what is left of a person who has left.
describeWithRedis('a user who deletes himself', () => {
  let redis: RedisServer
  let server: TestServer
  let raw: Redis
  beforeAll(async () => {
    redis = await startRedis()
    server = await startServer({ LATCHKEY_STORE: redis.url })
    raw = new Redis(redis.url)
  })
  afterAll(async () => {
    raw.disconnect()
    await server.close()
    await redis.stop()
  })

  /** Where some text stands, and for how long still (ms; -1: for ever). */
  const placesOf = async (text: string): Promise<readonly (readonly [string, number])[]> => {
    const found: [string, number][] = []
    let cursor = '0'
    do {
      const [next, names] = await raw.scan(cursor, 'COUNT', 1000)
      cursor = next
      for (const name of names) {
        const dump = await raw.dumpBuffer(name)
        if (name.includes(text) || dump?.includes(text)) found.push([name, await raw.pttl(name)])
      }
    } while (cursor !== '0')
    return found
  }

  test('leaves nothing of his in the store but what ends by itself within 30 days, and no name in the audit', async () => {
    // As it is, not packed, so that it can be looked for.
    await raw.config('SET', 'rdbcompression', 'no')
    const project = await projectWith(server)
    const word = `personal${randomUUID().slice(0, 8)}`
    const email = `${word}-email@example.com`
    const password = 'a-user-password'
    await project.maker.post(`${V1}/users`, { email, password, project: project.id })
    const user = await modeSignIn(server.httpUrl, project.number, email)
    const act = (method: string, path: string, body: object) =>
      send(server.httpUrl, method, path, { key: user.key, body })
    await act('PATCH', `/users/${user.id}`, { name: `${word}-name` })
    const { id: home } = await modeHome(
      server,
      { ...user, email, native: api(server.httpUrl, { token: user.key }) },
      `${word}-home`,
    )
    const device = await ownedDevice(server, project, { key: user.key, home })
    await act('PATCH', `/devices/${device.id}`, { name: `${word}-device` })
    await act('PUT', `/homes/${home}/kv/${word}-key`, { value: `${word}-value` })
    await act('PUT', `/devices/${device.id}/kv/color`, { value: `${word}-color` })
    expect((await placesOf(word)).length).toBeGreaterThan(5)

    const gone = await send(server.httpUrl, 'DELETE', `/users/${user.id}`, { key: user.key })
    expect(gone.status).toBe(204)
    const ends = ([, ms]: readonly [string, number]) => ms >= 0 && ms <= LONGEST_MS
    await eventually(async () => (await placesOf(word)).every(ends))
    const kinds = (await placesOf(word)).map(([name]) => /\}([a-z-]+)/.exec(name)?.[1])
    for (const kind of kinds)
      expect(['events', 'device-events', 'letter', 'one-time']).toContain(kind)
    const { text } = await project.maker.get(`${V1}/audit?project=${project.id}`)
    expect(text).toContain('user.removed')
    expect(text).not.toContain(word)
    const again = await project.maker.post(`${V1}/users`, { email, password, project: project.id })
    expect(again.status).toBe(201)
  }, 60_000)
})
