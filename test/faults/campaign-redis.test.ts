import { expect, test } from '@jest/globals'
import { describeWithRedis } from '../support/redis-server.ts'
import { ALL, CLEAN, LIMIT_MS, metIn, runSmall, shownOf } from './small.ts'

describeWithRedis('faults of processes on one Redis', () => {
  test(
    'nothing is lost and nobody owns twice, whichever is killed, Redis too',
    async () => {
      const outcome = await runSmall({ store: 'redis', only: ['F1', 'F2', 'F3'] })
      expect(shownOf(outcome)).toEqual(CLEAN)
      expect(outcome.strikes).toEqual({ F1: 2, F2: 2, F3: 2 })
      expect(metIn(outcome)).toEqual(ALL)
    },
    LIMIT_MS,
  )
})
