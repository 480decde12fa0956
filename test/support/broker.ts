import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { native } from '../../broker/dialects/native.ts'
import { type BrokerOptions, startBroker } from '../../broker/listen.ts'
import { silentLog } from '../../shared/log.ts'
import { noMetrics } from '../../shared/metrics.ts'
import type { Device } from '../../shared/model/records.ts'
import { openStore } from '../../shared/store/open.ts'
import { partsOn } from './parts.ts'

type Wanted = Partial<Pick<BrokerOptions, 'tls' | 'limits' | 'metrics'>>

/** A broker of ours alone, on a store of its own; devices are made past any gateway. */
export const startBrokerAlone = async (wanted: Wanted = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-broker-'))
  const store = await openStore({ url: `embedded:${folder}`, log: silentLog })
  const parts = await partsOn(store)
  const { registry, engine, delivery, now, project } = parts
  const broker = await startBroker({
    ...{ store, registry, engine, delivery, now, log: silentLog, metrics: noMetrics },
    dialects: [native],
    host: '127.0.0.1',
    port: 0,
    ...wanted,
  })
  let made = 0
  return {
    ...parts,
    port: broker.port,
    connected: broker.connected,
    makeDevice: async (): Promise<{ device: Device; token: string }> => {
      made += 1
      const device = await registry.devices.create({ project, name: `device-${made}` })
      if (device === 'name-taken') throw new Error('taken')
      return device
    },
    close: async () => {
      await broker.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type BrokerAlone = Awaited<ReturnType<typeof startBrokerAlone>>
