import type { Device, Home, Membership, User } from '../model/records.ts'
import { namePlace } from '../registry/device-names.ts'
import { printedPlace } from '../registry/devices.ts'
import type { Kept } from '../store/archive.ts'
import { keys } from '../store/keys.ts'
import type { Member } from '../store/port.ts'

type Entry = Extract<Kept, { kind: 'entry' }>
type Places = (record: never, project: string) => readonly Member[]

/** By which indexes a record is found: one row for each kind that has one. */
const ROWS: readonly (readonly [RegExp, Places])[] = [
  [
    /^\{([^}~]+)\}device:/,
    (device: Device) => [
      { index: keys.devices(device.project), member: device.id },
      namePlace(device),
      ...printedPlace(device),
      ...(device.owner === undefined
        ? []
        : [{ index: keys.homeDevices(device.project, device.owner), member: device.id }]),
    ],
  ],
  [/^\{([^}~]+)\}user:/, ({ project, id }: User) => [{ index: keys.users(project), member: id }]],
  [/^\{([^}~]+)\}home:/, ({ project, id }: Home) => [{ index: keys.homes(project), member: id }]],
  [
    /^\{([^}~]+)\}member:/,
    ({ home, user }: Membership, project) => [
      { index: keys.homeMembers(project as never, home), member: user },
      { index: keys.userHomes(project as never, user), member: home },
    ],
  ],
]

/**
 * Where a record is found, said by the record itself. What was read while others wrote may have a record of one moment
 * and an index of another; readers ask the record, so that one place too many is harmless and one too few is not.
 */
export const placesOf = ({ key, value }: Pick<Entry, 'key' | 'value'>): readonly Member[] => {
  for (const [form, places] of ROWS) {
    const project = form.exec(key)?.[1]
    if (project !== undefined) return places(JSON.parse(value) as never, project)
  }
  return []
}
