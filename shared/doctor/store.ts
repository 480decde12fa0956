import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { StoreDown, StoreUnfit } from '../errors.ts'
import { silentLog } from '../log.ts'
import { schemaFault, schemaOf } from '../schema/prepare.ts'
import { openEmbedded } from '../store/embedded/store.ts'
import { openStore } from '../store/open.ts'
import type { Key, Store } from '../store/port.ts'
import { type Finding, fault, good, warning } from './finding.ts'

/** A store that was reached. `onlyReads`: a server has it. */
export type Reached = { readonly store: Store; readonly onlyReads: boolean }

const NAME = 'store'
const IN_USE = /is in use (by another|already by this) process/

const beside = async (path: string): Promise<Reached> => ({
  store: await openEmbedded({ path, onlyReads: true }),
  onlyReads: true,
})

/** Opens the store as a server does, or beside the one that has it. */
export const reach = async ({
  store: url,
  storeUnsafe,
}: Pick<Config, 'store' | 'storeUnsafe'>): Promise<{
  readonly findings: readonly Finding[]
  readonly reached?: Reached
}> => {
  const folder = /^embedded:(.+)$/.exec(url)?.[1]
  if (folder !== undefined && !existsSync(join(folder, 'data.mdb')))
    return { findings: [warning(NAME, `there is none in ${folder}`, 'the first start makes it')] }
  try {
    const store = await openStore({ url, log: silentLog, allowUnsafe: storeUnsafe })
    await store.ping()
    return { findings: [good(NAME, 'takes commits')], reached: { store, onlyReads: false } }
  } catch (cause) {
    if (cause instanceof StoreUnfit && cause.faults.every((one) => IN_USE.test(one)))
      return {
        findings: [good(NAME, 'a server has it; it is only read here')],
        reached: await beside(url.slice('embedded:'.length)),
      }
    if (cause instanceof StoreUnfit)
      return { findings: cause.faults.map((one) => fault(NAME, one, 'docs/operations.md, Redis')) }
    if (cause instanceof StoreDown)
      return { findings: [fault(NAME, cause.message, 'start it, and check LATCHKEY_STORE')] }
    throw cause
  }
}

/** How far the clocks of this machine and of the store may be apart, ms: as much as tidying up allows for. */
const APART_MS = 5000

/** Whether the store's own clock tells the same time: it decides at the very end of a window. */
export const checkClock = async ({ store, onlyReads }: Reached): Promise<Finding> => {
  const name = 'clock'
  if (onlyReads) return good(name, 'the store is on this machine')
  const put = [{ key: '{~probe}clock' as Key, value: '', expiresAt: Date.now() }]
  const isBefore = (at: number) => store.commit({ put, before: at })
  if (await isBefore(Date.now() - APART_MS))
    return fault(
      name,
      `the store's clock is more than ${APART_MS / 1000} s behind`,
      'set both by NTP',
    )
  return (await isBefore(Date.now() + APART_MS))
    ? good(name, 'agrees with the store')
    : fault(name, `the store's clock is more than ${APART_MS / 1000} s ahead`, 'set both by NTP')
}

/** Whether this program may use what the store keeps. */
export const checkSchema = async ({ store }: Reached): Promise<Finding> => {
  const name = 'schema'
  const schema = await schemaOf(store)
  const why = schemaFault(schema)
  if (why !== undefined) return fault(name, why, 'use the program that wrote it, or a newer one')
  return schema.under === undefined
    ? good(name, `version ${schema.version}`)
    : warning(name, `on its way to version ${schema.under.to}`, 'wait until the server is ready')
}
