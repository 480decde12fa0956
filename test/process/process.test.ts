import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { folder, spawnServer, startProcess } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { ADMIN } from '../support/server.ts'

const V1 = '/latchkey/v1'
const CLAIM = 'latchkey/v1/claim'
const RESULT = 'latchkey/v1/claim/result'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const place = () => {
  const { path, drop } = folder()
  endings.push(drop)
  return path
}

const started = async (cwd: string, env: Readonly<Record<string, string>> = {}) => {
  const running = await startProcess(cwd, env)
  endings.push(async () => {
    running.kill('SIGKILL')
    await running.exited
  })
  return running
}

/** A device claimed through the running program, by a customer who can sign in again. */
const claimed = async (running: { httpUrl: string; mqttUrl: string }, secret: string) => {
  const maker = await signIn(running.httpUrl)
  const device = await makeDevice(maker)
  const connected = await connectDevice(running.mqttUrl, device.token, [RESULT])
  await connected.publish(CLAIM, { secret })
  const ada = await customer(running.httpUrl)
  const reply = await ada.post(`${V1}/claims`, { device: device.id, secret })
  await connected.end()
  return { device, ada, reply }
}

describe('the first start', () => {
  test('makes a maker, whose generated password is said once on stderr and works', async () => {
    const cwd = place()
    const running = await started(cwd, { LATCHKEY_ADMIN_PASSWORD: '' })
    const password = /password\W+([^\s"',]{12,})/i.exec(running.said().err)?.[1]
    expect(password).toBeDefined()
    await signIn(running.httpUrl, { email: ADMIN.email, password: password as string })
    expect(running.said().out).not.toContain(password)
    running.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    const again = await started(cwd, { LATCHKEY_ADMIN_PASSWORD: '' })
    expect(again.said().err).not.toMatch(/password/i)
  })

  test('makes an instance key that nobody else may read', async () => {
    const cwd = place()
    await started(cwd)
    expect(statSync(join(cwd, 'data/instance.key')).mode & 0o777).toBe(0o600)
  })

  test('says on one line where both edges listen', async () => {
    const running = await started(place())
    const lines = running
      .said()
      .out.split('\n')
      .filter((line) => line.includes('"ready"'))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      msg: 'ready',
      mqtt: { host: '127.0.0.1', port: expect.any(Number) },
      http: { host: '127.0.0.1', port: expect.any(Number) },
    })
  })
})

describe('a wrong setting', () => {
  test('ends the start with exit code 2 and every fault in words', async () => {
    const ended = spawnServer(place(), {
      LATCHKEY_HTTP_PORT: 'eighty',
      LATCHKEY_ROLE: 'gateway',
      LATCHKEY_DIALECTS: 'thingsboard,typo',
      LATCHKEY_LOG_LEVEL: 'loud',
      LATCHKEY_TLS_CERT: '/no/such/file',
    })
    expect(await ended.exited).toBe(2)
    for (const name of ['HTTP_PORT', 'ROLE', 'DIALECTS', 'LOG_LEVEL', 'TLS_CERT', 'TLS_KEY'])
      expect(ended.said().err).toContain(`LATCHKEY_${name}`)
    expect(ended.said().err).not.toMatch(/^\s+at /m)
  })

  test('in the file is found too, and the environment wins over the file', async () => {
    const cwd = place()
    writeFileSync(
      join(cwd, 'latchkey.config.json'),
      '{"mqttPort":"x","logLevel":"warn","colour":"red"}',
    )
    const ended = spawnServer(cwd)
    expect(await ended.exited).toBe(2)
    expect(ended.said().err).toContain('colour')
    writeFileSync(join(cwd, 'latchkey.config.json'), '{"mqttPort":70000,"logLevel":"warn"}')
    await started(cwd)
  })

  test('of the key file is said without what is in it', async () => {
    const cwd = place()
    writeFileSync(join(cwd, 'short.key'), 'tooshort')
    const ended = spawnServer(cwd, { LATCHKEY_KEY_FILE: './short.key' })
    expect(await ended.exited).toBe(2)
    expect(ended.said().err).toContain('LATCHKEY_KEY_FILE')
    expect(ended.said().err).not.toContain('tooshort')
  })

  test('as a folder that another process holds is said with its pid', async () => {
    const cwd = place()
    const first = await started(cwd)
    const second = spawnServer(cwd)
    expect(await second.exited).toBe(2)
    expect(second.said().err).toContain(String(first.pid))
  })

  test('as a port in use is said', async () => {
    const first = await started(place())
    const second = spawnServer(place(), { LATCHKEY_HTTP_PORT: new URL(first.httpUrl).port })
    expect(await second.exited).toBe(2)
    expect(second.said().err).toContain('in use')
  })
})

