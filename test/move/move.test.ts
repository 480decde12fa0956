import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { exportCommand } from '../../cli/export.ts'
import { importCommand } from '../../cli/import.ts'
import type { AuditLine } from '../../shared/audit/records.ts'
import { exportAll, importAll } from '../../shared/operator/index.ts'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { runCli, workFolder } from '../support/cli.ts'
import { connectDevice } from '../support/device.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const RESULT = 'latchkey/v1/claim/result'
const OWNER = 'latchkey/v1/owner'

let room: ReturnType<typeof workFolder>
let servers: TestServer[] = []
beforeAll(() => {
  room = workFolder()
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})
afterAll(() => room.drop())

/** Settings of a server whose store and key are in our own folder. */
const settingsOf = (name: string, store = `embedded:${room.at(name)}`) => ({
  LATCHKEY_STORE: store,
  LATCHKEY_KEY_FILE: room.at(`${name}.key`),
})
type Settings = ReturnType<typeof settingsOf>

const serve = async (settings: Settings): Promise<TestServer> => {
  const server = await startServer(settings)
  servers.push(server)
  return server
}
const dies = async (server: TestServer) => {
  servers = servers.filter((one) => one !== server)
  await server.close()
}

const surroundings = (settings: Settings) => ({ env: settings, folder: room.path })
const exported = (settings: Settings, out: string, ...more: string[]) =>
  runCli(
    exportCommand((options) => exportAll(surroundings(settings), options)),
    ['--out', out, ...more],
  )
const imported = (settings: Settings, file: string, ...more: string[]) =>
  runCli(
    importCommand((path, progress) => importAll(surroundings(settings), path, progress)),
    [file, ...more],
  )

const auditOf = async (maker: Api, project: string): Promise<AuditLine[]> => {
  const { text } = await maker.get(`${V1}/audit?project=${project}`)
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return lines.filter((line) => 'seq' in line)
}

/** Something of everything: owned, free, half claimed, signed in. */
const live = async (server: TestServer) => {
  const maker = await signIn(server.httpUrl)
  const owner = await customer(server.httpUrl)
  const owned = await makeDevice(maker, { claimCode: 'right' })
  await owner.post(`${V1}/claims`, { device: owned.name, secret: 'right' })
  const given = await makeDevice(maker, { claimCode: 'right' })
  await owner.post(`${V1}/claims`, { device: given.name, secret: 'right' })
  await owner.delete(`${V1}/devices/${given.id}/owner`)
  const open = await makeDevice(maker)
  const device = await connectDevice(server.mqttUrl, open.token, [RESULT])
  await device.publish('latchkey/v1/claim', { secret: 'open' })
  await device.next(RESULT)
  await device.end()
  const code = (await owner.post(`${V1}/claim-codes`)).body.code as string
  const free = await makeDevice(maker)
  const waiting = await owner.post(`${V1}/claims`, { linkId: 'shared id' })
  return { maker, owner, owned, given, open, free, code, waiting: waiting.body.id as string }
}
type Lived = Awaited<ReturnType<typeof live>>

/** What can be seen of all that from outside. */
const seenOf = async (httpUrl: string, { maker, owner, owned, given, waiting }: Lived) => {
  const asMaker = api(httpUrl, maker.token === undefined ? {} : { token: maker.token })
  const asOwner = api(httpUrl, owner.token === undefined ? {} : { token: owner.token })
  const bodies = [
    asMaker.get(`${V1}/devices`),
    asOwner.get(`${V1}/devices`),
    asOwner.get(`${V1}/homes`),
    asMaker.get(`${V1}/devices/${owned.id}/history`),
    asMaker.get(`${V1}/devices/${given.id}/history`),
    asOwner.get(`${V1}/claims/${waiting}`),
    asMaker.get(`${V1}/devices/${owned.id}/events`),
  ]
  return (await Promise.all(bodies)).map(({ status, body }) => [status, body])
}

