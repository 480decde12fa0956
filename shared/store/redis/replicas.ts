import { Cluster, type Redis } from 'ioredis'
import { StoreDown } from '../../errors.ts'
import type { Key } from '../port.ts'
import type { Replicas } from '../replicas.ts'
import type { Client } from './connect.ts'
import { down } from './failure.ts'
import type { Layout } from './layout.ts'
import { slotOf } from './slot.ts'

/** Holds an answer back until it is true on the replicas, too. */
export type Witness = <T>(key: Key, ask: () => Promise<T>) => Promise<T>

/** One connection to one master: `WAIT` speaks of what was done there. */
type Line = { readonly redis: Redis; readonly stream: Redis['stream'] | undefined }

/** Rounds of one connection: at most one is under way, and whoever comes meanwhile shares the next. */
type Rounds = { running?: Promise<void>; next?: Promise<void> | undefined }

/**
 * Writes something, so that replicas have to answer anew: a master that was cut off has their older answers still.
 * To replicas only: the AOF needs no marks. What is written is as large every time, so it goes also where memory is full.
 *
 * KEYS  1 the mark
 */
const MARK = `#!lua flags=allow-oom
redis.set_repl(redis.REPL_REPLICA)
redis.call('SET', KEYS[1], '', 'PX', 60000)
`

/**
 * Asks, and answers only when all that the answer rests on is on `count` replicas: what was written, and what was
 * read, which may be somebody's write of this moment. Rejects with `StoreDown` when fewer have it in time, or when
 * the connection changed meanwhile (another master may not have it); then the outcome is unknown. One `WAIT`
 * serves all that were answered before it was sent.
 */
export const createWitness = (client: Client, layout: Layout, replicas: Replicas): Witness => {
  const { count, withinMs } = replicas
  const rounds = new WeakMap<Redis, Rounds>()

  const round = async ({ redis, stream }: Line, mark: string): Promise<void> => {
    if (redis.stream !== stream) throw new StoreDown(CHANGED)
    const replies = await redis.pipeline().eval(MARK, 1, mark).wait(count, withinMs).exec()
    for (const [error] of replies ?? []) if (error !== null) throw down(error)
    if (redis.stream !== stream) throw new StoreDown(CHANGED)
    const have = Number(replies?.[1]?.[1] ?? 0)
    if (have < count) throw new StoreDown(`redis: ${have} of ${count} replicas have it`)
  }
  const nextRound = (line: Line, mark: string): Promise<void> => {
    const turn = rounds.get(line.redis) ?? {}
    rounds.set(line.redis, turn)
    const start = async (): Promise<void> => {
      await turn.running?.catch(() => undefined)
      turn.next = undefined
      turn.running = round(line, mark)
      await turn.running
    }
    turn.next ??= start()
    return turn.next
  }
  return async (key, ask) => {
    const name = layout.entry(key)
    const before = lineTo(client, name)
    const answer = await ask()
    const line = lineTo(client, name)
    if (before?.redis !== line?.redis || line?.stream === undefined) throw new StoreDown(CHANGED)
    if (before?.stream !== undefined && before.stream !== line.stream) throw new StoreDown(CHANGED)
    await nextRound(line, markBeside(name))
    return answer
  }
}

const CHANGED = 'redis: the connection changed meanwhile'

/** The connection that commands about what is called so go by. */
const lineTo = (client: Client, name: string): Line | undefined => {
  const redis = client instanceof Cluster ? masterOf(client, name) : client
  return redis && { redis, stream: redis.stream as Line['stream'] }
}

const masterOf = (cluster: Cluster, name: string): Redis | undefined => {
  const address = cluster.slots[slotOf(name)]?.[0]
  return cluster
    .nodes('master')
    .find(({ options: { host, port } }) => `${host}:${port}` === address)
}

/** In the same slot: a key begins with its tag. */
const markBeside = (name: string): string => `${name.slice(0, name.indexOf('}') + 1)}~mark`

/** Tries both commands; rejects as Redis does. Needs no replica. */
export const tryWitness = async (client: Client, layout: Layout): Promise<void> => {
  await client.eval(MARK, 1, markBeside(layout.entry('{~probe}' as Key)))
  await client.wait(0, 1)
}