describe('SIGTERM', () => {
  test('ends it with 0 and nothing listens any more, also when it comes twice', async () => {
    const running = await started(place())
    const idle = await connectDevice(
      running.mqttUrl,
      (await makeDevice(await signIn(running.httpUrl))).token,
    )
    running.kill('SIGTERM')
    running.kill('SIGTERM')
    expect(await running.exited).toBe(0)
    await idle.closed
    await expect(fetch(`${running.httpUrl}/healthz`)).rejects.toThrow()
  })
})

describe('kill -9', () => {
  test('after an acknowledged claim leaves the owner the owner', async () => {
    const cwd = place()
    const running = await started(cwd)
    const { device, ada, reply } = await claimed(running, 'open sesame')
    running.kill('SIGKILL')
    expect(reply.status).toBe(201)
    await running.exited
    const again = await started(cwd)
    const maker = await signIn(again.httpUrl)
    expect((await maker.get(`${V1}/devices/${device.id}`)).body).toMatchObject({
      owner: ada.home,
      epoch: 1,
    })
    const same = api(again.httpUrl, { token: ada.token as string })
    expect((await same.get(`${V1}/devices`)).body.items).toHaveLength(1)
  })
})

/** Every file under a folder. */
const filesUnder = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? filesUnder(join(path, entry.name))
      : entry.isFile()
        ? [join(path, entry.name)]
        : [],
  )

const MARKS = {
  window: 'SEKRET-window-7f3a',
  wrong: 'SEKRET-wrong-81bc',
  box: 'SEKRET-box-55e0',
  password: 'SEKRET-password-9d21',
}

/** Uses every kind of secret once, rightly and wrongly; answers all that must be found nowhere. */
const useSecrets = async (running: { httpUrl: string; mqttUrl: string }) => {
  const { device, ada } = await claimed(running, MARKS.window)
  const maker = await signIn(running.httpUrl)
  const refusals = [
    await ada.post(`${V1}/claims`, { device: device.id, secret: MARKS.wrong }),
    await ada.post(`${V1}/claims`, { device: device.id, secret: { deep: MARKS.wrong } }),
    await api(running.httpUrl).post(`${V1}/sessions`, {
      email: ADMIN.email,
      password: MARKS.password,
    }),
    await api(running.httpUrl).post(`${V1}/users`, {
      email: MARKS.wrong,
      password: MARKS.password,
    }),
  ]
  const boxed = await makeDevice(maker, { claimCode: MARKS.box })
  await maker.put(`${V1}/devices/${boxed.id}/box-key`, {
    secret: MARKS.box,
    expiresAt: new Date(Date.now() + 1e6).toISOString(),
  })
  await maker.post(`${V1}/devices`, { name: 'again' }, { 'idempotency-key': 'k' })
  await connectDevice(running.mqttUrl, `${device.token.slice(0, -1)}_`).catch(() => undefined)
  const bad = await connectDevice(running.mqttUrl, device.token)
  await bad.publish(CLAIM, `{"secret":"${MARKS.wrong}","x":1}`)
  await bad.end()
  const tokens = [
    device.token,
    boxed.token,
    ada.token as string,
    maker.token as string,
    ADMIN.password,
  ]
  return { hidden: [...Object.values(MARKS), ...tokens], refusals }
}

describe('secrets', () => {
  test('are nowhere in the log at trace level, in the data folder, or in what a refusal says', async () => {
    const cwd = place()
    const running = await started(cwd, { LATCHKEY_LOG_LEVEL: 'trace' })
    const { hidden, refusals } = await useSecrets(running)
    running.kill('SIGTERM')
    await running.exited
    const { out, err } = running.said()
    const stored = filesUnder(join(cwd, 'data')).map((path) => readFileSync(path, 'latin1'))
    expect(stored.length).toBeGreaterThan(1)
    for (const secret of hidden) {
      expect(out).not.toContain(secret)
      expect(err).not.toContain(secret)
      expect(stored.some((content) => content.includes(secret))).toBe(false)
      expect(refusals.some(({ text }) => text.includes(secret))).toBe(false)
    }
  })
})

