import { afterEach, expect, test } from '@jest/globals'
import type { Node } from '../../faults/node.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import { acknowledged, type Stage, startStage } from './stage.ts'

const SEED = Number(process.env.FAULTS_SEED ?? 18)
/** `ROLLING_RESTARTS=20` is the long form. */
const LONG = process.env.ROLLING_RESTARTS
/** CONTRACT 1. */
const LONGEST_STOP_MS = 10_000
const PATIENCE_MS = 60_000 + Number(LONG ?? 0) * 10_000

const ROLES: readonly (readonly [number, string, readonly Node['role'][]])[] = [
  [Number(LONG ?? 3), 'two nodes that do everything', ['all', 'all']],
  [Number(LONG ?? 2), 'two gateways and two brokers', ['gateway', 'broker', 'gateway', 'broker']],
]

describeWithRedis('nodes that are restarted one after the other under claims', () => {
  let redis: RedisServer | undefined
  let stage: Stage | undefined
  afterEach(async () => {
    await stage?.close()
    await redis?.stop()
  })

  test.each(ROLES)(
    '%i times, %s: nothing acknowledged is lost, and all answers are good or may be asked for again',
    async (restarts, words, roles) => {
      redis = await startRedis()
      stage = await startStage({ url: redis.url, seed: SEED, roles })
      const { playDuring, violations, progress, system } = stage
      const took: number[] = []
      await playDuring(async () => {
        for (let n = 0; n < restarts; n++) {
          const node = system.nodes[n % system.nodes.length] as Node
          const began = performance.now()
          expect(await node.end()).toBe(0)
          took.push(Math.round(performance.now() - began))
          await acknowledged(stage as Stage, 2)
          await node.start()
          await acknowledged(stage as Stage, 2)
        }
      })
      expect(await violations()).toEqual([])
      expect(Math.max(...took)).toBeLessThan(LONGEST_STOP_MS)
      if (LONG !== undefined)
        process.stderr.write(`${words}: ${JSON.stringify({ ...progress, exitMs: took })}\n`)
    },
    PATIENCE_MS,
  )
})
