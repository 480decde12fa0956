import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { eventually } from '../store/contract/opened.ts'
import { startReplicated } from '../store/redis-replicated.ts'
import { freePort, type RedisServer } from '../support/redis-server.ts'

/** A master, two replicas and three sentinels that watch them. */
export type Sentinels = {
  readonly url: string
  readonly servers: readonly RedisServer[]
  /** The server that the sentinels call master now. */
  master(): Promise<RedisServer>
  /** Resolves when they name another one. */
  failedOver(from: RedisServer): Promise<RedisServer>
  stop(): Promise<void>
}

const SENTINELS = 3

const startSentinel = async (master: number) => {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-sentinel-'))
  const config = join(dir, 'sentinel.conf')
  writeFileSync(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor main 127.0.0.1 ${master} 2`,
      'sentinel down-after-milliseconds main 1000',
      'sentinel failover-timeout main 3000',
    ].join('\n'),
  )
  const child: ChildProcess = spawn('redis-server', [config, '--sentinel'], { stdio: 'ignore' })
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  const client = new Redis({ host: '127.0.0.1', port, protocol: 2 })
  client.on('error', () => undefined)
  return {
    ...{ port, client },
    stop() {
      client.disconnect()
      end()
      process.off('exit', end)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

type Sentinel = Awaited<ReturnType<typeof startSentinel>>

/** How many replicas and other sentinels one of them knows. */
const knownBy = async ({ client }: Sentinel): Promise<readonly [number, number]> => {
  const told = (await client.call('SENTINEL', 'MASTER', 'main').catch(() => [])) as string[]
  const of = (name: string) => Number(told[told.indexOf(name) + 1] ?? 0)
  return [of('num-slaves'), of('num-other-sentinels')]
}

/** Starts them; resolves when all know each other. */
export const startSentinels = async (): Promise<Sentinels> => {
  const replicated = await startReplicated(2)
  const servers = [replicated.master, ...replicated.replicas]
  const sentinels: Sentinel[] = []
  for (let n = 0; n < SENTINELS; n++) sentinels.push(await startSentinel(replicated.master.port))
  const areReady = async () => {
    const known = await Promise.all(sentinels.map(knownBy))
    return known.every(([replicas, others]) => replicas === 2 && others === SENTINELS - 1)
  }
  if (!(await eventually(areReady, Boolean, 30_000))) throw new Error('the sentinels do not meet')
  /** What most of them say, so that no answer is one of the past. */
  const masterPort = async (): Promise<number> => {
    const said = await Promise.all(
      sentinels.map(({ client }) => client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main')),
    )
    const ports = said.map((address) => Number((address as string[] | null)?.[1]))
    return ports.find((port) => ports.filter((other) => other === port).length > 1) ?? 0
  }
  const serverAt = (port: number) => servers.find((server) => server.port === port)
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/main`,
    servers,
    async master() {
      return serverAt(await masterPort()) as RedisServer
    },
    async failedOver(from) {
      const isOther = (port: number) => port !== 0 && port !== from.port
      const port = await eventually(masterPort, isOther, 20_000)
      if (!isOther(port)) throw new Error('there is no failover')
      return serverAt(port) as RedisServer
    },
    async stop() {
      for (const sentinel of sentinels) sentinel.stop()
      await replicated.stop()
    },
  }
}
