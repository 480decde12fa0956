import { audited } from '../audit/line.ts'
import type { ProjectId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readMany, readOne, transact, unchanged } from '../store/transact.ts'
import { newNumber, type RegistryContext } from './context.ts'
import { namePlace } from './device-names.ts'
import { type DeviceRef, type Devices, namesOf } from './devices.ts'
import { reserve } from './unique.ts'

/** Why a device stays where it is: somebody owns it, or the other project has one of its platform id. */
export type NotMoved = 'owned' | 'name-taken' | 'unknown'

/**
 * Moves a device that nobody owns to another project. It keeps its id, its platform id and its credential; its connection
 * ends, and what hung on it in the former project stays behind. Two projects share no commit, so a crash may leave it in both,
 * where nobody can claim it in the former: the same call again ends the move.
 */
export const createMoves = (context: RegistryContext, devices: Devices) => {
  const { store, now } = context

  /** From now on nobody gets it in its former project. */
  const leave = (device: Device): Promise<Device | NotMoved> =>
    transact<Device | NotMoved>(store, async () => {
      const present = await readOne<Device>(store, keys.device(device.project, device.id))
      if (present.value === undefined) return { result: 'unknown' }
      if (present.value.owner !== undefined) return { result: 'owned' }
      const { window: _window, claimMode: _mode, boxKey: _key, ...rest } = present.value
      return {
        result: present.value,
        change: {
          expect: [unchanged(present)],
          put: [put(present.key, { ...rest, claimingAllowed: false })],
        },
      }
    })

  /** It is as it was before. */
  const stay = (device: Device): Promise<void> =>
    transact<void>(store, async () => {
      const present = await readOne<Device>(store, keys.device(device.project, device.id))
      if (present.value === undefined) return { result: undefined }
      const change = { expect: [unchanged(present)], put: [put(present.key, device)] }
      return { result: undefined, change }
    })

  /** The device as it is in its new project. What is printed on it is known there under another digest, so not at all. */
  const arrived = (device: Device, to: ProjectId): Device => {
    const { held: _held, parent: _parent, printed: _printed, label: _label, ...rest } = device
    const { window: _window, claimMode: _mode, boxKey: _key, called: _called, ...kept } = rest
    return { ...kept, project: to, number: newNumber(context), epoch: device.epoch + 1 }
  }

  const arrive = (device: Device, to: ProjectId): Promise<Device | 'name-taken'> =>
    transact<Device | 'name-taken'>(store, async () => {
      const present = await readOne<Device>(store, keys.device(to, device.id))
      if (present.value !== undefined) return { result: present.value }
      const wanted = arrived(device, to)
      const [name, ...others] = await readMany(store, namesOf(wanted))
      if (others.some(({ value }) => value !== undefined)) return { result: 'name-taken' }
      // Another device has its name there: it goes by the name that nobody else can have.
      const after = name?.value === undefined ? wanted : { ...wanted, name: wanted.thingId }
      const names = namesOf(after)
      return {
        result: after,
        change: {
          expect: [present.key, ...names].map((key) => ({ key, version: undefined })),
          put: [put(present.key, after), ...names.map((key) => put(key, after.id))],
          add: [{ index: keys.devices(to), member: after.id }, namePlace(after)],
          append: [
            audited({
              at: now(),
              project: to,
              type: 'device.made',
              device: after.id,
              what: 'moved',
            }),
          ],
        },
      }
    })

  /** Lets its credential and its certificate stand for it where it is now. */
  const settle = async ({ project, id, credentialDigest, certificate }: Device): Promise<void> => {
    const ref: DeviceRef = { project, device: id }
    await store.commit({ put: [put(keys.credential(credentialDigest), ref)] })
    if (certificate !== undefined)
      await reserve(store, keys.certificate(certificate), ref, now(), async () => true)
  }

  const move = async (device: Device, to: ProjectId): Promise<Device | NotMoved> => {
    const leaving = await leave(device)
    if (typeof leaving === 'string') return leaving
    const after = await arrive(leaving, to)
    if (typeof after === 'string') {
      await stay(leaving)
      return after
    }
    await devices.remove(device.project, device.id)
    await settle(after)
    return after
  }

  return { move, settle }
}

export type Moves = ReturnType<typeof createMoves>