const goesOn = async (server: TestServer, lived: Lived, before: unknown) => {
  const { httpUrl, mqttUrl } = server
  // Sessions of the former server are good, and show the same.
  expect(await seenOf(httpUrl, lived)).toEqual(before)
  const { owned, given, open, free, code, owner, waiting } = lived
  // Credentials, owners, epochs.
  for (const [made, told] of [
    [owned, { claimed: true, epoch: 1, home: owner.home }],
    [given, { claimed: false, epoch: 2 }],
  ] as const) {
    const device = await connectDevice(mqttUrl, made.token, [OWNER])
    expect(await device.next(OWNER)).toEqual(told)
    await device.end()
  }
  // What was half done is done now.
  const asOwner = api(httpUrl, { token: String(owner.token) })
  const claimed = await asOwner.post(`${V1}/claims`, { device: open.name, secret: 'open' })
  expect([claimed.status, claimed.body.epoch]).toEqual([201, 1])
  const device = await connectDevice(mqttUrl, free.token, [RESULT])
  await device.publish('latchkey/v1/code', { code })
  expect(await device.next(RESULT)).toMatchObject({ state: 'claimed', epoch: 1 })
  const linked = await connectDevice(mqttUrl, given.token, [RESULT])
  await linked.publish('latchkey/v1/link', { linkId: 'shared id' })
  expect(await linked.next(RESULT)).toMatchObject({ state: 'claimed', epoch: 3 })
  const { body } = await asOwner.get(`${V1}/claims/${waiting}`)
  expect(body).toMatchObject({ state: 'claimed', device: given.id })
  await Promise.all([device.end(), linked.end()])
}

const moveTo = async (name: string, from: Settings, to: Settings) => {
  const file = room.at(`${name}.ndjson`)
  const out = await exported(from, file, '--json')
  expect([out.code, out.stderr]).toEqual([0, ''])
  expect(JSON.parse(out.stdout)).toMatchObject({ entry: expect.any(Number), snapshot: true })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(to.LATCHKEY_KEY_FILE, readFileSync(from.LATCHKEY_KEY_FILE), { mode: 0o600 })
  const into = await imported(to, file, '--json')
  expect([into.code, into.stderr]).toEqual([0, ''])
  return file
}

const moves = (name: string, target: () => string) => {
  test('all is as it was, claims go on, and the audit has it all', async () => {
    const from = settingsOf(`dead-${name}`)
    const first = await serve(from)
    const lived = await live(first)
    const before = await seenOf(first.httpUrl, lived)
    const told = await auditOf(lived.maker, 'default')
    await dies(first)
    const to = { ...settingsOf(`heir-${name}`), LATCHKEY_STORE: target() }
    const file = await moveTo(`moved-${name}`, from, to)
    for (const secret of [
      lived.owned.token,
      String(lived.maker.token),
      lived.code,
      'right',
      'a-good-password',
    ])
      expect(readFileSync(file, 'utf8')).not.toContain(`"${secret}"`)
    const second = await serve(to)
    await goesOn(second, lived, before)
    const maker = api(second.httpUrl, { token: String(lived.maker.token) })
    const after = await auditOf(maker, 'default')
    expect(after.slice(0, told.length)).toEqual(told)
    const types = (await auditOf(maker, 'instance')).map(({ type, by }) => [type, by?.kind])
    expect(types).toEqual(
      expect.arrayContaining([
        ['export', 'operator'],
        ['import', 'operator'],
      ]),
    )
    // Nothing is moved into a store that somebody has.
    await dies(second)
    const again = await imported(to, file)
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('not empty')])
  })
}

describe('a server that has died goes on in another embedded store', () => {
  moves('embedded', () => `embedded:${room.at('another')}`)
})
describeWithRedis('a server that has died goes on in a Redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  moves('redis', () => redis.url)
})

describe('an export', () => {
  test('is made while the server serves, and its file is whole', async () => {
    const from = settingsOf('busy')
    const server = await serve(from)
    const lived = await live(server)
    const file = room.at('busy.ndjson')
    const out = await exported(from, file)
    expect([out.code, out.stderr]).toEqual([0, expect.stringContaining('not written down')])
    expect((await lived.owner.get(`${V1}/devices`)).status).toBe(200)
    const to = settingsOf('busy-heir')
    writeFileSync(to.LATCHKEY_KEY_FILE, readFileSync(from.LATCHKEY_KEY_FILE), { mode: 0o600 })
    expect((await imported(to, file)).code).toBe(0)
    const before = await seenOf(server.httpUrl, lived)
    const heir = await serve(to)
    expect(await seenOf(heir.httpUrl, lived)).toEqual(before)
  })

  test('is never written over another file, and wants its settings', async () => {
    const settings = settingsOf('nothing')
    expect((await exported(settings, room.at('x.ndjson'))).code).toBe(2)
    writeFileSync(room.at('present'), 'x')
    expect((await exported(settings, room.at('present'))).code).toBe(2)
    expect(readFileSync(room.at('present'), 'utf8')).toBe('x')
  })
})

