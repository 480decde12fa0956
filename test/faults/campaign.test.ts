import { expect, test } from '@jest/globals'
import { ALL, CLEAN, LIMIT_MS, metIn, runSmall, shownOf } from './small.ts'

test(
  'on the embedded store nothing is lost and nobody owns twice, whenever the process is killed',
  async () => {
    const outcome = await runSmall({ store: 'embedded', only: ['F1'] })
    expect(shownOf(outcome)).toEqual(CLEAN)
    expect(outcome.strikes).toEqual({ F1: 6 })
    expect(metIn(outcome)).toEqual(ALL)
  },
  LIMIT_MS,
)
