import { LRUCache } from 'lru-cache'
import type { Happening } from '../model/events.ts'
import type { DeviceId, HomeId, ProjectId } from '../model/ids.ts'
import type { Registry } from '../registry/index.ts'

const REMEMBERED = 10_000

type Known = { readonly number: number; readonly deviceClass?: string }
type Said = { readonly eventType: unknown; readonly eventData: unknown; readonly key?: unknown }

const KEY_VALUE_TYPES = {
  'home.key-value': { set: '_keyValueSaved_', delete: '_keyValueDeleted_' },
  'device.key-value': { set: '_deviceKVSaved_', delete: '_deviceKVDeleted_' },
} as const

const keyValue = (
  { data }: Happening,
  names: (typeof KEY_VALUE_TYPES)[keyof typeof KEY_VALUE_TYPES],
): Said => {
  const { action, key, value } = data
  return action === 'set'
    ? { eventType: names.set, eventData: { key, value } }
    : { eventType: names.delete, eventData: { key } }
}

/** What the platform says of it. `undefined`: it has no word for it. */
const saidOf = (happening: Happening): Said | undefined => {
  const { type, data } = happening
  switch (type) {
    case 'device.event':
      return { eventType: data.eventType, eventData: data.eventData }
    case 'home.event':
      return { eventType: data.eventType, eventData: data.eventData, key: data.key }
    case 'device.connected':
      return { eventType: '_deviceConnected_', eventData: {} }
    case 'device.disconnected':
      return { eventType: '_deviceDisconnected_', eventData: {} }
    case 'home.key-value':
    case 'device.key-value':
      return keyValue(happening, KEY_VALUE_TYPES[type])
    case 'device.claimed':
    case 'device.released':
    case 'claim.changed':
    case 'code.used':
    case 'code.refused':
    case 'command.acknowledged':
    case 'command.dropped':
      return undefined
  }
}

/** MODE's Device Event: research/mode_thethings_thingful.md 1.2. */
export type DeviceEventBody = {
  readonly homeId: number
  readonly timestamp: string
  readonly eventType: unknown
  readonly eventData: unknown
  readonly originDeviceId?: number
  readonly originDeviceClass?: string
  readonly originProjectKeyName?: unknown
}

/** Tells what happened in the platform's words, with its numbers for homes and devices, which never change. */
export const createDeviceEvents = ({ homes, devices }: Pick<Registry, 'homes' | 'devices'>) => {
  const known = new LRUCache<HomeId | DeviceId, Known>({ max: REMEMBERED })

  const remembered = async <Id extends HomeId | DeviceId>(
    id: Id,
    look: () => Promise<Known | undefined>,
  ): Promise<Known | undefined> => {
    const present = known.get(id) ?? (await look())
    if (present !== undefined) known.set(id, present)
    return present
  }

  /** `undefined`: the platform has no word for it, or nobody is meant. */
  const bodyOf = async (
    project: ProjectId,
    happening: Happening,
  ): Promise<DeviceEventBody | undefined> => {
    const said = saidOf(happening)
    const { home, device, at } = happening
    if (said === undefined || home === undefined) return undefined
    const house = await remembered(home, () => homes.get(project, home))
    if (house === undefined) return undefined
    const origin = device && (await remembered(device, () => devices.get(project, device)))
    const { eventType, eventData, key } = said
    return {
      homeId: house.number,
      timestamp: new Date(at).toISOString(),
      eventType,
      eventData,
      ...(origin === undefined ? {} : { originDeviceId: origin.number }),
      ...(origin?.deviceClass === undefined ? {} : { originDeviceClass: origin.deviceClass }),
      ...(key === undefined ? {} : { originProjectKeyName: key }),
    }
  }

  return { bodyOf }
}

export type DeviceEvents = ReturnType<typeof createDeviceEvents>
