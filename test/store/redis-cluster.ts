import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort, type RedisServer, startRedis } from '../support/redis-server.ts'

/** Three masters that share the slots, and perhaps a replica of each. */
export type RedisCluster = {
  readonly url: string
  readonly nodes: readonly RedisServer[]
  /** In the order of their masters. */
  readonly replicas: readonly RedisServer[]
  stop(): Promise<void>
}

const LAST_SLOT = 16_383

const MASTERS = 3

/** Starts a Redis Cluster of three masters on free ports: about two seconds, a few more with replicas. */
export const startCluster = async ({ replicas = false } = {}): Promise<RedisCluster> => {
  const nodes: RedisServer[] = []
  for (let n = 0; n < (replicas ? 2 : 1) * MASTERS; n++) {
    const bus = String(await freePort())
    const args = [
      '--cluster-enabled',
      'yes',
      '--cluster-port',
      bus,
      '--cluster-node-timeout',
      '2000',
      '--repl-diskless-sync-delay',
      '0',
      // Else one lost master stops all of them.
      '--cluster-require-full-coverage',
      'no',
    ]
    nodes.push(await startRedis({ args: [...args, '--cluster-announce-bus-port', bus] }))
  }
  const clients = nodes.map(({ port }) => new Redis({ host: '127.0.0.1', port, protocol: 2 }))
  try {
    await join(clients, nodes)
  } finally {
    for (const client of clients) client.disconnect()
  }
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes: nodes.slice(0, MASTERS),
    replicas: nodes.slice(MASTERS),
    async stop() {
      for (const node of nodes) {
        // SIGTERM is not obeyed while a replica writes its first AOF.
        if (replicas) await node.kill()
        await node.stop()
      }
    },
  }
}

const join = async (clients: readonly Redis[], nodes: readonly RedisServer[]): Promise<void> => {
  const share = Math.ceil(LAST_SLOT / MASTERS)
  for (const [n, client] of clients.entries()) {
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1)
    if (n >= MASTERS) continue
    const last = n === MASTERS - 1 ? LAST_SLOT : (n + 1) * share - 1
    await client.call('CLUSTER', 'ADDSLOTSRANGE', n * share, last)
  }
  const config = await clients[0]?.call('CONFIG', 'GET', 'cluster-port')
  const bus = (config as string[])[1] ?? ''
  for (const client of clients.slice(1))
    await client.call('CLUSTER', 'MEET', '127.0.0.1', nodes[0]?.port ?? 0, bus)
  const ready = async (client: Redis): Promise<boolean> => {
    const info = String(await client.call('CLUSTER', 'INFO'))
    return (
      info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${clients.length}`)
    )
  }
  await until(async () => (await Promise.all(clients.map(ready))).every(Boolean))
  for (const [n, client] of clients.slice(MASTERS).entries()) {
    const master = String(await clients[n]?.call('CLUSTER', 'MYID'))
    await client.call('CLUSTER', 'REPLICATE', master)
    await until(async () => (await client.info('replication')).includes('master_link_status:up'))
  }
}

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 400; tries++) {
    if (await isSo()) return
    await sleep(25)
  }
  throw new Error('the cluster does not come together')
}
