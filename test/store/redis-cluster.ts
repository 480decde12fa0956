import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort, type RedisServer, startRedis } from '../support/redis-server.ts'

/** Three masters that share the slots. */
export type RedisCluster = {
  readonly url: string
  readonly nodes: readonly RedisServer[]
  stop(): Promise<void>
}

const LAST_SLOT = 16_383

/** Starts a Redis Cluster of three masters on free ports: about two seconds. */
export const startCluster = async (): Promise<RedisCluster> => {
  const nodes: RedisServer[] = []
  for (let n = 0; n < 3; n++) {
    const bus = String(await freePort())
    const args = [
      '--cluster-enabled',
      'yes',
      '--cluster-port',
      bus,
      '--cluster-node-timeout',
      '2000',
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
    nodes,
    async stop() {
      for (const node of nodes) await node.stop()
    },
  }
}

const join = async (clients: readonly Redis[], nodes: readonly RedisServer[]): Promise<void> => {
  const share = Math.ceil(LAST_SLOT / clients.length)
  for (const [n, client] of clients.entries()) {
    const last = Math.min(LAST_SLOT, (n + 1) * share - 1)
    await client.call(
      'CLUSTER',
      'ADDSLOTSRANGE',
      n * share,
      n === clients.length - 1 ? LAST_SLOT : last,
    )
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1)
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
  for (let tries = 0; tries < 400; tries++) {
    if ((await Promise.all(clients.map(ready))).every(Boolean)) return
    await sleep(25)
  }
  throw new Error('the cluster does not come together')
}
