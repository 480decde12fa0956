import { audited } from '../audit/line.ts'
import { lookupDigest, printedDigest, thingIdOf } from '../guard/digests.ts'
import { type DeviceId, type HomeId, isUuid, NOBODY, type ProjectId } from '../model/ids.ts'
import type { Device, Held } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Key, Member } from '../store/port.ts'
import {
  joined,
  put,
  readListed,
  readMany,
  readOne,
  transact,
  unchanged,
} from '../store/transact.ts'
import { freeCertificate } from './certificates.ts'
import { newNumber, type RegistryContext } from './context.ts'
import { deviceChanged } from './device-changed.ts'
import { namePlace } from './device-names.ts'
import { type Ending, endingOf } from './end-connection.ts'
import { remainsOf } from './remains.ts'

/** Where a device is: what a credential stands for. */
export type DeviceRef = { readonly project: ProjectId; readonly device: DeviceId }

export type NewDevice = {
  readonly project: ProjectId
  /** Absent: its thing id. */
  readonly name?: string | undefined
  readonly deviceClass?: string | undefined
  readonly tag?: string | undefined
  readonly label?: string | undefined
  readonly gateway?: boolean | undefined
  readonly claimingAllowed?: boolean | undefined
  readonly particle?: string | undefined
  /** The code that is printed on it (MODE's claim code). */
  readonly printed?: string | undefined
  readonly parent?: DeviceId | undefined
  /** Who has it from the start (a child of a gateway that is owned, or what came into being for a home). */
  readonly owner?: HomeId | undefined
  readonly held?: Held | undefined
  readonly provisioned?: Device['provisioned']
}

/** A device and its one credential, which can be read only now. */
export type MadeDevice = { readonly device: Device; readonly token: string }

/** What entitles somebody to a new device, and is used up by the commit that makes it; with what else belongs to that. */
export type Entitlement = Required<Pick<Change, 'expect'>> &
  Pick<Change, 'remove' | 'drop' | 'put' | 'append' | 'before'>

