import { RecordUnreadable } from '../errors.ts'
import type { DeviceId, HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Key, Store } from '../store/port.ts'
import { readOne } from '../store/transact.ts'

/** The record that a place leads to, and whether it is the one. */
type Lead = { readonly key: Key; readonly isRight?: (record: never) => boolean }
type Row = (project: ProjectId, rest: string, member: string) => Lead

/** Where a member of each kind of index leads to. */
const INDEXES: Readonly<Record<string, Row>> = {
  devices: (project, _, member) => ({ key: keys.device(project, member as DeviceId) }),
  'home-devices': (project, rest, member) => ({
    key: keys.device(project, member as DeviceId),
    isRight: ({ owner }: Device) => owner === rest,
  }),
  users: (project, _, member) => ({ key: keys.user(project, member as UserId) }),
  homes: (project, _, member) => ({ key: keys.home(project, member as HomeId) }),
  'home-members': (project, rest, member) => ({
    key: keys.member(project, rest as HomeId, member as UserId),
  }),
  'user-homes': (project, rest, member) => ({
    key: keys.member(project, member as HomeId, rest as UserId),
  }),
}

const deviceNamed =
  (isRight: (device: Device, name: string) => boolean): Row =>
  (project, name, id) => ({
    key: keys.device(project, id as DeviceId),
    isRight: (device: Device) => isRight(device, name),
  })

/** The same for each kind of entry that is only a name. */
const NAMES: Readonly<Record<string, Row>> = {
  'device-name': deviceNamed((device, name) => device.name === name),
  'device-number': deviceNamed((device, name) => String(device.number) === name),
  thing: deviceNamed((device, name) => device.thingId === name),
  particle: deviceNamed((device, name) => device.particle === name),
  'user-email': (project, _, id) => ({ key: keys.user(project, id as UserId) }),
  'user-number': (project, _, id) => ({ key: keys.user(project, id as UserId) }),
  'home-number': (project, _, id) => ({ key: keys.home(project, id as HomeId) }),
}

const KEY = /^\{([^}~]+)\}([a-z-]+)(?::(.*))?$/s

const leadIn = (
  rows: Readonly<Record<string, Row>>,
  key: string,
  member: () => string,
): Lead | undefined => {
  const [, project, kind = '', rest = ''] = KEY.exec(key) ?? []
  const row = Object.hasOwn(rows, kind) ? rows[kind] : undefined
  return project === undefined ? undefined : row?.(project as ProjectId, rest, member())
}

const leadsNowhere = async (store: Store, { key, isRight }: Lead): Promise<boolean> => {
  try {
    const { value } = await readOne<object>(store, key)
    return value === undefined || (isRight !== undefined && !isRight(value as never))
  } catch (cause) {
    // That one is named itself.
    if (cause instanceof RecordUnreadable) return false
    throw cause
  }
}

/** Whether a member of an index leads to nothing. */
export const isOrphan = async (store: Store, index: Key, member: string): Promise<boolean> => {
  const lead = leadIn(INDEXES, index, () => member)
  return lead !== undefined && (await leadsNowhere(store, lead))
}

/** Whether a name leads to nothing. */
export const isOrphanName = async (store: Store, key: Key, value: string): Promise<boolean> => {
  const lead = leadIn(NAMES, key, () => JSON.parse(value) as string)
  return lead !== undefined && (await leadsNowhere(store, lead))
}

/** Enough for those that differ only in their last character. */
const SIBLINGS = 64

/** Whether an index has a member. Only ids can be asked for: of them few begin alike. */
export const hasMember = async (store: Store, index: Key, id: string): Promise<boolean> =>
  (await store.list(index, { after: id.slice(0, -1), limit: SIBLINGS })).includes(id)
