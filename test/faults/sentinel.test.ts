import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { describeWithRedis, type RedisServer } from '../support/redis-server.ts'
import { type Sentinels, startSentinels } from './sentinels.ts'
import { acknowledged, type Stage, startStage } from './stage.ts'

const SEED = Number(process.env.FAULTS_SEED ?? 9)
const REPLICAS = { LATCHKEY_REDIS_REPLICAS: '1' }

const ALONE_MS = 500

/** The replicas stand still, and their connections to this master are ended: what it takes now, it has alone. */
const leaveAlone = async (master: RedisServer, others: readonly RedisServer[]) => {
  for (const { pid } of others) process.kill(pid, 'SIGSTOP')
  const admin = new Redis({ host: '127.0.0.1', port: master.port, protocol: 2 })
  await admin.call('CLIENT', 'KILL', 'TYPE', 'replica')
  admin.disconnect()
}

describeWithRedis('sentinels name another master while devices are claimed on two nodes', () => {
  let redis: Sentinels | undefined
  let stage: Stage | undefined
  afterEach(async () => {
    await stage?.close()
    await redis?.stop()
  })

  test('after kill -9 of the master, with a replica waited for, nothing acknowledged is lost', async () => {
    redis = await startSentinels()
    stage = await startStage({ url: redis.url, seed: SEED, env: REPLICAS })
    const { playDuring, violations } = stage
    await playDuring(async () => {
      await acknowledged(stage as Stage, 5)
      const old = await (redis as Sentinels).master()
      // For a moment no replica follows: what is answered in it without waiting for one is lost.
      const others = (redis as Sentinels).servers.filter((server) => server !== old)
      await leaveAlone(old, others)
      await sleep(ALONE_MS)
      await old.kill()
      for (const { pid } of others) process.kill(pid, 'SIGCONT')
      await (redis as Sentinels).failedOver(old)
      await acknowledged(stage as Stage, 5)
    })
    expect(await violations()).toEqual([])
  }, 60_000)

  test('after the old master was stopped and goes on, nothing acknowledged is lost', async () => {
    redis = await startSentinels()
    stage = await startStage({ url: redis.url, seed: SEED + 1, env: REPLICAS })
    const { playDuring, violations } = stage
    await playDuring(async () => {
      await acknowledged(stage as Stage, 5)
      const old = await (redis as Sentinels).master()
      process.kill(old.pid, 'SIGSTOP')
      await (redis as Sentinels).failedOver(old)
      process.kill(old.pid, 'SIGCONT')
      await acknowledged(stage as Stage, 5)
    })
    expect(await violations()).toEqual([])
  }, 60_000)
})
