import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { openRedis } from '../../shared/store/redis/store.ts'
import { describeWithRedis, freePort, startRedis } from '../support/redis-server.ts'
import { eventually, freshKeys, putOne, readOne } from './contract/opened.ts'

const startSentinel = async (masterPort: number) => {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-sentinel-'))
  const config = join(dir, 'sentinel.conf')
  writeFileSync(
    config,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
      'sentinel down-after-milliseconds main 1000',
      'sentinel failover-timeout main 2000',
    ].join('\n'),
  )
  const child = spawn('redis-server', [config, '--sentinel'], { stdio: 'ignore' })
  const client = new Redis({ host: '127.0.0.1', port, protocol: 2 })
  client.on('error', () => {})
  return {
    port,
    client,
    stop() {
      client.disconnect()
      child.kill('SIGKILL')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

describeWithRedis('the redis store with sentinels', () => {
  test('writes to the master they name, and to the new one after a failover', async () => {
    const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    const replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${master.port}`] })
    const before = new Redis({ host: '127.0.0.1', port: master.port, protocol: 2 })
    const attached = async () => String(await before.info('replication')).includes('state=online')
    await eventually(attached, Boolean, 10_000)
    before.disconnect()
    const sentinel = await startSentinel(master.port)
    try {
      const knowsReplica = async () =>
        String(await sentinel.client.call('SENTINEL', 'REPLICAS', 'main')).includes(
          String(replica.port),
        )
      await eventually(knowsReplica, Boolean, 15_000)
      const url = `redis+sentinel://127.0.0.1:${sentinel.port}/main`
      const store = await openRedis({ url })
      const a = freshKeys()('a')
      expect(await putOne(store, a, '1')).toBe(true)
      await eventually(
        () =>
          sentinel.client.call('SENTINEL', 'FAILOVER', 'main').then(
            () => true,
            () => false,
          ),
        Boolean,
      )
      const promoted = new Redis({ host: '127.0.0.1', port: replica.port, protocol: 2 })
      const isMaster = async () => String(await promoted.call('ROLE')).startsWith('master')
      expect(await eventually(isMaster, Boolean, 20_000)).toBe(true)
      promoted.disconnect()
      // Replication is asynchronous: what the old master took last may be lost, so we write until it arrives.
      const direct = await openRedis({ url: replica.url })
      const arrived = await eventually(
        async () => {
          await putOne(store, a, '2').catch(() => false)
          return (await readOne(direct, a))?.value === '2'
        },
        Boolean,
        20_000,
      )
      expect(arrived).toBe(true)
      await direct.close()
      await store.close()
    } finally {
      sentinel.stop()
      await replica.stop()
      await master.stop()
    }
  }, 60_000)
})
