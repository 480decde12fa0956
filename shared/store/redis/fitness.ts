import { Cluster } from 'ioredis'
import { StoreUnfit } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Key } from '../port.ts'
import type { Replicas } from '../replicas.ts'
import type { Address } from './address.ts'
import { commitChange } from './commit.ts'
import type { Client } from './connect.ts'
import { countIn } from './count.ts'
import { down, replyCode } from './failure.ts'
import type { Layout } from './layout.ts'
import { tryWitness } from './replicas.ts'

type Info = ReadonlyMap<string, string>

/** What an INFO must say, and what to tell the operator otherwise. One row for each thing that could lose ownership. */
const demands: readonly ((info: Info, address: Address) => string | undefined)[] = [
  (info) => {
    const version = info.get('redis_version') ?? 'unknown'
    return Number.parseInt(version, 10) >= 7
      ? undefined
      : `its version is ${version}: 7.0 is needed`
  },
  (info) => (info.get('role') === 'master' ? undefined : 'it is a replica: name the master'),
  (info) =>
    info.get('aof_enabled') === '1'
      ? undefined
      : 'appendonly is off, so a restart could lose ownership: set "appendonly yes"',
  (info) => {
    const policy = info.get('maxmemory_policy') ?? 'unknown'
    return policy === 'noeviction'
      ? undefined
      : `maxmemory-policy is ${policy}, so ownership could be evicted: set "maxmemory-policy noeviction"`
  },
  (info, { kind }) =>
    info.get('cluster_enabled') === '1' && kind !== 'cluster'
      ? 'it is part of a cluster: use redis+cluster://'
      : undefined,
]

/**
 * Throws `StoreUnfit`, with every fault in words, when ownership would not be safe on this Redis;
 * with `allowUnsafe` faults are only logged, except missing rights.
 */
export const checkFitness = async (
  client: Client,
  address: Address,
  layout: Layout,
  {
    allowUnsafe,
    replicas,
    log,
  }: { allowUnsafe: boolean; replicas: Replicas | undefined; log: Log },
): Promise<void> => {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client]
  const faults = (await Promise.all(nodes.map((node) => faultsOf(node.info(), address)))).flat()
  const unique = [...new Set(faults)].map((fault) => `redis is not safe to use: ${fault}`)
  if (unique.length > 0 && !allowUnsafe) throw new StoreUnfit(unique)
  for (const fault of unique) log.warn({}, fault)
  if (!(await hasAllRights(client, layout, replicas)))
    throw new StoreUnfit([
      'redis does not let us in: this user lacks rights to the keys and channels latchkey:* or to a command of the commit script',
    ])
}

const faultsOf = async (reply: Promise<string>, address: Address): Promise<string[]> => {
  let info: Info
  try {
    info = parseInfo(await reply)
  } catch (error) {
    if (replyCode(error) !== 'NOPERM') throw down(error)
    return ['it cannot be checked, because this user may not call INFO']
  }
  return demands.map((demand) => demand(info, address)).filter((fault) => fault !== undefined)
}

const parseInfo = (text: string): Info =>
  new Map(
    text.split('\r\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, Math.max(0, colon)), line.slice(colon + 1)]
    }),
  )

/** Tries a change of every kind, on keys of its own: a right that is missing would else show half-way through a claim. */
const hasAllRights = async (
  client: Client,
  layout: Layout,
  replicas: Replicas | undefined,
): Promise<boolean> => {
  const key = '{~probe}' as Key
  const change = {
    expect: [{ key: '{~probe}never' as Key, version: undefined }],
    put: [
      { key, value: '', expiresAt: Date.now() },
      { key, value: '' },
    ],
    remove: [key],
    add: [{ index: key, member: '' }],
    drop: [{ index: key, member: '' }],
    append: [
      { log: key, item: '', keep: 1 },
      { log: key, item: '', keep: 1, ttlMs: 1 },
    ],
    before: Number.MAX_SAFE_INTEGER,
  }
  try {
    await commitChange(client, layout, change, 'probe')
    await countIn(client, layout.counter(key), 1, 1)
    await countIn(client, layout.counter(key), 1, 0)
    await client.publish(layout.channel('probe'), '')
    if (replicas !== undefined) await tryWitness(client, layout)
    return true
  } catch (error) {
    if (DENIED.test(String(error))) return false
    throw down(error)
  }
}

// Of Redis itself, and of its scripts.
const DENIED = /NOPERM|user executing the script/
