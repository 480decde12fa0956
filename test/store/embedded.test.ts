import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded } from '../../shared/store/embedded/store.ts'
import { storeContract } from './contract.ts'

storeContract('the embedded store', async () => {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-store-'))
  let store = await openEmbedded({ path })
  return {
    store,
    reopen: async () => {
      await store.close()
      store = await openEmbedded({ path })
      return store
    },
    dispose: async () => {
      await store.close()
      rmSync(path, { recursive: true, force: true })
    },
  }
})
