import type { DeviceId, HomeId, ProjectId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { put, readOne, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'

/** Whose key-values: a home's, or a device's in one epoch, so that nothing of a former owner is seen by the next. */
export type KeyValueOwner =
  | { readonly kind: 'home'; readonly project: ProjectId; readonly home: HomeId }
  | {
      readonly kind: 'device'
      readonly project: ProjectId
      readonly device: DeviceId
      readonly epoch: number
    }

/** `value` is any JSON but `null`; `modifiedAt` in epoch ms; `rev`: of the change that wrote it. */
export type KeyValue = {
  readonly key: string
  readonly value: unknown
  readonly modifiedAt: number
  readonly rev: number
}

/** A change that was made: the revision, which only rises. */
export type Revised = { readonly rev: number }

/** Letters, digits, `_` and `-`, a letter or digit at both ends: research/mode_thethings_thingful.md 1.7. */
export const KEY = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,126}[A-Za-z0-9])?$/
/** How many keys one owner has, how long one value is and all of them together, as JSON. */
export const MOST_KEYS = 1000
export const LONGEST_KEY_VALUE = 16 * 1024
export const LONGEST_ALL = 1024 * 1024

/** A key-value as it lies there. */
export type Stored = Omit<KeyValue, 'key'>
/** What is known of all key-values of an owner; a device's of another epoch are gone. */
export type State = {
  readonly rev: number
  readonly epoch?: number
  readonly count: number
  readonly size: number
}

/** The last member that stands before all that begin with a prefix; keys have no byte above `z`. */
export const placeBefore = (prefix: string): string =>
  `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) - 1)}~`

/**
 * What a former owner has left at a device, which has changed hands: the part of a change that takes it away. The revision
 * stays, because it only rises. `undefined`: there is nothing. Nobody sees it in another epoch anyhow; this is so that it
 * does not lie there for ever.
 */
export const keyValuesLeft = async (
  { store }: Pick<RegistryContext, 'store'>,
  project: ProjectId,
  { id, epoch }: Pick<Device, 'id' | 'epoch'>,
): Promise<Change | undefined> => {
  const state = await readOne<State>(store, keys.keyValueState(project, id))
  if (state.value === undefined || state.value.epoch === epoch) return undefined
  const gone = await keyValuesGone({ store }, project, id)
  const after: State = { rev: state.value.rev, epoch, count: 0, size: 0 }
  return {
    ...gone,
    put: [put(state.key, after)],
    remove: (gone.remove ?? []).filter((key) => key !== state.key),
  }
}

/** Everything that hangs on an owner, to be removed with it. */
export const keyValuesGone = async (
  { store }: Pick<RegistryContext, 'store'>,
  project: ProjectId,
  owner: HomeId | DeviceId,
): Promise<Change> => {
  const state = await readOne<State>(store, keys.keyValueState(project, owner))
  const index = keys.keyValues(project, owner)
  const members = await store.list(index, { limit: MOST_KEYS })
  return {
    // Whoever writes one more meanwhile changes this.
    expect: [unchanged(state)],
    remove: [state.key, ...members.map((key) => keys.keyValue(project, owner, key))],
    drop: members.map((member) => ({ index, member })),
  }
}
