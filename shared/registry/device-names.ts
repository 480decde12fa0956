import { type DeviceId, isUuid, type ProjectId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Member } from '../store/port.ts'
import type { RegistryContext } from './context.ts'

/** Between a name and the id behind it: no name that a person sees has it, and it comes before all that names have. */
const BEHIND = '\t'
const ID_LENGTH = 36
/** Characters of a name that count for its place. */
const LONGEST = 255

/** A name as it is looked for: whatever its case, however its accents are written. */
const folded = (name: string): string =>
  [...name.normalize('NFC').toLowerCase()].slice(0, LONGEST).join('')

/** Where a device stands among the names of its project. It belongs into every commit that makes, names or removes one. */
export const namePlace = ({
  project,
  name,
  id,
}: Pick<Device, 'project' | 'name' | 'id'>): Member => ({
  index: keys.deviceNames(project),
  member: `${folded(name)}${BEHIND}${id}`,
})

/** A device in the order of names: its id, and its place, behind which the next page begins. */
export type Named = { readonly id: DeviceId; readonly place: string }

/** The devices of a project in the order of their names. */
export const createDeviceNames = ({ store }: Pick<RegistryContext, 'store'>) => {
  /** Those whose names begin so, behind a place. Reads no more than it answers, and one. */
  const list = async (
    project: ProjectId,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly Named[]> => {
    const start = folded(prefix)
    // What begins with it and has an id comes behind it; a place of another search counts for nothing.
    const from = after?.startsWith(start) ? after : start
    const members = await store.list(
      keys.deviceNames(project),
      from === '' ? { limit } : { after: from, limit },
    )
    const end = members.findIndex((member) => !member.startsWith(start))
    return members.slice(0, end < 0 ? members.length : end).flatMap((place) => {
      const id = place.slice(-ID_LENGTH)
      return isUuid(id) ? [{ id: id as DeviceId, place }] : []
    })
  }

  return { list }
}

export type DeviceNames = ReturnType<typeof createDeviceNames>
