import { type DeviceId, isUuid, type ProjectId } from '../../../shared/model/ids.ts'
import type { Device, User } from '../../../shared/model/records.ts'
import type { Registry } from '../../../shared/registry/index.ts'
import { keys } from '../../../shared/store/keys.ts'
import type { Store } from '../../../shared/store/port.ts'
import { readOne } from '../../../shared/store/transact.ts'
import { isMember } from '../../auth.ts'

const HEX = /^[0-9a-f]{24}$/i

type Finding = { readonly store: Store; readonly registry: Registry }

/** The device of that id in a project, in any case: devices report theirs in capitals (research/particle.md 2.2). */
export const findDevice = async (
  { store, registry }: Finding,
  project: ProjectId,
  ref: string,
): Promise<Device | undefined> => {
  if (isUuid(ref.toLowerCase())) return registry.devices.get(project, ref.toLowerCase() as DeviceId)
  if (!HEX.test(ref)) return undefined
  const id = await readOne<DeviceId>(store, keys.particle(project, ref.toLowerCase()))
  return id.value === undefined ? undefined : registry.devices.get(project, id.value)
}

/** The same, if the user owns it. Foreign and absent look the same. */
export const ownDevice = async (
  finding: Finding,
  user: User,
  ref: string,
): Promise<Device | undefined> => {
  const device = await findDevice(finding, user.project, ref)
  if (device?.owner === undefined) return undefined
  return (await isMember(finding.registry, user, device.owner)) ? device : undefined
}

const AT_ONCE = 500
const MOST = 10_000

/** Everything that a user's homes own, the first 10 000. */
export const ownDevices = async ({ registry }: Finding, user: User): Promise<Device[]> => {
  const found: Device[] = []
  let after: string | undefined
  do {
    const { items, next } = await registry.holdings.list(user, after, AT_ONCE)
    found.push(...items)
    after = next
  } while (after !== undefined && found.length < MOST)
  return found
}
