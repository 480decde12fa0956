import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { type Api, api, customer, signIn } from '../support/api.ts'
import { folder } from '../support/process.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer } from '../support/server.ts'
import { register, thethingsToken } from '../support/thethings.ts'
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

/** A token by each dialect's own sign-in, and the dialects that it opens. */
const SIGN_INS: readonly ((url: string, who: Who) => Promise<string>)[] = [
  async (url, who) => (await signIn(url, who)).token as string,
  thingfulToken,
  thethingsToken,
  async (url, { email, password }) =>
    (await api(url).post('/api/auth/login', { username: email, password })).body.token,
]

type Node = { readonly httpUrl: string }
type Who = { readonly email: string; readonly password: string }

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
  const thingsOf = ({ email }: { email: string }) =>
    thethingsToken(httpUrl, { email, password: PASSWORD })
  const dead = [ada.token as string, await tokenOf(ada), bob.token as string]
  dead.push(await thingsOf(ada), await thingsOf(bob))
  for (const token of [dead[1], dead[2]]) await thingfulLogout(httpUrl, token as string)
  const alive = [await tokenOf(bob), await thingsOf(bob), eve.token as string, await thingsOf(eve)]
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
    const twoNodes = async () => {
      const redis = await redisOfOurs()
      const start = place({ LATCHKEY_STORE: redis.url })
      return { redis, start, one: await start(), other: await start() }
    }

    /** What a token opens at a node, in the words of each dialect: all four, or none. */
    const opened = async ({ httpUrl }: Node, token: string): Promise<number> => {
      const bare = api(httpUrl, { headers: { authorization: token } })
      const theirs = api(httpUrl, { headers: { 'x-authorization': `Bearer ${token}` } })
      const replies = [
        await api(httpUrl, { token }).get(`${V1}/devices`),
        await theirs.get('/api/auth/user'),
        await bare.get('/v2/me/things'),
        await bare.get('/v2/'),
      ]
      for (const { status } of replies) expect([200, 401]).toContain(status)
      return replies.filter(({ status }) => status === 200).length
    }

    // Counted, not timed: every sign-out is followed by a look at every token at every node.
    test('a sign-out by either dialect ends the tokens of all, at once, for ever, after restarts too', async () => {
      const { redis, start, one, other } = await twoNodes()
      const eve = await register(one.httpUrl)
      const SIGN_OUTS = [
        async (url: string, token: string) => (await thingfulLogout(url, token)).status,
        async (url: string, token: string) =>
          (await api(url, { token }).delete(`${V1}/sessions`)).status,
      ]
      const dead: string[] = []
      const alive: string[] = [eve.session]
      const stand = async (nodes: readonly Node[]) => {
        for (const node of nodes) {
          for (const token of dead) expect(await opened(node, token)).toBe(0)
          for (const token of alive) expect(await opened(node, token)).toBe(4)
        }
      }
      for (const [round, signOut] of SIGN_OUTS.entries()) {
        const [here, there] = round === 0 ? [one, other] : [other, one]
        const { email } = await customer(here.httpUrl)
        const who = { email, password: PASSWORD }
        // With a token of each dialect in turn: they are alike.
        for (const [place] of SIGN_INS.entries()) {
          const tokens = await Promise.all(
            SIGN_INS.flatMap((signInBy) =>
              [here, there].map(({ httpUrl }) => signInBy(httpUrl, who)),
            ),
          )
          for (const token of tokens)
            for (const node of [one, other]) expect(await opened(node, token)).toBe(4)
          expect(await signOut(there.httpUrl, tokens[2 * place] as string)).toBe(204)
          dead.push(...tokens)
          for (const token of tokens)
            for (const node of [one, other]) expect(await opened(node, token)).toBe(0)
        }
        alive.push(await thethingsToken(here.httpUrl, who))
      }
      await stand([one, other])
      await one.close()
      await redis.kill()
      await redis.restart()
      await stand([await start()])
    })

    test('a sign-out on one ends ten tokens on both at once', async () => {
      const { one, other } = await twoNodes()
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
