import { afterAll, beforeAll, describe } from '@jest/globals'
import { countersContract } from './contract/counters.ts'
import { entriesContract } from './contract/entries.ts'
import { indexesContract } from './contract/indexes.ts'
import { lifetimeContract } from './contract/lifetime.ts'
import { logsContract } from './contract/logs.ts'
import type { Opened, OpenStore } from './contract/opened.ts'
import { racesContract } from './contract/races.ts'
import { wakeupsContract } from './contract/wakeups.ts'

export type { Opened, OpenStore } from './contract/opened.ts'

/** Every promise of `shared/store/port.ts`, to be kept by each store: run it with a way to open one. */
export const storeContract = (name: string, open: OpenStore): void => {
  describe(`${name} keeps the contract of a store`, () => {
    let opened: Opened
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(async () => {
      await opened.dispose()
    })
    const store = () => opened.store

    entriesContract(store)
    racesContract(store)
    indexesContract(store)
    logsContract(store)
    countersContract(store)
    wakeupsContract(store)
    lifetimeContract(open)
  })
}
