import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openEmbedded } from '../../shared/store/embedded/store.ts'
import type { Store } from '../../shared/store/port.ts'
import { openRedis } from '../../shared/store/redis/store.ts'
import { anyRedis, describeWithAnyRedis } from '../support/redis-server.ts'
import { storeContract } from './contract.ts'
import { play, step } from './history.ts'
import { createModel } from './model.ts'

const RUNS = { numRuns: 120, seed: 20_261_120 }

storeContract('the model', async () => {
  const store = createModel()
  return { store, dispose: () => store.close() }
})

/** Any history gives the same answers as in the model. */
const agrees = (store: Store): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const tag = randomUUID()
      expect(await play(store, tag, steps)).toEqual(await play(createModel(), tag, steps))
    }),
    RUNS,
  )

describe('random histories', () => {
  test('give the same answers in the embedded store as in the model', async () => {
    const path = mkdtempSync(join(tmpdir(), 'latchkey-model-'))
    const store = await openEmbedded({ path })
    try {
      await agrees(store)
    } finally {
      await store.close()
      rmSync(path, { recursive: true, force: true })
    }
  })
})

describeWithAnyRedis('random histories on redis', () => {
  test('give the same answers in the redis store as in the model', async () => {
    const server = await anyRedis()
    const store = await openRedis({
      url: server.url,
      prefix: `test-${randomUUID()}:`,
      allowUnsafe: true,
    })
    try {
      await agrees(store)
    } finally {
      await store.close()
      await server.stop()
    }
  })
})
