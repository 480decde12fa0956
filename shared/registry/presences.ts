import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { Device, Presence } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Key, Store } from '../store/port.ts'
import { readOne, readSeen } from '../store/transact.ts'

/** A node that has not said for so long that it lives holds nothing, ms. */
export const NODE_TTL_MS = 30_000

/** What can carry a device's live connection: MQTT, or a WebSocket that only hears. One of each at a time. */
export type Carrier = 'mqtt' | 'socket'

type CarrierRow = {
  /** The wake-up that tells who has taken a device's place. */
  readonly channel: string
  readonly placeOf: (project: ProjectId, device: DeviceId) => Key
  readonly others: readonly Carrier[]
}

export const CARRIERS: Readonly<Record<Carrier, CarrierRow>> = {
  mqtt: { channel: 'presence', placeOf: keys.presence, others: ['socket'] },
  socket: { channel: 'socket-presence', placeOf: keys.socketPresence, others: ['mqtt'] },
}

/** Whether a device is connected now, and when that began and ended last (epoch ms). */
export type Connectedness = {
  readonly isConnected: boolean
  readonly connectedAt?: number
  readonly disconnectedAt?: number
}

type Node = { readonly expiresAt: number }

/** Whether a connection is held by a node that lives. */
export const isLive = async (
  store: Store,
  presence: Presence | undefined,
  now: number,
): Promise<boolean> => {
  if (presence === undefined || presence.goneAt !== undefined) return false
  const { value } = await readOne<Node>(store, keys.node(presence.node))
  return value !== undefined && now < value.expiresAt
}

const latest = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((at) => at !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Who is connected, on any node. */
export const createPresences = ({ store, now }: { store: Store; now: () => number }) => {
  const nodesOf = async (present: readonly (Presence | undefined)[]) => {
    const held = present.flatMap((one) => (one && one.goneAt === undefined ? [one] : []))
    const byNode = new Map(held.map((one) => [one.node, one]))
    const live = await Promise.all([...byNode.values()].map((one) => isLive(store, one, now())))
    return new Set([...byNode.keys()].filter((_, place) => live[place]))
  }

  const ways = Object.values(CARRIERS)

  /** Of devices of one project, in their order. */
  const of = async (devices: readonly Device[]): Promise<Connectedness[]> => {
    const places = devices.flatMap(({ project, id }) =>
      ways.map(({ placeOf }) => placeOf(project, id)),
    )
    const present = await readSeen<Presence>(store, places)
    const live = await nodesOf(present)
    return devices.map((_, place) => {
      const own = present.slice(place * ways.length, (place + 1) * ways.length)
      const connectedAt = latest(own.map((one) => one?.at))
      const disconnectedAt = latest(own.map((one) => one?.goneAt))
      return {
        isConnected: own.some((one) => one?.goneAt === undefined && live.has(one?.node ?? '')),
        ...(connectedAt === undefined ? {} : { connectedAt }),
        ...(disconnectedAt === undefined ? {} : { disconnectedAt }),
      }
    })
  }

  return { of }
}

export type Presences = ReturnType<typeof createPresences>
