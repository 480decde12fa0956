import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { MUTANTS } from '../../faults/mutants.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { DIST, LIMIT_MS, runSmall } from './small.ts'

/** Those that show at once; `npm run faults -- --broken NAME` plays the others. */
const QUICK = ['check-then-act', 'undead']

describeWithRedis('nodes whose store is wrong', () => {
  test.each(QUICK)(
    'are found out by the campaign that a right store passes: %s',
    async (name) => {
      const mutant = MUTANTS.get(name)
      const { violations } = await runSmall({
        ...{ store: 'redis', claims: 80, only: mutant?.under, patienceMs: 1000 },
        ...{ program: join(DIST, 'faults/broken.js'), args: [name] },
      })
      const found = violations.map(({ invariant }) => invariant)
      expect(found).toEqual(expect.arrayContaining([...(mutant?.breaks ?? ['no such mutant'])]))
    },
    LIMIT_MS,
  )
})
