import type { Log } from '../log.ts'
import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { Device, Presence } from '../model/records.ts'
import { CARRIERS, type Carrier, isLive } from '../registry/presences.ts'
import { keys } from '../store/keys.ts'
import type { Key, Store } from '../store/port.ts'
import { found, lineOf, put, readSeen, transact, unchanged } from '../store/transact.ts'
import { happened } from './feed.ts'
import { createHeartbeat } from './heartbeat.ts'
import { createRollCall } from './roll-call.ts'

/** A live connection of a device. */
export type Holder = {
  readonly project: ProjectId
  readonly device: DeviceId
  /** Rises with every connection of the device, on all nodes. 0 until it is known. */
  generation: number
  /** The highest generation that another node was heard to have. */
  rival: number
}

type Taken = { readonly device: DeviceId; readonly node: string; readonly generation: number }

type PresenceOptions<H extends Holder> = {
  readonly store: Store
  readonly carrier: Carrier
  readonly node: string
  readonly now: () => number
  readonly newId: () => string
  readonly log: Log
  /** Apps have something to hear. */
  readonly wakeFeed: (project: ProjectId) => void
  /** Ends a connection whose place a newer one has taken. */
  readonly cut: (holder: H) => void
}

/** A wake-up may be lost: so many holders are compared with their records this often. */
const SWEEP_MS = 1000
const SWEEP_AT_ONCE = 1000

/**
 * Who holds a device's live connection of one kind: the newest, exactly one, on one node or on many. Here it is a map,
 * between nodes a record whose generation only rises: a node ends what it holds as soon as it hears of a higher one.
 */
