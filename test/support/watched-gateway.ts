import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildGateway } from '../../gateway/app.ts'
import { mode } from '../../gateway/dialects/mode/index.ts'
import { native } from '../../gateway/dialects/native/index.ts'
import { silentLog } from '../../shared/log.ts'
import { noMetrics } from '../../shared/metrics.ts'
import { openStore } from '../../shared/store/open.ts'
import { type Parts, partsOn } from './parts.ts'
import { type WatchedStore, watchStore } from './watched-store.ts'

/** A gateway on a real socket and a real store that is watched. */
export type WatchedGateway = {
  readonly httpUrl: string
  readonly store: WatchedStore
  readonly parts: Parts
  /** The next connection, as the gateway has it. */
  readonly nextConnection: () => Promise<Socket>
  readonly close: () => Promise<void>
}

export const startWatchedGateway = async (): Promise<WatchedGateway> => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-watched-'))
  const opened = await openStore({ url: `embedded:${folder}`, log: silentLog, allowUnsafe: false })
  const store = watchStore(opened)
  const parts = await partsOn(store)
  const gateway = await buildGateway({
    ...parts,
    store,
    now: Date.now,
    log: silentLog,
    metrics: noMetrics,
    publicUrl: () => '',
    dialects: [native, mode],
  })
  await gateway.listen({ host: '127.0.0.1', port: 0 })
  return {
    httpUrl: `http://127.0.0.1:${(gateway.server.address() as AddressInfo).port}`,
    store,
    parts,
    nextConnection: async () => (await once(gateway.server, 'connection'))[0] as Socket,
    close: async () => {
      await gateway.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
