import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { auditVerify } from '../../cli/audit.ts'
import { doctorCommand } from '../../cli/doctor.ts'
import { why } from '../../cli/why.ts'
import { examine } from '../../shared/doctor/index.ts'
import { silentLog } from '../../shared/log.ts'
import type { ProjectId } from '../../shared/model/ids.ts'
import { keys } from '../../shared/store/keys.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { runCli, workFolder } from '../support/cli.ts'
import { connectDevice } from '../support/device.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const RESULT = 'latchkey/v1/claim/result'

let room: ReturnType<typeof workFolder>
beforeAll(() => {
  room = workFolder()
})
afterAll(async () => {
  for (const server of started) await server.close()
  room.drop()
})

/** Ended by their tests; by us where a test has failed. */
const started: TestServer[] = []

const credentials = ({ httpUrl }: TestServer) => ({
  ...{ LATCHKEY_URL: httpUrl, LATCHKEY_EMAIL: ADMIN.email, LATCHKEY_PASSWORD: ADMIN.password },
})

describe('latchkey why', () => {
  let server: TestServer
  let maker: Api
  beforeAll(async () => {
    server = await startServer()
    maker = await signIn(server.httpUrl)
  })
  afterAll(() => server.close())

  const lived = async () => {
    const [owner, stranger] = [await customer(server.httpUrl), await customer(server.httpUrl)]
    const made = await makeDevice(maker)
    const device = await connectDevice(server.mqttUrl, made.token, [RESULT, 'latchkey/v1/commands'])
    await device.publish('latchkey/v1/claim', {})
    await device.next(RESULT)
    await device.publish('latchkey/v1/claim', { secret: 'right' })
    await device.next(RESULT)
    await stranger.post(`${V1}/claims`, { device: made.name, secret: 'wrong' })
    await owner.post(`${V1}/claims`, { device: made.name, secret: 'right' })
    await device.next(RESULT)
    await owner.post(`${V1}/devices/${made.id}/commands`, { action: 'blink' })
    const { id } = await device.next('latchkey/v1/commands')
    await device.publish(`latchkey/v1/commands/${id}/ack`, '')
    return { made, owner, stranger, device }
  }

  test('tells the story of a device, the oldest first, with true reasons and what to do', async () => {
    const { made, owner, stranger, device } = await lived()
    const told = await runCli(why, [made.name, '--json'], credentials(server))
    expect([told.code, told.stderr]).toEqual([0, ''])
    const lines = told.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const moments = lines.slice(0, -1)
    expect(moments.map(({ what, reason }) => [what, reason])).toEqual([
      ['made', undefined],
      ['refused', 'secret-required'],
      ['window opened', undefined],
      ['refused', 'wrong-secret'],
      ['claimed', undefined],
      ['command done', undefined],
    ])
    expect(moments[3].about).toContain(stranger.id)
    expect(moments[3].nextStep).toMatch(/Read the secret again/)
    expect(moments[4].about).toContain(owner.home)
    expect(lines.at(-1)).toMatchObject({ now: { id: made.id, claimed: true, connected: true } })
    await device.end()
    const prose = await runCli(why, [made.id], credentials(server))
    expect(prose.stdout).toContain('wrong-secret: The secret is not the one')
    expect(prose.stdout).toMatch(
      new RegExp(`Now ${made.name} is .*owned by ${owner.email}, epoch 1`),
    )
    for (const secret of [made.token, 'right', ADMIN.password])
      expect(told.stdout + prose.stdout).not.toContain(`"${secret}"`)
  })

  test('says what is wrong with the question', async () => {
    const env = credentials(server)
    expect(await runCli(why, ['no-such-device'], env)).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('there is no such device') },
    })
    expect((await runCli(why, [], env)).code).toBe(2)
    expect((await runCli(why, ['x', '--what'], env)).code).toBe(2)
    const wrong = { ...env, LATCHKEY_PASSWORD: 'another-password' }
    expect(await runCli(why, ['x'], wrong)).toMatchObject({ code: 1 })
    expect((await runCli(why, ['x'], { ...env, LATCHKEY_URL: 'http://127.0.0.1:9' })).code).toBe(3)
    const someone = await customer(server.httpUrl)
    const customers = {
      ...env,
      LATCHKEY_EMAIL: someone.email,
      LATCHKEY_PASSWORD: 'customer-password',
    }
    expect((await runCli(why, ['x'], customers)).code).toBe(1)
  })

  test('an audit that was read is verified, and every change to it is found', async () => {
    await lived()
    const { text } = await maker.get(`${V1}/audit?project=default`)
    const file = room.at('audit.ndjson')
    const lines = text.trimEnd().split('\n')
    const verified = async (content: readonly string[]) => {
      writeFileSync(file, `${content.join('\n')}\n`)
      return runCli(auditVerify, [file, '--json'])
    }
    const good = await verified(lines)
    const end = JSON.parse(lines.at(-1) ?? '').head
    expect([good.code, JSON.parse(good.stdout)]).toEqual([
      0,
      { project: expect.any(String), first: 1, last: end.seq, hash: end.hash },
    ])
    for (const [content, words] of [
      [
        lines.map((line, n) => (n === 2 ? line.replace('"seq":3', '"seq":3,"via":"x"') : line)),
        'line 3',
      ],
      [lines.filter((_, n) => n !== 2), 'line 4 comes after line 2'],
      [lines.slice(1), 'lines 1 to 1 are missing'],
      [lines.slice(0, -1), 'without its end'],
      [[...lines.slice(0, -2), ...lines.slice(-1)], 'not the last one'],
      [[...lines, '{}'], 'behind the end'],
      [[], 'no line'],
    ] as const)
      expect(await verified(content)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(words),
      })
    expect((await runCli(auditVerify, [room.at('nowhere')])).code).toBe(2)
  })
})

