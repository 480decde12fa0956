import type { Log } from '../shared/log.ts'
import type { DeviceId } from '../shared/model/ids.ts'
import type { Presence } from '../shared/model/records.ts'
import { keys } from '../shared/store/keys.ts'
import type { Store } from '../shared/store/port.ts'
import { put, readMany, readOne, transact, unchanged } from '../shared/store/transact.ts'
import { type Connection, cut } from './connection.ts'
import { REASON_CODES } from './front/fault.ts'

const CHANNEL = 'presence'

type Taken = { readonly device: DeviceId; readonly node: string; readonly generation: number }

type PresenceOptions = {
  readonly store: Store
  readonly node: string
  readonly now: () => number
  readonly log: Log
}

/** A wake-up may be lost: so many holders are compared with their records this often. */
const SWEEP_MS = 1000
const SWEEP_AT_ONCE = 1000

/**
 * Who holds a device's live connection: the newest, exactly one, on one node or on many. Here it is a map, between
 * nodes a record whose generation only rises: a node ends what it holds as soon as it hears of a higher one.
 */
export const createPresence = ({ store, node, now, log }: PresenceOptions) => {
  const holders = new Map<DeviceId, Connection>()
  const lines = new Map<DeviceId, Promise<unknown>>()

  const record = ({ project, device }: Connection): Promise<number> =>
    transact(store, async () => {
      const present = await readOne<Presence>(store, keys.presence(project, device))
      const generation = (present.value?.generation ?? 0) + 1
      const presence: Presence = { node, generation, at: now() }
      return {
        result: generation,
        change: { expect: [unchanged(present)], put: [put(present.key, presence)] },
      }
    })

  /** One after the other for one device, so that generations follow the order of the connections. */
  const inLine = async <T>(device: DeviceId, step: () => Promise<T>): Promise<T> => {
    const before = lines.get(device) ?? Promise.resolve()
    const mine = before.then(step, step)
    const settled = mine.catch(() => undefined)
    lines.set(device, settled)
    try {
      return await mine
    } finally {
      if (lines.get(device) === settled) lines.delete(device)
    }
  }

  /** The connection becomes the device's only one. `false`: a newer one came meanwhile. */
  const take = async (connection: Connection): Promise<boolean> => {
    const { device } = connection
    const former = holders.get(device)
    holders.set(device, connection)
    if (former !== undefined) cut(former, REASON_CODES.sessionTakenOver)
    await inLine(device, async () => {
      if (holders.get(device) !== connection) return
      connection.generation = await record(connection)
      // Another node may have been heard of before our own number was known.
      if (connection.rival > connection.generation) return yieldTo(connection)
      const taken: Taken = { device, node, generation: connection.generation }
      await store.announce(CHANNEL, JSON.stringify(taken))
    })
    return holders.get(device) === connection
  }

  /** The connection is over. */
  const leave = (connection: Connection): void => {
    if (holders.get(connection.device) === connection) holders.delete(connection.device)
  }

  /** A newer connection of the device lives on another node. */
  const yieldTo = (held: Connection): void => {
    leave(held)
    cut(held, REASON_CODES.sessionTakenOver)
  }

  const compare = (held: Connection, generation: number): void => {
    held.rival = Math.max(held.rival, generation)
    if (held.generation !== 0 && held.rival > held.generation) yieldTo(held)
  }

  const hear = (message: string): void => {
    const taken = JSON.parse(message) as Taken
    const held = holders.get(taken.device)
    if (held !== undefined && taken.node !== node) compare(held, taken.generation)
  }

  /** The next holders in turn, of one project: keys of one call carry one tag. */
  const nextInTurn = (turn: Iterator<Connection>): Connection[] => {
    const batch: Connection[] = []
    while (batch.length < SWEEP_AT_ONCE) {
      const { done, value } = turn.next()
      if (done) break
      if (value.generation === 0) continue
      if (batch[0] !== undefined && batch[0].project !== value.project) break
      batch.push(value)
    }
    return batch
  }

  const sweep = async (turn: Iterator<Connection>): Promise<number> => {
    const batch = nextInTurn(turn)
    const wanted = batch.map(({ project, device }) => keys.presence(project, device))
    const records = await readMany<Presence>(store, wanted)
    records.forEach(({ value }, place) => {
      const held = batch[place] as Connection
      if (value !== undefined && value.node !== node && holders.get(held.device) === held)
        compare(held, value.generation)
    })
    return batch.length
  }

  /** Begins to hear of the other nodes; the answer ends it. */
  const listen = async (): Promise<() => Promise<void>> => {
    const unwatch = await store.watch(CHANNEL, hear)
    let turn = holders.values()
    let isSweeping = false
    const timer = setInterval(() => {
      if (isSweeping) return
      isSweeping = true
      sweep(turn)
        .then((count) => {
          if (count === 0) turn = holders.values()
        })
        .catch((cause: unknown) => log.debug({ err: cause }, 'presence waits for the store'))
        .finally(() => {
          isSweeping = false
        })
    }, SWEEP_MS)
    timer.unref()
    return async () => {
      clearInterval(timer)
      await unwatch()
    }
  }

  return {
    take,
    leave,
    holder: (device: DeviceId): Connection | undefined => holders.get(device),
    all: (): readonly Connection[] => [...holders.values()],
    /** How many devices are connected here. */
    size: () => holders.size,
    listen,
  }
}

export type PresenceBook = ReturnType<typeof createPresence>
