import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { examine } from '../../shared/doctor/index.ts'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice, type TestDevice } from '../support/device.ts'
import { eventually } from '../support/mail.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openStream, type Stream } from '../support/sse.ts'

const V1 = '/latchkey/v1'
const COMMANDS = 'latchkey/v1/commands'
const STAMP = `${'x'.repeat(16)}.1\n`
/** What lies in an entry instead of its record: cut off, of another kind, empty, without what belongs to it. */
const JUNK = ['', 'x', `${STAMP}{`, `${STAMP}null`, `${STAMP}[]`, `${STAMP}"text"`, `${STAMP}{}`]

/** research/security.md S127: another program writes into what is ours. */
describeWithRedis('junk in the store', () => {
  let redis: RedisServer
  let server: TestServer
  let settings: Readonly<Record<string, string>>
  let raw: Redis
  let maker: Api
  let project: string

  beforeAll(async () => {
    redis = await startRedis()
    settings = { LATCHKEY_STORE: redis.url }
    server = await startServer(settings)
    raw = new Redis(redis.url)
    maker = await signIn(server.httpUrl)
    project = (await maker.get(`${V1}/projects`)).body.items[0].id
  })
  afterAll(async () => {
    raw.disconnect()
    await server.close()
    await redis.stop()
  })

  type Life = { readonly device: Awaited<ReturnType<typeof makeDevice>>; readonly owner: Api }

  /** A device that has something under every key that devices have. */
  const lived = async (): Promise<Life & { home: string; id: string }> => {
    const owner = await customer(server.httpUrl)
    const device = await makeDevice(maker, { claimCode: 'right' })
    await owner.post(`${V1}/claims`, { device: device.name, secret: 'wrong' })
    await owner.post(`${V1}/claims`, { device: device.name, secret: 'right' })
    const at = `${V1}/devices/${device.id}`
    await owner.post(`${at}/commands`, { action: 'blink' })
    const live = await connectDevice(server.mqttUrl, device.token)
    await live.publish('latchkey/v1/events', { eventType: 'e', eventData: {} })
    await live.publish('latchkey/v1/code', { code: 'nonsense' })
    await live.end()
    return { device, owner, home: owner.home, id: owner.id }
  }

  /** Everything that one may do with a device and its owner. None of it is ever our own mistake. */
  const useAll = async ({ device, owner }: Life): Promise<readonly number[]> => {
    const at = `${V1}/devices/${device.id}`
    const replies = await Promise.all([
      owner.get(at),
      owner.get(`${V1}/devices`),
      owner.get(`${at}/history`),
      owner.get(`${at}/events`),
      owner.get(`${V1}/homes`),
      owner.get('/v1/devices'),
      owner.get('/v2/me/resources'),
      owner.post(`${at}/commands`, { action: 'blink' }),
      owner.post(`${V1}/claims`, { device: device.name, secret: 'right' }),
      maker.get(`${V1}/fleet/${device.id}`),
      maker.get(`${at}/attempts`),
      maker.patch(at, { name: device.name }),
      api(server.httpUrl, { headers: { authorization: device.token } }).get(
        `/v2/things/${device.token}/resources/x`,
      ),
    ])
    await connectDevice(server.mqttUrl, device.token).then(
      async (live) => {
        // A connection that nothing can be told of ends: then nothing is acknowledged.
        const event = { eventType: 'e', eventData: {} }
        const use = live.client
          .subscribeAsync(COMMANDS, { qos: 1 })
          .then(() => live.publish('latchkey/v1/events', event))
        await Promise.race([use.catch(() => undefined), live.closed])
        await live.end()
      },
      () => undefined,
    )
    return replies.map(({ status }) => status)
  }

  type Bystander = Life & { readonly live: TestDevice; readonly stream: Stream; said: number }

  const bystander = async (): Promise<Bystander> => {
    const life = await lived()
    const live = await connectDevice(server.mqttUrl, life.device.token, [COMMANDS])
    await live.next(COMMANDS)
    const stream = await openStream(`${server.httpUrl}${V1}/events`, {
      authorization: `Bearer ${life.owner.token}`,
    })
    return { ...life, live, stream, said: 0 }
  }

  /** Somebody else is not concerned: his command arrives, his event is heard, makers see his device in their list. */
  const goesOn = async (one: Bystander): Promise<void> => {
    one.said += 1
    const word = `said ${one.said}`
    const given = await one.owner.post(`${V1}/devices/${one.device.id}/commands`, { action: word })
    expect(given.status).toBe(202)
    expect((await one.live.next(COMMANDS, 20_000)).action).toBe(word)
    await one.live.publish('latchkey/v1/events', { eventType: word, eventData: {} })
    while (JSON.parse((await one.stream.next(20_000)).data).data?.eventType !== word);
    const list = await maker.get(`${V1}/fleet?search=${one.device.name}`)
    expect(list.body.items.map(({ id }: { id: string }) => id)).toContain(one.device.id)
  }

  const keysOf = async (...parts: readonly string[]): Promise<string[]> => {
    const found = await Promise.all(parts.map((part) => raw.keys(`latchkey:*${part}*`)))
    return [...new Set(found.flat())].sort()
  }

  test('in any key of a device, of its owner or of his home harms that one alone', async () => {
    const victim = await lived()
    const other = await bystander()
    const token = String(victim.owner.token)
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const names = [victim.device.id, victim.home, victim.id, claims.sid, victim.device.name]
    const keys = await keysOf(...names)
    expect(keys.length).toBeGreaterThan(15)
    const before = new Map<string, Buffer>()
    for (const key of keys) {
      const dump = await raw.dumpBuffer(key)
      // What is used up by being used is none of them.
      if (dump === null) continue
      before.set(key, dump)
      const isText = (await raw.type(key)) === 'string'
      for (const junk of isText ? JUNK : []) {
        await raw.set(key, junk)
        const statuses = await useAll(victim)
        expect([key, junk, statuses.filter((status) => status === 500)]).toEqual([key, junk, []])
      }
      // Of another type altogether.
      await raw.del(key)
      if (isText) await raw.rpush(key, 'x')
      else await raw.set(key, 'x')
      const statuses = await useAll(victim)
      expect([key, statuses.filter((status) => status === 500)]).toEqual([key, []])
      await goesOn(other)
      await raw.restore(key, 0, dump, 'REPLACE')
    }
    expect(before.size).toBe(keys.length)
    // Put back as it was, all is well again.
    await eventually(
      async () => (await victim.owner.get(`${V1}/devices/${victim.device.id}`)).status === 200,
    )
    await other.live.end()
    other.stream.close()
  }, 120_000)

  test('between the lines of a log is passed over, by streams, devices and the audit', async () => {
    const other = await bystander()
    const lines = ['{', 'null', '[]', '"text"', '{}', '{"device":7,"id":[]}']
    for (const log of ['events', 'notices', 'audit'])
      for (const line of lines)
        for (const fields of [
          ['i', line],
          ['j', 'of no field of ours'],
        ])
          await raw.xadd(`latchkey:l:{${project}}${log}`, '*', ...fields)
    await goesOn(other)
    const { text, status } = await maker.get(`${V1}/audit`)
    expect(status).toBe(200)
    const types = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).type)
    expect(types.filter((type) => type === 'audit.unreadable').length).toBeGreaterThanOrEqual(
      lines.length,
    )
    const { device, owner } = other
    for (const log of ['history', 'attempts', 'refusals', 'device-events'])
      for (const key of await keysOf(`}${log}:${device.id}`))
        for (const line of lines) await raw.xadd(key, '*', 'i', line)
    for (const path of ['history', 'events'])
      expect((await owner.get(`${V1}/devices/${device.id}/${path}`)).status).toBe(200)
    expect((await maker.get(`${V1}/devices/${device.id}/attempts`)).status).toBe(200)
    await other.live.end()
    other.stream.close()
  }, 60_000)

  test('is found by the doctor, and the program starts with it', async () => {
    const { device } = await lived()
    const key = `latchkey:e:{${project}}device:${device.id}`
    const kept = String(await raw.get(key))
    await raw.set(key, `${STAMP}{"id":7}`)
    const findings: string[] = []
    const env = { ...settings, LATCHKEY_KEY_FILE: `${server.folder}/instance.key` }
    const options = { env, folder: server.folder, all: true, progress: () => undefined }
    for await (const { says, todo } of examine(options)) if (todo) findings.push(says)
    expect(findings.join('\n')).toMatch(/1 cannot be read; the first: a device has no id/)
    const again = await startServer({ ...env })
    const seen = await (await signIn(again.httpUrl)).get(`${V1}/devices`)
    expect(seen.status).toBe(200)
    expect(JSON.stringify(seen.body)).not.toContain(device.id)
    expect((await api(again.httpUrl).get('/readyz')).status).toBe(200)
    await again.close()
    await raw.set(key, kept)
  })

  // research/security.md S128: a wake-up only says where to look.
  test('on the channels of the wake-ups changes nothing, and ends nobody’s connection', async () => {
    const other = await bystander()
    const [, owned] = /^([^.]*)/.exec(other.device.id) ?? []
    const messages = [
      '',
      'x',
      '{',
      'null',
      '[]',
      other.device.id,
      project,
      JSON.stringify({ device: owned, node: 'forged', generation: 1e9 }),
      'y'.repeat(100_000),
    ]
    const channels = (await raw.pubsub('CHANNELS', 'latchkey:*')) as string[]
    expect(channels).toContain('latchkey:w:presence')
    for (const channel of channels)
      for (const message of messages) await raw.publish(channel, message)
    await goesOn(other)
    await goesOn(other)
    expect(other.live.client.connected).toBe(true)
    await other.live.end()
    other.stream.close()
  }, 60_000)
})
