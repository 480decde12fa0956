import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from '@jest/globals'

/** A real `redis-server` on a free port of the loopback. */
export type RedisServer = {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Ends it in order and removes its folder. Idempotent. */
  stop(): Promise<void>
  /** Ends it as a power cut would: SIGKILL. */
  kill(): Promise<void>
  /** Starts it again on the same port and data; `pid` is the new one. */
  restart(): Promise<void>
}

const SAFE = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction']
const QUIET = [
  '--shutdown-timeout',
  '0',
  '--save',
  '',
  '--bind',
  '127.0.0.1',
  '--loglevel',
  'warning',
]

/** Whether there is a `redis-server` to start. */
export const redisAvailable = (): boolean =>
  spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0

/** Like `describe`, reported as skipped by name where no Redis can be started; with `CI=true` that is a failure. */
export const describeWithRedis = (name: string, define: () => void): void =>
  describeIf(redisAvailable(), name, define)

/** The same for tests that only need some Redis: the one of `REDIS_URL` does too. */
export const describeWithAnyRedis = (name: string, define: () => void): void =>
  describeIf(redisAvailable() || process.env.REDIS_URL !== undefined, name, define)

const describeIf = (available: boolean, name: string, define: () => void): void => {
  if (available) describe(name, define)
  else if (process.env.CI !== 'true')
    describe.skip(`${name} (skipped: there is no redis-server)`, define)
  else
    test(`${name}: a redis-server is needed, because CI=true`, () => {
      throw new Error('there is no redis-server in PATH')
    })
}

/** A Redis of our own, or where none can be started the one of `REDIS_URL`, which others may use too. */
export const anyRedis = async (): Promise<Pick<RedisServer, 'url' | 'stop'>> => {
  const url = process.env.REDIS_URL
  return redisAvailable() || url === undefined ? startRedis() : { url, stop: async () => {} }
}

/** Starts a Redis that is safe to use (AOF, noeviction); `args` come last and so win. It always ends with this process. */
export const startRedis = async (
  options: {
    readonly args?: readonly string[]
    readonly dir?: string
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Promise<RedisServer> => {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'latchkey-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--dir', dir, ...SAFE, ...QUIET, ...(options.args ?? [])]
  let child = await launch(args, port, options.env)
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGCONT')
    child.kill(signal)
    await gone
  }
  const endAtExit = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', endAtExit)
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0
    },
    async stop() {
      await end('SIGTERM')
      process.off('exit', endAtExit)
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true })
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM')
      child = await launch(args, port, options.env)
    },
  }
}

/** A port of the loopback that nobody listens on now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })

const launch = async (
  args: readonly string[],
  port: number,
  env: Readonly<Record<string, string>> = {},
): Promise<ChildProcess> => {
  const child = spawn('redis-server', args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString()
  })
  for (let tries = 0; tries < 400; tries++) {
    if (child.exitCode !== null) throw new Error(`redis-server ended: ${said}`)
    if (await answers(port)) return child
    await sleep(25)
  }
  child.kill('SIGKILL')
  throw new Error(`redis-server does not answer: ${said}`)
}

/** Whether it is up and has read its data; one that asks for a password is up too. */
const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port }, () => socket.write('PING\r\n'))
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
    socket.once('data', (data) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString()))
      socket.destroy()
    })
  })
