import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Member } from '../store/port.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { deviceChanged } from './device-changed.ts'
import { namePlace } from './device-names.ts'

/** Names that differ in nothing that counts have one place. */
const replaced = (before: Member, after: Member): Pick<Change, 'drop' | 'add'> =>
  before.member === after.member ? {} : { drop: [before], add: [after] }

/**
 * Applies a change that is not about ownership and may rename the device. `undefined`: there is no such device;
 * `'name-taken'`: the project has another one of that name.
 */
export const updateDevice = (
  { store, now }: Pick<RegistryContext, 'store' | 'now'>,
  project: ProjectId,
  id: DeviceId,
  edit: (device: Device) => Device,
): Promise<Device | 'name-taken' | undefined> =>
  transact<Device | 'name-taken' | undefined>(store, async () => {
    const device = await readOne<Device>(store, keys.device(project, id))
    if (device.value === undefined) return { result: undefined }
    const before = device.value
    const after = edit(before)
    const expect = [unchanged(device)]
    const append = deviceChanged(before, after, now())
    if (after.name === before.name)
      return { result: after, change: { expect, put: [put(device.key, after)], append } }
    const name = await readOne<DeviceId>(store, keys.deviceName(project, after.name))
    if (name.value !== undefined) return { result: 'name-taken' }
    return {
      result: after,
      change: {
        expect: [...expect, unchanged(name)],
        put: [put(device.key, after), put(name.key, id)],
        remove: [keys.deviceName(project, before.name)],
        append,
        ...replaced(namePlace(before), namePlace(after)),
      },
    }
  })