export const createPresence = <H extends Holder>(options: PresenceOptions<H>) => {
  const { store, carrier, node, now, newId, log, wakeFeed, cut } = options
  const { channel, placeOf, others } = CARRIERS[carrier]
  const holders = new Map<DeviceId, H>()
  const lines = new Map<DeviceId, Promise<unknown>>()

  const record = ({ project, device }: H): Promise<number> =>
    transact(store, async () => {
      const { present, owned, isElsewhere } = await look(project, device)
      const generation = (present.value?.generation ?? 0) + 1
      const at = now()
      const presence: Presence = { node, generation, at }
      return {
        result: generation,
        change: {
          expect: [unchanged(present)],
          put: [put(present.key, presence)],
          append: isElsewhere ? [] : newsOf(owned, 'device.connected', at),
        },
      }
    })

  /** `isElsewhere`: it is connected in another way too, so that nothing begins or ends. */
  const look = async (project: ProjectId, device: DeviceId) => {
    const wanted = [
      placeOf(project, device),
      keys.device(project, device),
      ...others.map((other) => CARRIERS[other].placeOf(project, device)),
    ] as const
    const [presence, owned, ...beside] = await store.read(wanted)
    const places = wanted.slice(2)
    const present = beside.map((entry, at) => found<Presence>(places[at] as Key, entry).value)
    const live = await Promise.all(present.map((one) => isLive(store, one, now())))
    return {
      present: found<Presence>(wanted[0], presence),
      owned: found<Device>(wanted[1], owned).value,
      isElsewhere: live.includes(true),
    }
  }

  const newsOf = (
    device: Device | undefined,
    type: 'device.connected' | 'device.disconnected',
    at: number,
  ) => {
    if (device === undefined) return []
    const { project, id, epoch, owner, name } = device
    const home = owner === undefined ? {} : { home: owner }
    return happened(project, { at, type, device: id, epoch, ...home, data: { name } }, newId())
  }

  /** Nobody came in its place: it is gone from now on. */
  const depart = ({ project, device, generation }: H): Promise<boolean> =>
    transact<boolean>(store, async () => {
      const { present, owned, isElsewhere } = await look(project, device)
      const { value } = present
      if (value?.generation !== generation || value.goneAt !== undefined) return { result: false }
      const at = now()
      return {
        result: true,
        change: {
          expect: [unchanged(present)],
          put: [put(present.key, { ...value, goneAt: at })],
          append: isElsewhere ? [] : newsOf(owned, 'device.disconnected', at),
        },
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
  const take = async (connection: H): Promise<boolean> => {
    const { device } = connection
    const former = holders.get(device)
    holders.set(device, connection)
    if (former !== undefined) cut(former)
    await inLine(device, async () => {
      if (holders.get(device) !== connection) return
      connection.generation = await record(connection)
      // Another node may have been heard of before our own number was known.
      if (connection.rival > connection.generation) return yieldTo(connection)
      const taken: Taken = { device, node, generation: connection.generation }
      await store.announce(channel, JSON.stringify(taken))
      wakeFeed(connection.project)
    })
    return holders.get(device) === connection
  }

  const departing = new Set<Promise<void>>()

  const forget = (connection: H): boolean =>
    holders.get(connection.device) === connection && holders.delete(connection.device)

  /** The connection is over. */
  const leave = (connection: H): void => {
    if (!forget(connection)) return
    const departed = inLine(connection.device, () => depart(connection))
      .then((isGone) => {
        if (isGone) wakeFeed(connection.project)
      })
      .catch((cause: unknown) => log.debug({ err: cause }, 'a departure could not be recorded'))
      .finally(() => departing.delete(departed))
    departing.add(departed)
  }

  /** A newer connection of the device lives on another node. */
  const yieldTo = (held: H): void => {
    forget(held)
    cut(held)
  }

  const compare = (held: H, generation: number): void => {
    held.rival = Math.max(held.rival, generation)
    if (held.generation !== 0 && held.rival > held.generation) yieldTo(held)
  }

  /** What is heard only says where to look: whoever can write to the bus ends nobody's connection. */
  const hear = (message: string): void => {
    const taken = lineOf<Taken>('a taking', { item: message })
    const held = taken && holders.get(taken.device)
    if (held === undefined || taken?.node === node) return
    lookAgain(held).catch((cause: unknown) =>
      log.debug({ err: cause }, 'presence waits for the store'),
    )
  }

  const lookAgain = async (held: H): Promise<void> => {
    const [value] = await readSeen<Presence>(store, [placeOf(held.project, held.device)])
    if (value !== undefined && value.node !== node && holders.get(held.device) === held)
      compare(held, value.generation)
  }

  /** The next holders in turn, of one project: keys of one call carry one tag. */
  const nextInTurn = (turn: Iterator<H>): H[] => {
    const batch: H[] = []
    while (batch.length < SWEEP_AT_ONCE) {
      const { done, value } = turn.next()
      if (done) break
      if (value.generation === 0) continue
      if (batch[0] !== undefined && batch[0].project !== value.project) break
      batch.push(value)
    }
    return batch
  }

  const sweep = async (turn: Iterator<H>): Promise<number> => {
    const batch = nextInTurn(turn)
    const wanted = batch.map(({ project, device }) => placeOf(project, device))
    const records = await readSeen<Presence>(store, wanted)
    records.forEach((value, place) => {
      const held = batch[place] as H
      if (value !== undefined && value.node !== node && holders.get(held.device) === held)
        compare(held, value.generation)
    })
    return batch.length
  }

  /** Begins to hear of the other nodes; the answer ends it. */
  const listen = async (): Promise<() => Promise<void>> => {
    const unwatch = await store.watch(channel, hear)
    const stopBeating = await createHeartbeat({ store, node, now, log }).catch(
      async (cause: unknown) => {
        await unwatch()
        throw cause
      },
    )
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
    const endRollCall = createRollCall({
      ...{ store, now, log, holder: `${node}:${carrier}` },
      held: () => holders.values(),
    })
    return async () => {
      clearInterval(timer)
      await unwatch()
      await Promise.all(departing)
      await endRollCall()
      await stopBeating()
    }
  }

  return {
    take,
    leave,
    holder: (device: DeviceId): H | undefined => holders.get(device),
    all: (): readonly H[] => [...holders.values()],
    /** How many devices are connected here. */
    size: () => holders.size,
    listen,
  }
}

export type PresenceBook<H extends Holder> = ReturnType<typeof createPresence<H>>