describeWithRedis('with Redis', () => {
  test('kill -9 of both after an acknowledged claim leaves the owner the owner, and no secret lies in the dump', async () => {
    const cwd = place()
    const dir = place()
    const redis = await startRedis({ dir, args: ['--appendfsync', 'always'] })
    endings.push(() => redis.stop())
    const running = await started(cwd, { LATCHKEY_STORE: redis.url, LATCHKEY_LOG_LEVEL: 'trace' })
    const { device, ada } = await claimed(running, 'open sesame')
    running.kill('SIGKILL')
    await redis.kill()
    await redis.restart()
    const again = await started(cwd, { LATCHKEY_STORE: redis.url, LATCHKEY_LOG_LEVEL: 'trace' })
    const maker = await signIn(again.httpUrl)
    expect((await maker.get(`${V1}/devices/${device.id}`)).body).toMatchObject({
      owner: ada.home,
      epoch: 1,
    })
    const { hidden } = await useSecrets(again)
    const client = new Redis(redis.url, { protocol: 2 })
    await client.save()
    client.disconnect()
    const stored = filesUnder(dir).map((path) => readFileSync(path, 'latin1'))
    for (const secret of hidden) {
      expect(stored.some((content) => content.includes(secret))).toBe(false)
      expect(again.said().out).not.toContain(secret)
    }
  })

  test('that is unsafe the start is refused, each fault in words', async () => {
    const redis = await startRedis({
      args: ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru'],
    })
    endings.push(() => redis.stop())
    const ended = spawnServer(place(), { LATCHKEY_STORE: redis.url })
    expect(await ended.exited).toBe(2)
    expect(ended.said().err).toMatch(/appendonly|AOF/i)
    expect(ended.said().err).toMatch(/noeviction|evict/i)
    expect(ended.said().err).not.toMatch(/^\s+at /m)
  })

  test('gone, claims answer 503 and devices get no PUBACK; back, all works again without a restart', async () => {
    const redis = await startRedis()
    endings.push(() => redis.stop())
    const running = await started(place(), { LATCHKEY_STORE: redis.url })
    const maker = await signIn(running.httpUrl)
    const device = await makeDevice(maker)
    const live = await connectDevice(running.mqttUrl, device.token)
    const ada = await customer(running.httpUrl)
    await redis.kill()
    const began = Date.now()
    const reply = await ada.post(`${V1}/claims`, { device: device.id, secret: 'x' })
    expect(Date.now() - began).toBeLessThan(5000)
    expect([reply.status, reply.headers.get('content-type')]).toEqual([
      503,
      expect.stringContaining('problem+json'),
    ])
    void live.publish(CLAIM, { secret: 's' }).then(
      () => {
        throw new Error('acknowledged without a store')
      },
      () => undefined,
    )
    await live.closed
    expect((await api(running.httpUrl).get('/healthz')).status).toBe(200)
    expect((await api(running.httpUrl).get('/readyz')).status).toBe(503)
    await redis.restart()
    const until = Date.now() + 10_000
    let ready = 0
    while (ready !== 200 && Date.now() < until)
      ready = (await api(running.httpUrl).get('/readyz')).status
    expect(ready).toBe(200)
    const back = await connectDevice(running.mqttUrl, device.token)
    await back.publish(CLAIM, { secret: 'again' })
    expect((await ada.post(`${V1}/claims`, { device: device.id, secret: 'again' })).status).toBe(
      201,
    )
    await back.end()
  })

  test('a broker alone and a gateway alone make one Latchkey, each with its own listener', async () => {
    const redis = await startRedis()
    endings.push(() => redis.stop())
    const cwd = place()
    const gateway = await started(cwd, { LATCHKEY_STORE: redis.url, LATCHKEY_ROLE: 'gateway' })
    const broker = await started(cwd, { LATCHKEY_STORE: redis.url, LATCHKEY_ROLE: 'broker' })
    expect(gateway.said().out).not.toContain('"mqtt"')
    expect(broker.said().out).not.toContain('"http"')
    const maker = await signIn(gateway.httpUrl)
    const device = await makeDevice(maker)
    const live = await connectDevice(broker.mqttUrl, device.token, ['latchkey/v1/owner'])
    await live.next('latchkey/v1/owner')
    await live.publish(CLAIM, { secret: 's' })
    const ada = await customer(gateway.httpUrl)
    expect((await ada.post(`${V1}/claims`, { device: device.id, secret: 's' })).status).toBe(201)
    expect(await live.next('latchkey/v1/owner')).toMatchObject({ claimed: true, home: ada.home })
    await live.end()
  })
})
