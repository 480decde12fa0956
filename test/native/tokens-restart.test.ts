import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { type Api, api, customer, signIn } from '../support/api.ts'
import { folder } from '../support/process.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer } from '../support/server.ts'
import { thingfulLogout, thingfulToken } from '../support/thingful.ts'

const V1 = '/latchkey/v1'
const PASSWORD = 'customer-password'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** Starts servers that share one folder: one store, one key file. */
const place = (settings: Readonly<Record<string, string>> = {}) => {
  const { path, drop } = folder()
  endings.push(drop)
  const keyFile = join(path, 'instance.key')
  writeFileSync(keyFile, `${randomBytes(32).toString('base64url')}\n`)
  return async () => {
    const server = await startServer({
      LATCHKEY_STORE: `embedded:${join(path, 'store')}`,
      LATCHKEY_KEY_FILE: keyFile,
      ...settings,
    })
    let isOpen = true
    const close = async () => {
      if (isOpen) await server.close()
      isOpen = false
    }
    endings.push(close)
    return { httpUrl: server.httpUrl, close }
  }
}

const opens = async (httpUrl: string, token: string) =>
  (await api(httpUrl, { token }).get(`${V1}/devices`)).status === 200

/** One user who is signed out, one who has signed in again since, and one who never left. */
const people = async (httpUrl: string) => {
  const [ada, bob, eve] = [
    await customer(httpUrl),
    await customer(httpUrl),
    await customer(httpUrl),
  ]
  const tokenOf = ({ email }: { email: string }) =>
    thingfulToken(httpUrl, { email, password: PASSWORD })
  const dead = [ada.token as string, await tokenOf(ada), bob.token as string]
  for (const token of [dead[1], dead[2]]) await thingfulLogout(httpUrl, token as string)
  const alive = [await tokenOf(bob), eve.token as string]
  return async (url: string) => {
    for (const token of dead) expect(await opens(url, token)).toBe(false)
    for (const token of alive) expect(await opens(url, token)).toBe(true)
  }
}

test('after a restart signed-out tokens stay dead, and the others live', async () => {
  const start = place()
  const before = await start()
  const stands = await people(before.httpUrl)
  await stands(before.httpUrl)
  await before.close()
  await stands((await start()).httpUrl)
})

describeWithRedis('on Redis', () => {
  const redisOfOurs = async (): Promise<RedisServer> => {
    const redis = await startRedis()
    endings.push(() => redis.stop())
    return redis
  }

  test('after Redis was killed signed-out tokens stay dead, and the others live', async () => {
    const redis = await redisOfOurs()
    const start = place({ LATCHKEY_STORE: redis.url })
    const stands = await people((await start()).httpUrl)
    await redis.kill()
    await redis.restart()
    await stands((await start()).httpUrl)
  })

  // research/security.md S92: sessions are what is listed, not what is not.
  test('after Redis has lost everything no token lives', async () => {
    const redis = await redisOfOurs()
    const { httpUrl } = await place({ LATCHKEY_STORE: redis.url })()
    const maker = await signIn(httpUrl)
    const admin = new Redis(redis.url)
    await admin.flushall()
    await admin.quit()
    expect(await opens(httpUrl, maker.token as string)).toBe(false)
    expect((await thingfulLogout(httpUrl, maker.token as string)).status).toBe(401)
  })

  // research/security.md S90.
  describe('with two nodes', () => {
    test('a sign-out on one ends ten tokens on both at once', async () => {
      const redis = await redisOfOurs()
      const start = place({ LATCHKEY_STORE: redis.url })
      const [one, other] = [await start(), await start()]
      const ada = await customer(one.httpUrl)
      const who = { email: ada.email, password: PASSWORD }
      const urls = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? one : other).httpUrl)
      const signedIn: Api[] = await Promise.all(urls.map((url) => signIn(url, who)))
      const tokens = signedIn.map(({ token }) => token as string)
      for (const token of tokens)
        for (const { httpUrl } of [one, other]) expect(await opens(httpUrl, token)).toBe(true)
      expect((await thingfulLogout(other.httpUrl, tokens[0] as string)).status).toBe(204)
      for (const token of tokens)
        for (const { httpUrl } of [one, other]) expect(await opens(httpUrl, token)).toBe(false)
    })
  })
})
