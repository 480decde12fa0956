import { StoreUnfit } from '../errors.ts'
import type { Log } from '../log.ts'
import { openEmbedded } from './embedded/store.ts'
import type { Store } from './port.ts'
import { openRedis } from './redis/store.ts'
import type { Replicas } from './replicas.ts'

/**
 * `url`: `embedded:FOLDER` or a redis form; `allowUnsafe`: run even on a Redis that could lose ownership;
 * `replicas`: of a Redis, that have what is answered.
 */
export type OpenOptions = {
  readonly url: string
  readonly log: Log
  readonly allowUnsafe?: boolean
  readonly replicas?: Replicas
}

type Opener = (options: OpenOptions) => Promise<Store>

/** One row for each kind of store. */
const openers = new Map<string, Opener>([
  ['embedded', ({ url, log }) => openEmbedded({ path: url.slice('embedded:'.length), log })],
  ['redis', openRedis],
  ['rediss', openRedis],
  ['redis+cluster', openRedis],
  ['rediss+cluster', openRedis],
  ['redis+sentinel', openRedis],
  ['rediss+sentinel', openRedis],
])

/** Opens the store that a URL names. Rejects with `StoreUnfit` (wrong or unsafe) or `StoreDown` (out of reach). */
export const openStore = async (options: OpenOptions): Promise<Store> => {
  const scheme = options.url.slice(0, Math.max(0, options.url.indexOf(':')))
  const opener = openers.get(scheme)
  if (opener === undefined)
    throw new StoreUnfit([`the store must be one of ${[...openers.keys()].join(', ')}`])
  return opener(options)
}
