import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, Row } from './benchmark.ts'
import { type Child, startChild } from './child.ts'
import { createPoster, type LoadDevice, loadDevice, timed } from './load.ts'
import { summary } from './summary.ts'

const ROUNDS = 5
const DEVICES = 600
const AT_ONCE = 64
const ADMIN = { email: 'admin@localhost', password: 'bench-password' }
const TOPIC = 'latchkey/v1/claim'
const V1 = '/latchkey/v1'

type Made = { readonly id: string; readonly token: string }

/** Microseconds of CPU for one piece of work, and pieces a second. */
const measured = async (
  child: Child,
  count: number,
  work: (i: number) => Promise<unknown>,
): Promise<Row> => {
  const before = child.cpuUs()
  const seconds = await timed(count, AT_ONCE, work)
  return { cpuUs: (child.cpuUs() - before) / count, perSecond: count / seconds }
}

const ok = (reply: { status: number; body: string }): string => {
  if (reply.status !== 201) throw new Error(`${reply.status} ${reply.body}`)
  return reply.body
}

const people = async (port: number) => {
  const anyone = createPoster(port, undefined)
  const signIn = async (who: typeof ADMIN) =>
    JSON.parse(ok(await anyone.post(`${V1}/sessions`, who))).token as string
  const maker = createPoster(port, await signIn(ADMIN))
  const who = { email: 'bench@example.com', password: 'bench-password' }
  ok(await anyone.post(`${V1}/users`, who))
  const app = createPoster(port, await signIn(who))
  return { maker, app }
}

/** One whole claim: the device's QoS 1 publish to its PUBACK, the app's POST to its 201, the notice at the device. */
const wholeClaims = async (store: string, folder: string): Promise<Row> => {
  const child = await startChild('main.js', {
    LATCHKEY_STORE: store,
    LATCHKEY_KEY_FILE: join(folder, 'instance.key'),
    LATCHKEY_MQTT_PORT: '0',
    LATCHKEY_HTTP_PORT: '0',
    LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
    LATCHKEY_LOG_LEVEL: 'warn',
  })
  const mqttPort = child.ready.mqtt?.port as number
  const { maker, app } = await people(child.ready.http?.port as number)
  const rows: Row[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const made: Made[] = []
    await timed(DEVICES, 16, async (i) => {
      made[i] = JSON.parse(ok(await maker.post(`${V1}/devices`, { name: `bench-${round}-${i}` })))
    })
    const devices: LoadDevice[] = []
    await timed(DEVICES, 16, async (i) => {
      devices[i] = await loadDevice(mqttPort, (made[i] as Made).token, `d${i}`, [
        'latchkey/v1/owner',
      ])
      await devices[i]?.heard()
    })
    const row = await measured(child, DEVICES, async (i) => {
      const device = devices[i] as LoadDevice
      const secret = `secret-${round}-${i}`
      await device.publish(TOPIC, JSON.stringify({ secret, durationMs: 60_000 }))
      ok(await app.post(`${V1}/claims`, { device: (made[i] as Made).id, secret }))
      await device.heard()
    })
    // The first round warms up.
    if (round > 0) rows.push(row)
    for (const device of devices) device.end()
  }
  maker.end()
  app.end()
  await child.end()
  return summary(rows)
}

const barePublishes = async (): Promise<Row> => {
  const child = await startChild('bench/peers/aedes.js', {})
  const devices: LoadDevice[] = []
  for (let i = 0; i < DEVICES; i++)
    devices[i] = await loadDevice(child.ready.mqtt?.port as number, 'x', `d${i}`)
  const rows: Row[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const row = await measured(child, DEVICES * 5, (i) =>
      (devices[i % DEVICES] as LoadDevice).publish(
        TOPIC,
        JSON.stringify({ secret: `secret-${round}-${i}`, durationMs: 60_000 }),
      ),
    )
    if (round > 0) rows.push(row)
  }
  for (const device of devices) device.end()
  await child.end()
  return summary(rows)
}

const barePosts = async (): Promise<Row> => {
  const child = await startChild('bench/peers/fastify.js', {})
  const app = createPoster(child.ready.http?.port as number, 'x'.repeat(400))
  const rows: Row[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const row = await measured(child, DEVICES * 5, async (i) =>
      ok(
        await app.post(`${V1}/claims`, {
          device: '00000000-0000-4000-8000-000000000000',
          secret: `secret-${round}-${i}`,
        }),
      ),
    )
    if (round > 0) rows.push(row)
  }
  app.end()
  await child.end()
  return summary(rows)
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** `undefined` without a `redis-server` on this machine. */
const onRedis = async (folder: string): Promise<Row | undefined> => {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const redis = spawn(
    'redis-server',
    [...args, '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'],
    {
      stdio: 'ignore',
    },
  )
  process.once('exit', () => redis.kill('SIGKILL'))
  try {
    return await wholeClaims(`redis://127.0.0.1:${port}`, folder)
  } finally {
    redis.kill('SIGTERM')
    await once(redis, 'exit')
  }
}

/** Claims end to end on each store, beside what the bare parts need for the same packets and requests. */
export const claim: Benchmark = {
  name: 'claim',
  about: `a whole claim, ${AT_ONCE} in flight, ${ROUNDS} rounds of ${DEVICES}: publish, POST, notice`,
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
    try {
      const publish = await barePublishes()
      const post = await barePosts()
      const embedded = await wholeClaims(`embedded:${join(folder, 'store')}`, folder)
      const redis = await onRedis(folder)
      const floor = publish.cpuUs + post.cpuUs
      const over = (row: Row) => ({ ...row, ratio: row.cpuUs / floor })
      return {
        'bare Aedes, the same publish': publish,
        'bare Fastify, the same POST': post,
        'Latchkey, embedded store': over(embedded),
        ...(redis === undefined ? {} : { 'Latchkey, Redis': over(redis) }),
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
