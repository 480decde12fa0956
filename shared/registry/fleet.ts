import { type DeviceId, isUuid, type ProjectId } from '../model/ids.ts'
import type { Device, Home, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { readListed, readMany } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import type { DeviceNames, Named } from './device-names.ts'
import type { Devices } from './devices.ts'
import type { Connectedness, Presences } from './presences.ts'

/** What a maker may want to see of his devices. */
export const FLEET_STATES = ['claimed', 'unclaimed', 'window', 'connected'] as const
export type FleetState = (typeof FLEET_STATES)[number]

/** A device as its maker sees it: with its home, if it has one, and whether it is there. */
export type FleetDevice = {
  readonly device: Device
  readonly connection: Connectedness
  readonly home?: { readonly id: string; readonly title: string; readonly email?: string }
}

export type Wanted = {
  /** The beginning of a name; an id, a number, a thing id or a Particle id as a whole. */
  readonly search?: string | undefined
  readonly state?: FleetState | undefined
  /** The `next` of the page before. */
  readonly after?: string | undefined
  readonly limit: number
}

/** A page in the order of names. `next` without anything on it: go on looking from there. */
export type FleetPage = { readonly items: readonly FleetDevice[]; readonly next?: string }

/** Devices that one request looks at, where a state is wanted. */
const MOST_LOOKED_AT = 500
const NUMBER = /^[1-9]\d{0,9}$/
const PARTICLE = /^[0-9a-f]{24}$/

const isIn = (state: FleetState, { device, connection }: FleetDevice, now: number): boolean => {
  switch (state) {
    case 'claimed':
      return device.owner !== undefined
    case 'unclaimed':
      return device.owner === undefined
    case 'window':
      return device.window !== undefined && now < device.window.expiresAt
    case 'connected':
      return connection.isConnected
  }
}

/** How a maker looks for devices among however many. */
export const createFleet = (
  { store, now }: Pick<RegistryContext, 'store' | 'now'>,
  names: DeviceNames,
  devices: Pick<Devices, 'get' | 'findByNumber' | 'findByThingId'>,
  presences: Presences,
) => {
  const homesOf = async (project: ProjectId, seen: readonly Device[]) => {
    const ids = [...new Set(seen.flatMap(({ owner }) => owner ?? []))]
    const homes = await readListed<Home>(
      store,
      ids.map((id) => keys.home(project, id)),
    )
    const people = [...new Set(homes.flatMap(({ personal }) => personal ?? []))]
    const users = await readListed<User>(
      store,
      people.map((id) => keys.user(project, id)),
    )
    const emails = new Map<string | undefined, string | undefined>(
      users.map(({ id, email }) => [id, email]),
    )
    return new Map(
      homes.map(({ id, title, personal }) => {
        const email = emails.get(personal)
        return [id, { id, title, ...(email === undefined ? {} : { email }) }] as const
      }),
    )
  }

  const withConnections = async (seen: readonly Device[]): Promise<FleetDevice[]> => {
    const connections = await presences.of(seen)
    return seen.map((device, place) => ({
      device,
      connection: connections[place] ?? { isConnected: false },
    }))
  }

  const withHomes = async (project: ProjectId, seen: readonly FleetDevice[]) => {
    const homes = await homesOf(
      project,
      seen.map(({ device }) => device),
    )
    return seen.map((one) => {
      const home = one.device.owner && homes.get(one.device.owner)
      return home === undefined ? one : { ...one, home }
    })
  }

  const readNamed = async (project: ProjectId, named: readonly Named[]): Promise<Device[]> => {
    const records = named.map(({ id }) => keys.device(project, id))
    return readListed<Device>(store, records)
  }

  /** What a text stands for as a whole, by any name but its own. */
  const exactly = async (project: ProjectId, text: string): Promise<Device | undefined> => {
    if (isUuid(text)) return devices.get(project, text as DeviceId)
    const number = NUMBER.test(text) ? await devices.findByNumber(project, Number(text)) : undefined
    if (number !== undefined) return number
    const particle = text.toLowerCase()
    if (PARTICLE.test(particle)) {
      const [id] = await readMany<DeviceId>(store, [keys.particle(project, particle)])
      if (id?.value !== undefined) return devices.get(project, id.value)
    }
    return text.length === 43 ? devices.findByThingId(project, text) : undefined
  }

  const list = async (project: ProjectId, wanted: Wanted): Promise<FleetPage> => {
    const { search = '', state, limit } = wanted
    const named = search === '' ? undefined : await exactly(project, search)
    const first = named === undefined || wanted.after !== undefined ? [] : [named]
    const found = (await withConnections(first)).filter(
      (one) => state === undefined || isIn(state, one, now()),
    )
    let after = wanted.after
    const most = limit + found.length
    for (let looked = 0; found.length < most && looked < MOST_LOOKED_AT; ) {
      // Where every device counts, nothing is read that is not answered.
      const atOnce = state === undefined ? most - found.length : limit
      const places = await names.list(project, search, after, atOnce)
      looked += places.length
      const seen = await withConnections(await readNamed(project, places))
      const byId = new Map(seen.map((one) => [one.device.id, one]))
      for (const { id, place } of places) {
        if (found.length === most) break
        after = place
        const one = byId.get(id)
        if (one === undefined || id === named?.id) continue
        if (state === undefined || isIn(state, one, now())) found.push(one)
      }
      if (places.length < atOnce) {
        if (places.at(-1)?.place === after || places.length === 0) after = undefined
        break
      }
    }
    const items = await withHomes(project, found)
    return { items, ...(after === undefined ? {} : { next: after }) }
  }

  const look = async (device: Device): Promise<FleetDevice> => {
    const [one] = await withHomes(device.project, await withConnections([device]))
    return one ?? { device, connection: { isConnected: false } }
  }

  return { list, look }
}

export type Fleet = ReturnType<typeof createFleet>
