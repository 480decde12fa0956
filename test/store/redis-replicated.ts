import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { eventually } from './contract/opened.ts'

/** A master and its replicas, which are up to date when this resolves. */
export type Replicated = {
  readonly master: RedisServer
  readonly replicas: readonly RedisServer[]
  stop(): Promise<void>
}

/** Starts them on free ports; `args` are for all. */
export const startReplicated = async (
  replicas: number,
  args: readonly string[] = [],
): Promise<Replicated> => {
  const more = ['--repl-diskless-sync-delay', '0', ...args]
  const master = await startRedis({ args: more })
  const others: RedisServer[] = []
  for (let n = 0; n < replicas; n++)
    others.push(await startRedis({ args: [...more, '--replicaof', `127.0.0.1 ${master.port}`] }))
  const admin = new Redis({ host: '127.0.0.1', port: master.port, protocol: 2 })
  try {
    const online = async () =>
      (await admin.info('replication')).split('state=online').length - 1 === replicas
    if (!(await eventually(online, Boolean, 20_000))) throw new Error('the replicas do not come')
    await admin.set('ready', '')
    if ((await admin.wait(replicas, 20_000)) < replicas) throw new Error('the replicas lag')
  } finally {
    admin.disconnect()
  }
  return {
    master,
    replicas: others,
    async stop() {
      for (const server of [...others, master]) {
        // SIGTERM is not obeyed while a replica writes its first AOF.
        await server.kill()
        await server.stop()
      }
    },
  }
}