describe('a file that is not right changes nothing', () => {
  let file: string
  let from: Settings
  let good: string[]

  beforeAll(async () => {
    from = settingsOf('source')
    const server = await serve(from)
    await live(server)
    await dies(server)
    file = room.at('source.ndjson')
    expect((await exported(from, file)).code).toBe(0)
    good = readFileSync(file, 'utf8').trimEnd().split('\n')
  })

  const bad = (lines: readonly string[]) => {
    const path = room.at(`bad-${Math.random()}.ndjson`)
    writeFileSync(path, `${lines.join('\n')}\n`)
    return path
  }
  const target = () => ({
    ...settingsOf(`target-${Math.random()}`),
    LATCHKEY_KEY_FILE: from.LATCHKEY_KEY_FILE,
  })

  test.each<[string, (lines: string[]) => string[], string]>([
    ['cut off', (all) => all.slice(0, -1), 'cut off'],
    ['cut off in a piece', (all) => all.slice(0, 5), 'cut off'],
    [
      'a line changed',
      (all) =>
        all.map((line, n) =>
          n === 2 ? line.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)) : line,
        ),
      'sum of piece 1',
    ],
    ['a line left out', (all) => all.filter((_, n) => n !== 2), 'sum of piece 1'],
    ['a line twice', (all) => [...all.slice(0, 3), ...all.slice(2)], 'sum of piece 1'],
    ['something behind the end', (all) => [...all, '{}'], 'behind the end'],
    ['no header', (all) => all.slice(1), 'header'],
    [
      'another form',
      (all) => all.map((line, n) => (n === 0 ? line.replace('"format":1', '"format":2') : line)),
      'form 2',
    ],
    [
      'a newer schema',
      (all) => all.map((line, n) => (n === 0 ? line.replace('"schema":1', '"schema":99') : line)),
      'newer program',
    ],
    ['no JSON', () => ['<html>'], 'line 1'],
    ['an array', () => ['[]'], 'line 1'],
    ['nothing', () => [], 'line 1'],
  ])('%s', async (_, spoil, words) => {
    const to = target()
    const result = await imported(to, bad(spoil([...good])))
    expect([result.code, result.stderr]).toEqual([1, expect.stringContaining(words)])
    expect(result.stderr).not.toMatch(/at .*\.ts/)
    // The store is as empty as it was: the right file can be moved in.
    expect((await imported(to, file)).code).toBe(0)
  })

  test('the key of another instance', async () => {
    const other = settingsOf('other-key')
    writeFileSync(other.LATCHKEY_KEY_FILE, `${Buffer.alloc(32, 5).toString('base64url')}\n`)
    const result = await imported(other, file)
    expect([result.code, result.stderr]).toEqual([
      1,
      expect.stringContaining('another instance key'),
    ])
  })

  test('one that stops half-way keeps every server out, and is ended by the same file', async () => {
    const to = target()
    // The first pass checks, the second one writes.
    let calls = 0
    const stops = importAll(surroundings(to), file, () => {
      calls += 1
      if (calls === 2) throw new Error('the power went off')
    })
    await expect(stops).rejects.toThrow('the power went off')
    await expect(startServer(to)).rejects.toThrow('latchkey import')
    const other = room.at('other.ndjson')
    expect((await exported(from, other)).code).toBe(0)
    const refusedImport = await imported(to, other)
    expect([refusedImport.code, refusedImport.stderr]).toEqual([
      1,
      expect.stringContaining('another file'),
    ])
    expect((await exported(to, room.at('half.ndjson'))).code).toBe(1)
    expect((await imported(to, file)).code).toBe(0)
    await serve(to)
  })

  test('no such file, no key file', async () => {
    expect((await imported(target(), room.at('nowhere'))).code).toBe(2)
    expect((await imported(settingsOf('keyless'), file)).code).toBe(2)
  })
})