const examined = async (env: Readonly<Record<string, string>>, ...argv: string[]) => {
  const command = doctorCommand((options) => examine({ env, folder: room.path, ...options }))
  const { code, stdout } = await runCli(command, ['--json', ...argv])
  const findings = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { code, findings, wrong: findings.filter(({ state }) => state !== 'good') }
}

let rooms = 0
const settings = (store?: string) => {
  rooms += 1
  const name = `doctor-${rooms}`
  return {
    LATCHKEY_STORE: store ?? `embedded:${room.at(name)}`,
    LATCHKEY_KEY_FILE: room.at(`${name}.key`),
    LATCHKEY_MAIL: `file:${room.at('mail')}`,
    LATCHKEY_SMS: `file:${room.at('sms')}`,
  }
}

/** Does something to a store that no server has. */
const withStore = async <T>(url: string, work: (store: Store) => Promise<T>): Promise<T> => {
  const store = await openStore({ url, log: silentLog })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

const diagnoses = (where: () => string | undefined) => {
  /** A server that has lived a little and is gone. */
  const past = async () => {
    const env = settings(where())
    const server = await startServer(env)
    started.push(server)
    const maker = await signIn(server.httpUrl)
    const owner = await customer(server.httpUrl)
    const device = await makeDevice(maker, { claimCode: 'right' })
    await owner.post(`${V1}/claims`, { device: device.name, secret: 'right' })
    const { text } = await maker.get(`${V1}/audit`)
    const project = JSON.parse(text.split('\n')[0] ?? '').project as ProjectId
    return { env, server, device, project, owner }
  }

  test('finds nothing where there is nothing, also while the server serves', async () => {
    const { env, server } = await past()
    for (const argv of [[], ['--all']])
      expect(await examined(env, ...argv)).toMatchObject({ code: 0, wrong: [] })
    await server.close()
    const { findings, code } = await examined(env)
    expect(code).toBe(0)
    expect(findings.map(({ name }) => name)).toEqual([
      'settings',
      'key file',
      'mail',
      'sms',
      'store',
      'clock',
      'schema',
      'audit',
      'records',
    ])
  })

  test('finds a record that cannot be read, an index without a record, and one that misses it', async () => {
    const { env, server, device, project, owner } = await past()
    await server.close()
    await withStore(env.LATCHKEY_STORE, (store) =>
      store.commit({
        put: [{ key: keys.session(project, 'x'), value: '{' }],
        add: [{ index: keys.devices(project), member: owner.id }],
        drop: [{ index: keys.homeDevices(project, owner.home as never), member: device.id }],
      }),
    )
    const { code, wrong } = await examined(env, '--all')
    expect(code).toBe(1)
    expect(wrong.map(({ says, todo }) => [says, typeof todo])).toEqual([
      ['1 cannot be read; the first: a session is no JSON', 'string'],
      ['1 records are missing where they are listed', 'string'],
      ['1 members and 0 names lead to nothing', 'string'],
    ])
  })

  test('finds an audit that was written over, by who has no key and by who takes the end off', async () => {
    const { env, server, project } = await past()
    await server.close()
    await withStore(env.LATCHKEY_STORE, async (store) => {
      const [head] = await store.read([keys.auditHead(project)])
      const value = JSON.stringify({ ...JSON.parse(head?.value ?? ''), mac: 'x'.repeat(43) })
      await store.commit({ put: [{ key: keys.auditHead(project), value }] })
    })
    const { code, wrong } = await examined(env)
    expect(code).toBe(2)
    expect(wrong).toEqual([
      expect.objectContaining({ name: 'audit', says: expect.stringContaining('instance key') }),
    ])
  })

  test('finds a store of a newer program', async () => {
    const { env, server } = await past()
    await server.close()
    await withStore(env.LATCHKEY_STORE, (store) =>
      store.commit({ put: [{ key: keys.schema(), value: '{"version":99}' }] }),
    )
    const { code, wrong } = await examined(env)
    expect([code, wrong[0]?.name]).toEqual([2, 'schema'])
    await expect(startServer(env)).rejects.toThrow('newer program')
  })
}

describe('latchkey doctor on an embedded store', () => {
  diagnoses(() => undefined)

  test('finds wrong settings, each of them', async () => {
    const { code, wrong } = await examined({
      ...settings(),
      LATCHKEY_HTTP_PORT: 'x',
      LATCHKEY_ROLE: 'y',
    })
    expect(code).toBe(2)
    expect(wrong.map(({ says }) => says)).toEqual([
      expect.stringContaining('LATCHKEY_ROLE'),
      expect.stringContaining('LATCHKEY_HTTP_PORT'),
    ])
  })

  test('finds a key file that others may read, and one that is none', async () => {
    const env = settings()
    const server = await startServer(env)
    await server.close()
    chmodSync(env.LATCHKEY_KEY_FILE, 0o644)
    const open = await examined(env)
    expect([open.code, open.wrong]).toMatchObject([
      2,
      [{ name: 'key file', todo: expect.stringContaining('chmod 600') }],
    ])
    chmodSync(env.LATCHKEY_KEY_FILE, 0o600)
    const key = readFileSync(env.LATCHKEY_KEY_FILE, 'utf8')
    writeFileSync(env.LATCHKEY_KEY_FILE, 'short')
    const spoilt = await examined(env)
    expect(spoilt.code).toBe(2)
    expect(JSON.stringify(spoilt.findings)).not.toContain(key.trim())
  })

  test('finds a mail server that nobody hears, and one that somebody does', async () => {
    const listening = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => listening.once('listening', resolve))
    const { port } = listening.address() as { port: number }
    const mailOf = async () => {
      const env = { ...settings(), LATCHKEY_MAIL: `smtp://127.0.0.1:${port}` }
      return (await examined(env)).findings.find(({ name }) => name === 'mail')
    }
    expect(await mailOf()).toMatchObject({ state: 'good' })
    await new Promise((resolve) => listening.close(resolve))
    expect(await mailOf()).toMatchObject({
      state: 'fault',
      todo: expect.stringContaining('LATCHKEY_MAIL'),
    })
  })

  test('makes nothing where nothing is', async () => {
    const env = settings()
    const { code, wrong } = await examined(env)
    expect([code, wrong.map(({ name }) => name)]).toEqual([1, ['key file', 'store']])
    expect(() => readFileSync(env.LATCHKEY_KEY_FILE)).toThrow('ENOENT')
  })
})

describeWithRedis('latchkey doctor on Redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  let db = 0
  diagnoses(() => `${redis.url}/${db++}`)

  test('finds a Redis that is not there, and one that could lose ownership', async () => {
    const away = await examined(settings('redis://127.0.0.1:9'))
    expect([away.code, away.wrong]).toMatchObject([2, [{ name: 'key file' }, { name: 'store' }]])
  })
})