const given = <K extends string, V>(name: K, value: V | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { [P in K]?: V }

const HOUR_MS = 3_600_000
/** Devices with the same printed code that are looked at. */
const MOST_ALIKE = 100

/** Where a device is found by the code that is printed on it. */
export const printedPlace = ({ project, id, printed }: Device): Member[] =>
  printed === undefined ? [] : [{ index: keys.printed(project, printed), member: id }]

/** Every name by which a device can be found inside its project. */
export const namesOf = (device: Device): Key[] => [
  keys.deviceName(device.project, device.name),
  keys.deviceNumber(device.project, device.number),
  keys.thing(device.project, device.thingId),
  ...(device.particle === undefined ? [] : [keys.particle(device.project, device.particle)]),
]

/** Devices: one record, one index entry for each of its names. */
export const createDevices = (context: RegistryContext) => {
  const { store, digests, now, newId } = context

  const get = async (project: ProjectId, id: DeviceId): Promise<Device | undefined> =>
    (await readOne<Device>(store, keys.device(project, id))).value

  const told = (
    type: 'device.made' | 'device.removed' | 'credential.shown',
    { project, id: device }: Device,
  ) => audited({ at: now(), project, type, device })

  const digestOfPrinted = ({ project, printed }: NewDevice) =>
    printed === undefined ? undefined : printedDigest(digests, project, printed)

  /** A device as it would be, and its credential. Nothing is stored. */
  const draft = (wanted: NewDevice, id = newId() as DeviceId): MadeDevice => {
    const token = digests.deviceToken(id, 0)
    const device: Device = {
      id,
      project: wanted.project,
      number: newNumber(context),
      name: wanted.name ?? thingIdOf(id),
      thingId: thingIdOf(id),
      ...given('deviceClass', wanted.deviceClass),
      ...given('tag', wanted.tag),
      ...given('label', wanted.label),
      gateway: wanted.gateway ?? false,
      ...given('particle', wanted.particle?.toLowerCase()),
      ...given('printed', digestOfPrinted(wanted)),
      ...given('claimingAllowed', wanted.claimingAllowed),
      credential: 0,
      credentialDigest: lookupDigest(token),
      ...given('owner', wanted.owner),
      epoch: wanted.owner === undefined ? 0 : 1,
      ...given('held', wanted.held),
      ...given('parent', wanted.parent),
      ...given('provisioned', wanted.provisioned),
      createdAt: now(),
    }
    return { device, token }
  }

  /** Makes a device while `look` finds what entitles to it: to the device as it would be. `undefined`: it does not. */
  const createWith = (
    wanted: NewDevice,
    look: (device: Device) => Promise<Entitlement | undefined>,
  ): Promise<MadeDevice | 'name-taken' | undefined> =>
    transact<MadeDevice | 'name-taken' | undefined>(store, async () => {
      const made = draft(wanted)
      const { device } = made
      const entitlement = await look(device)
      if (entitlement === undefined) return { result: undefined }
      const names = namesOf(device)
      const present = await store.read(names)
      const taken = present.map((entry) => entry !== undefined)
      if (taken[0] || taken[3]) return { result: 'name-taken' }
      const ref: DeviceRef = { project: device.project, device: device.id }
      await store.commit({ put: [put(keys.credential(device.credentialDigest), ref)] })
      return {
        result: made,
        change: {
          ...entitlement,
          expect: [...names.map((key) => ({ key, version: undefined })), ...entitlement.expect],
          put: [
            put(keys.device(device.project, device.id), device),
            ...names.map((key) => put(key, device.id)),
            ...(entitlement.put ?? []),
          ],
          append: [told('device.made', device), ...(entitlement.append ?? [])],
          add: [
            { index: keys.devices(device.project), member: device.id },
            namePlace(device),
            ...printedPlace(device),
            ...(device.owner === undefined
              ? []
              : [{ index: keys.homeDevices(device.project, device.owner), member: device.id }]),
          ],
        },
      }
    })

  /** `'name-taken'`: the project has a device of that name or platform id. */
  const create = async (wanted: NewDevice): Promise<MadeDevice | 'name-taken'> =>
    (await createWith(wanted, async () => ({ expect: [] }))) ?? 'name-taken'

  /** By its public number. */
  const findByNumber = async (project: ProjectId, number: number): Promise<Device | undefined> => {
    const id = await readOne<DeviceId>(store, keys.deviceNumber(project, number))
    return id.value === undefined ? undefined : get(project, id.value)
  }

  const findByName = async (project: ProjectId, name: string): Promise<Device | undefined> => {
    const id = await readOne<DeviceId>(store, keys.deviceName(project, name))
    return id.value === undefined ? undefined : get(project, id.value)
  }

  /** By its public 43-character name. */
  const findByThingId = async (project: ProjectId, thingId: string) => {
    const id = await readOne<DeviceId>(store, keys.thing(project, thingId))
    return id.value === undefined ? undefined : get(project, id.value)
  }

  /**
   * By the code that is printed on it; of several that have the same one, the only one in claim mode. The records decide, here
   * and again at the claim.
   */
  const findByPrinted = async (project: ProjectId, code: string): Promise<Device | undefined> => {
    const digest = printedDigest(digests, project, code)
    const ids = await store.list(keys.printed(project, digest), { limit: MOST_ALIKE })
    // The same work for a code that is nobody's: research/security.md S66.
    const named = ids.length === 0 ? [NOBODY] : ids
    const records = await readMany<Device>(
      store,
      named.map((id) => keys.device(project, id as DeviceId)),
    )
    const alike = records.flatMap(({ value }) => (value?.printed === digest ? [value] : []))
    const open = alike.filter(({ claimMode }) => claimMode && now() < claimMode.expiresAt)
    const [one, ...others] = alike.length === 1 ? alike : open
    return others.length === 0 ? one : undefined
  }

  /** What a person's word for a device stands for: its id or its name. Whether it is still there is for the engine to see. */
  const resolve = async (project: ProjectId, ref: string): Promise<DeviceId | undefined> => {
    const name = await readOne<DeviceId>(store, keys.deviceName(project, ref))
    if (name.value !== undefined) return name.value
    return isUuid(ref) ? (ref as DeviceId) : undefined
  }

  /** Whose credential this is. The record decides: an index entry alone opens nothing. */
  const findByToken = async (token: string): Promise<Device | undefined> => {
    const digest = lookupDigest(token)
    const ref = await readOne<DeviceRef>(store, keys.credential(digest))
    if (ref.value === undefined) return undefined
    const device = await get(ref.value.project, ref.value.device)
    return device?.credentialDigest === digest ? device : undefined
  }

  /** The credential of a device, made again. Only for its maker. */
  const tokenOf = (device: Device): string => digests.deviceToken(device.id, device.credential)

  /** The same, for somebody who reads it: that is written down. */
  const showToken = async (device: Device): Promise<string> => {
    await store.commit({ append: [told('credential.shown', device)] })
    return tokenOf(device)
  }

  const page = async (index: Key, project: ProjectId, after: string | undefined, limit: number) => {
    const ids = await store.list(index, after === undefined ? { limit } : { after, limit })
    const items = await readListed<Device>(
      store,
      ids.map((id) => keys.device(project, id as DeviceId)),
    )
    return { items, next: ids.length === limit ? ids.at(-1) : undefined }
  }

  const list = (project: ProjectId, after: string | undefined, limit: number) =>
    page(keys.devices(project), project, after, limit)

  const listOfHome = (project: ProjectId, home: HomeId, after: string | undefined, limit: number) =>
    page(keys.homeDevices(project, home), project, after, limit)

  /** Applies a change that is not about ownership. `undefined`: there is no such device. */
  const change = (project: ProjectId, id: DeviceId, edit: (device: Device) => Device) =>
    transact<Device | undefined>(store, async () => {
      const device = await readOne<Device>(store, keys.device(project, id))
      if (device.value === undefined) return { result: undefined }
      const after = edit(device.value)
      return {
        result: after,
        change: {
          expect: [unchanged(device)],
          put: [put(device.key, after)],
          append: deviceChanged(device.value, after, now()),
        },
      }
    })

  /**
   * Takes the device out of the project: its record, names, credential, connection and all that hangs on it. `false`: it was
   * not there. With `owner` only while that home owns it.
   */
  const remove = async (project: ProjectId, id: DeviceId, owner?: HomeId): Promise<boolean> => {
    const removed = await transact<{ gone: Device; tell: Ending['tell'] } | undefined>(
      store,
      async () => {
        const device = await readOne<Device>(store, keys.device(project, id))
        const gone = device.value
        if (gone === undefined || (owner !== undefined && gone.owner !== owner))
          return { result: undefined }
        const { tell, ...ending } = await endingOf(context, project, id)
        return {
          result: { gone, tell },
          change: joined(await remainsOf(context, gone), {
            expect: [unchanged(device), ...ending.expect],
            // Only until the nodes have seen it.
            put: ending.put.map((one) => ({ ...one, expiresAt: now() + HOUR_MS })),
            append: [told('device.removed', gone)],
            remove: [device.key, ...namesOf(gone)],
            drop: [
              { index: keys.devices(project), member: id },
              namePlace(gone),
              ...printedPlace(gone),
              ...(gone.owner === undefined
                ? []
                : [{ index: keys.homeDevices(project, gone.owner), member: id }]),
            ],
          }),
        }
      },
    )
    if (removed === undefined) return false
    const { gone, tell } = removed
    await store.commit({ remove: [keys.credential(gone.credentialDigest)] })
    if (gone.certificate !== undefined) await freeCertificate(store, gone.certificate, id)
    await tell()
    return true
  }

  return {
    draft,
    create,
    createWith,
    get,
    findByNumber,
    findByName,
    findByThingId,
    findByToken,
    findByPrinted,
    resolve,
    tokenOf,
    showToken,
    list,
    listOfHome,
    change,
    remove,
  }
}

export type Devices = ReturnType<typeof createDevices>
