import type { DeviceId } from '../shared/model/ids.ts'
import type { Presence } from '../shared/model/records.ts'
import { keys } from '../shared/store/keys.ts'
import type { Store } from '../shared/store/port.ts'
import { put, readOne, transact, unchanged } from '../shared/store/transact.ts'
import { type Connection, cut } from './connection.ts'
import { REASON_CODES } from './front/fault.ts'

const CHANNEL = 'presence'

type Taken = { readonly device: DeviceId; readonly node: string; readonly generation: number }

type PresenceOptions = { readonly store: Store; readonly node: string; readonly now: () => number }

/**
 * Who holds a device's live connection: the newest, exactly one, on one node or on many. Here it is a map, between
 * nodes a record whose generation only rises: a node ends what it holds as soon as it hears of a higher one.
 */
export const createPresence = ({ store, node, now }: PresenceOptions) => {
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
      const taken: Taken = { device, node, generation: connection.generation }
      await store.announce(CHANNEL, JSON.stringify(taken))
    })
    return holders.get(device) === connection
  }

  /** The connection is over. */
  const leave = (connection: Connection): void => {
    if (holders.get(connection.device) === connection) holders.delete(connection.device)
  }

  const hear = (message: string): void => {
    const taken = JSON.parse(message) as Taken
    const held = holders.get(taken.device)
    if (held === undefined || taken.node === node || held.generation === 0) return
    if (taken.generation > held.generation) cut(held, REASON_CODES.sessionTakenOver)
  }

  return {
    take,
    leave,
    holder: (device: DeviceId): Connection | undefined => holders.get(device),
    /** How many devices are connected here. */
    size: () => holders.size,
    /** Begins to hear of the other nodes; the answer ends it. */
    listen: () => store.watch(CHANNEL, hear),
  }
}

export type PresenceBook = ReturnType<typeof createPresence>
