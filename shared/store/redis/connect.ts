import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { StoreDown, StoreUnfit } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Address, describeAddress, tlsOf } from './address.ts'
import { reasonOf, replyCode } from './failure.ts'

export type Client = Redis | Cluster

/** Two connections, because one that watches may do nothing else; a cluster keeps its own for that. */
export type Clients = { readonly commands: Client; readonly watching: Client }

/** Both, and how they end. */
export type Connection = Clients & { end(): void }

const START_WITHIN_MS = 4_000
const SLOWEST_RETRY_MS = 1_000

/** When to try again: soon, then about once a second, so that a Redis that returns is found within seconds. */
const retryStrategy = (times: number): number =>
  Math.min(SLOWEST_RETRY_MS, 50 * 2 ** Math.min(times, 10)) * (0.5 + Math.random() / 2)

/**
 * Nothing is queued while Redis is away and nothing is sent twice: a commit whose answer was lost may have been applied, and
 * sending it again would then answer `false` for it, or append its notices twice.
 */
const options = (address: Address) =>
  ({
    // RESP3 of ioredis 6.0.0 has known faults: research/tech.md 2.
    protocol: 2,
    connectTimeout: 2_000,
    commandTimeout: 3_000,
    // A peer that vanished without a word would else be found out only after minutes.
    socketTimeout: 3_000,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...tlsOf(address),
  }) satisfies RedisOptions

const alone = (address: Address, enableAutoPipelining: boolean) =>
  ({
    enableAutoPipelining,
    ...options(address),
    db: address.db,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy,
    // After a failover the old master answers READONLY: look for the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  }) satisfies RedisOptions

const single = (address: Address, pipelines: boolean): Redis =>
  new Redis({ ...alone(address, pipelines), ...address.hosts[0] })

const sentinel = (address: Address, pipelines: boolean): Redis =>
  new Redis({
    ...alone(address, pipelines),
    sentinels: address.hosts.map(({ host, port }) => ({ host, port })),
    name: address.master ?? '',
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: 2_000,
    // Else an old master that still lives would take writes for some 10 s more, all of them lost.
    failoverDetector: true,
    enableTLSForSentinelMode: address.tls,
  })

/** No automatic pipelines here: one that spans nodes cannot follow a slot that moves. */
const cluster = (address: Address): Cluster =>
  new Cluster([...address.hosts], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryStrategy,
    // 0: "connection closed" is not tried again, since the command may have been applied.
    retryDelayOnFailover: 0,
    redisOptions: options(address),
  })

const clientsOf = (address: Address): Clients => {
  switch (address.kind) {
    case 'single':
      return {
        commands: single(address, true),
        watching: single(address, false),
      }
    case 'sentinel':
      return {
        commands: sentinel(address, true),
        watching: sentinel(address, false),
      }
    case 'cluster': {
      const client = cluster(address)
      return { commands: client, watching: client }
    }
  }
}

/**
 * Connects, and keeps connected until `end`. Rejects with `StoreDown` when Redis is not there within 4 s,
 * and with `StoreUnfit` when it refuses to let us in.
 */
export const connect = async (address: Address, log: Log): Promise<Connection> => {
  const clients = clientsOf(address)
  const all = [...new Set([clients.commands, clients.watching])]
  let ended = false
  const end = (): void => {
    ended = true
    for (const client of all) client.disconnect()
  }
  try {
    await Promise.all(all.map(untilReady))
  } catch (error) {
    end()
    throw error
  }
  logChanges(clients.commands, describeAddress(address), log, () => ended)
  return { ...clients, end }
}

const untilReady = (client: Client): Promise<void> =>
  new Promise((resolve, reject) => {
    let last = 'no answer'
    const timer = setTimeout(() => {
      reject(new StoreDown(`redis cannot be reached: ${last}`))
    }, START_WITHIN_MS)
    // Stays for good: an error without a listener would end the process.
    client.on('error', (error: Error) => {
      const code = replyCode(error)
      last = reasonOf(error)
      if (code !== undefined && LOCKED_OUT.has(code)) {
        clearTimeout(timer)
        reject(new StoreUnfit([`redis does not let us in: ${LOCKED_OUT.get(code)}`]))
      }
    })
    client.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
    client.once('end', () => clearTimeout(timer))
    client.connect().catch(() => {})
  })

const LOCKED_OUT = new Map([
  ['WRONGPASS', 'the user name or password is wrong'],
  ['NOAUTH', 'it asks for a password'],
  ['NOPERM', 'this user lacks rights'],
])

/** One line when it goes and one when it is back, not one for each try. */
const logChanges = (client: Client, where: string, log: Log, ended: () => boolean): void => {
  let away = false
  let reason = 'the connection closed'
  client.on('error', (error: Error) => {
    reason = reasonOf(error)
  })
  client.on('close', () => {
    if (!away && !ended()) log.warn({ redis: where, reason }, 'redis went away')
    away = true
  })
  client.on('ready', () => {
    if (away) log.info({ redis: where }, 'redis is back')
    away = false
  })
}
