import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { examine } from '../../shared/doctor/index.ts'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { markedRun } from '../support/marked-run.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const DOCS = join(import.meta.dirname, '../../docs')
/** The very lines that operators are told to use. */
const [SERVING = '', LOOKING = ''] = readFileSync(join(DOCS, 'operations.md'), 'utf8').match(
  /^ACL SETUSER latchkey .*$/gm,
) as string[]
const STORAGE = readFileSync(join(DOCS, 'storage.md'), 'utf8')

/** Operations of the long mix, besides some hundreds in all dialects. */
const OPERATIONS = Number(process.env.MIXED_OPERATIONS ?? 1500)

/** What lives as long as what it belongs to, by docs/storage.md. Everything else has an end in the store. */
const LASTING = new Set([
  ...['project', 'projects', 'project-name', 'project-number', 'project-key', 'project-keys'],
  ...['email', 'credential', 'certificate', 'schema', 'webhook', 'webhooks', 'webhook-progress'],
  ...['user', 'users', 'user-number', 'user-email', 'user-phone', 'user-homes'],
  ...['home', 'homes', 'home-number', 'home-title', 'home-members', 'home-devices', 'member'],
  ...['kv', 'kvs', 'kv-state', 'oauth-client', 'oauth-clients', 'device', 'devices'],
  ...['device-name', 'device-number', 'device-names', 'device-names-done', 'thing', 'particle'],
  ...['attributes', 'printed', 'presence', 'socket-presence', 'history', 'audit-chain'],
  ...['audit-head', 'commands', 'activation-code', 'open-code', 'open-codes', 'connected'],
  ...['letters'],
])

describeWithRedis('a user of Redis with the least rights', () => {
  let redis: RedisServer
  let admin: Redis
  let server: TestServer
  let url: string

  beforeAll(async () => {
    redis = await startRedis()
    admin = new Redis(redis.url)
    await admin.call('ACL', ...SERVING.replace('PASSWORD', 'secret').split(' ').slice(1))
    url = redis.url.replace('redis://', 'redis://latchkey:secret@')
    server = await startServer({ LATCHKEY_STORE: url })
  })
  afterAll(async () => {
    await server.close()
    admin.disconnect()
    await redis.stop()
  })

  const denied = async () =>
    ((await admin.call('ACL', 'LOG')) as (readonly unknown[])[]).map((entry) =>
      entry.slice(0, 8).join(' '),
    )

  /** Cheap things that leave something behind for a while. */
  const busy = async (who: Api, maker: Api, until: () => boolean): Promise<number> => {
    let count = 0
    const device = await makeDevice(maker)
    const live = await connectDevice(server.mqttUrl, device.token)
    while (!until()) {
      await who.post(`${V1}/tickets`)
      await who.post(`${V1}/claims`, { linkId: `link ${count}` })
      await who.post(`${V1}/claim-codes`, {})
      await who.post(`${V1}/claims`, { device: 'nothing', secret: 'wrong' })
      await maker.post(`${V1}/devices/${device.id}/commands`, { action: 'x', ttlMs: 1000 })
      await who.post(`${V1}/homes`, { name: 'x' }, { 'idempotency-key': `key ${count}` })
      await live.publish('latchkey/v1/link', { linkId: `thing ${count}` })
      await live.publish('latchkey/v1/events', { eventType: 'e', eventData: {} })
      count += 8
    }
    await live.end()
    return count
  }

  // research/security.md S122, S124.
  test('is enough for everything, and of what a long mix leaves behind only what is to last has no end', async () => {
    const maker = await signIn(server.httpUrl)
    let operations = 0
    const marked = Promise.all([markedRun(server), markedRun(server)])
    const workers = Array.from({ length: 4 }, async () => {
      let own = 0
      const who = await customer(server.httpUrl)
      own = await busy(who, maker, () => {
        operations += 8
        return operations >= OPERATIONS
      })
      return own
    })
    await Promise.all([marked, ...workers])
    expect(await denied()).toEqual([])
    const endless = new Map<string, string>()
    let seen = 0
    let cursor = '0'
    do {
      const [next, names] = await admin.scan(cursor, 'MATCH', 'latchkey:*', 'COUNT', 1000)
      cursor = next
      seen += names.length
      for (const name of names) {
        if ((await admin.pttl(name)) !== -1) continue
        const [, kind = name] =
          /^latchkey:[eil]:\{~([a-z-]+):[^}]*\}/.exec(name) ??
          /^latchkey:[eil]:\{[^}]*\}([a-z-]+)/.exec(name) ??
          []
        endless.set(kind, name)
      }
    } while (cursor !== '0')
    expect(seen).toBeGreaterThan(OPERATIONS / 4)
    expect([...endless].filter(([kind]) => !LASTING.has(kind))).toEqual([])
    // A counter always has an end.
    expect([...endless.values()].filter((name) => name.startsWith('latchkey:c:'))).toEqual([])
  }, 120_000)

  test('is told in the documents with everything that lasts', () => {
    for (const kind of LASTING) expect([kind, STORAGE.includes(kind)]).toEqual([kind, true])
  })

  test('can do nothing else', async () => {
    const plain = new Redis(url)
    await admin.set('other:key', 'x')
    for (const command of [
      ['CONFIG', 'GET', '*'],
      ['CONFIG', 'SET', 'appendonly', 'no'],
      ['KEYS', '*'],
      ['SCAN', '0'],
      ['FLUSHALL'],
      ['FLUSHDB'],
      ['MODULE', 'LIST'],
      ['SCRIPT', 'FLUSH'],
      ['FUNCTION', 'LIST'],
      ['ACL', 'LIST'],
      ['CLIENT', 'LIST'],
      ['CLIENT', 'KILL', 'TYPE', 'pubsub'],
      ['SHUTDOWN', 'NOSAVE'],
      ['REPLICAOF', 'NO', 'ONE'],
      ['SAVE'],
      ['MONITOR'],
      ['GET', 'other:key'],
      ['SET', 'other:key', 'y'],
      ['EVAL', "return redis.call('GET', KEYS[1])", '1', 'other:key'],
      ['PUBLISH', 'other', 'x'],
      ['SUBSCRIBE', 'other'],
    ])
      expect([
        command,
        await plain.call(...(command as [string])).catch((error: Error) => error.message),
      ]).toEqual([command, expect.stringMatching(/NOPERM|[Nn]o permission|can't access/)])
    expect(await admin.get('other:key')).toBe('x')
    plain.disconnect()
  })

  test('needs a little more for the doctor', async () => {
    const env = { LATCHKEY_STORE: url, LATCHKEY_KEY_FILE: join(server.folder, 'instance.key') }
    const states = async () => {
      const found: string[] = []
      const options = { env, folder: server.folder, all: false, progress: () => undefined }
      for await (const { state, says } of examine(options)) if (state !== 'good') found.push(says)
      return found
    }
    expect(await states()).toEqual([expect.stringContaining('NOPERM')])
    await admin.call('ACL', ...LOOKING.split(' ').slice(1))
    expect(await states()).toEqual([])
    expect((await api(server.httpUrl).get('/readyz')).status).toBe(200)
  })
})
