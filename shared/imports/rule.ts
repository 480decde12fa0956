import type { Fault } from '../check.ts'
import type { Digest } from '../model/ids.ts'
import type { BoxKey, Device } from '../model/records.ts'
import { faultOf } from './reader.ts'
import type { ImportRow } from './rows.ts'

/** What a row stands for, where it is not to be stored as it is written. */
export type RowDigests = {
  readonly printed?: Digest
  /** The box key that the row names. */
  readonly boxKey?: BoxKey
  /** The one that is made for a device that has none, if that was asked for. */
  readonly generated?: BoxKey
}

/** What a row does to a device that is there. */
export type Effect =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'updated'; readonly device: Device; readonly generated: boolean }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] }

type Shown = 'deviceClass' | 'tag' | 'label' | 'gateway'
const SHOWN: readonly Shown[] = ['deviceClass', 'tag', 'label', 'gateway']

const shownIn = (row: ImportRow): Partial<Pick<Device, Shown>> =>
  Object.fromEntries(SHOWN.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]])))

/** What stands on the device itself is never written over: the file would be about another one. */
const contradiction = (device: Device, row: ImportRow, { printed }: RowDigests) => {
  if (
    row.particle !== undefined &&
    device.particle !== undefined &&
    row.particle !== device.particle
  )
    return faultOf('is not the one that this device has', '/ids/particle')
  if (printed !== undefined && device.printed !== undefined && printed !== device.printed)
    return faultOf('is not the one that this device has', '/claimCode')
  return undefined
}

const sameKey = (one: BoxKey | undefined, other: BoxKey) =>
  one?.secret === other.secret && one?.expiresAt === other.expiresAt

/**
 * What lets the device be claimed for the first time. After that an import leaves it alone, so that the file of the factory,
 * sent again, arms nothing that a claim has used up.
 */
const armedBy = (device: Device, row: ImportRow, digests: RowDigests, now: number) => {
  if (device.epoch > 0) return { armed: {}, generated: false }
  const allowed = row.claimingAllowed === undefined ? {} : { claimingAllowed: row.claimingAllowed }
  const { boxKey } = digests
  if (boxKey !== undefined && !sameKey(device.boxKey, boxKey))
    return now < boxKey.expiresAt ? { armed: { ...allowed, boxKey }, generated: false } : undefined
  const generated = device.boxKey === undefined ? digests.generated : undefined
  if (generated === undefined) return { armed: allowed, generated: false }
  return now < generated.expiresAt
    ? { armed: { ...allowed, boxKey: generated }, generated: true }
    : undefined
}

/**
 * What becomes of a device that a row is about. A row says what it names; credential, owner and epoch are no matter of an
 * import, and the same row again changes nothing.
 */
export const effectOf = (
  device: Device,
  row: ImportRow,
  digests: RowDigests,
  now: number,
): Effect => {
  const faults = contradiction(device, row, digests)
  if (faults !== undefined) return { kind: 'refused', faults }
  const arming = armedBy(device, row, digests, now)
  if (arming === undefined)
    return { kind: 'refused', faults: faultOf('must be in the future', '/expiresAt') }
  const said: Partial<Device> = {
    ...shownIn(row),
    ...(row.particle === undefined ? {} : { particle: row.particle }),
    ...(digests.printed === undefined ? {} : { printed: digests.printed }),
    ...arming.armed,
  }
  return says(device, said)
    ? { kind: 'unchanged' }
    : { kind: 'updated', device: { ...device, ...said }, generated: arming.generated }
}

/** Whether all of it is so already. A box key is said only where it is another one. */
const says = (device: Device, said: Partial<Device>): boolean => {
  const present = new Map<string, unknown>(Object.entries(device))
  return Object.entries(said).every(([name, value]) => present.get(name) === value)
}
