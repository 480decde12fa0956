import type { DeviceId, HomeId, ProjectId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { LogItem } from '../store/port.ts'
import {
  type Found,
  linesOf,
  put,
  readMany,
  readOne,
  transact,
  unchanged,
} from '../store/transact.ts'
import type { RegistryContext } from './context.ts'

/** What a thing measured, or an app set. `value` is any JSON; `datetime` RFC 3339. */
export type Value = {
  readonly key: string
  readonly value: unknown
  readonly datetime: string
  readonly geo?: unknown
}

/** A value before its time is known. */
export type NewValue = Omit<Value, 'datetime'> & { readonly datetime?: string | undefined }

/** Where a value is written: by the device itself, or by the home that owns it. */
export type ValueWriter = {
  readonly project: ProjectId
  readonly device: DeviceId
  /** Present: only while this home owns the device, and the device has to hear of it. */
  readonly owner?: HomeId
}

/** Where values wait for who listens to a device: what its owner set, or what it wrote itself. */
export type Box = 'inbox' | 'echo'

/** Values of one box, from a place on. */
export type Heard = { readonly place: string; readonly values: readonly Value[] }

/** How many resources a device has, how many values each of them, and for how long after the last one, ms. */
export const MOST_RESOURCES = 100
export const MOST_VALUES = 200
const VALUES_TTL_MS = 30 * 86_400_000
/** A resource is marked as written again after this time, so that not every value rewrites the list. */
const MARK_MS = 3_600_000
/** Longest value with its place, as JSON. */
export const LONGEST_VALUE = 4096
const LETTERS = 100
/** The key of a box, and how long a letter waits there after the last one. */
const BOXES = {
  inbox: { keyOf: keys.inbox, ttlMs: 3_600_000 },
  // Apart, so that a device that writes much does not push its owner's letters out.
  echo: { keyOf: keys.echo, ttlMs: 60_000 },
} as const
/** The wake-up: which device has something in its inbox. */
export const INBOX_CHANNEL = 'inbox'

type Resources = { readonly epoch: number; readonly writtenAt: Readonly<Record<string, number>> }
type Letter = { readonly epoch: number; readonly values: readonly Value[] }

/**
 * Values by device, epoch and resource. They belong to who owned the device when they were written: with the epoch
 * everything before it is out of reach, for the former owner and for the next.
 */
export const createValues = ({ store, now }: RegistryContext) => {
  const alive = (resources: Resources | undefined, { epoch }: Device): Map<string, number> =>
    new Map(
      Object.entries(resources?.epoch === epoch ? resources.writtenAt : {}).filter(
        ([, at]) => now() < at + VALUES_TTL_MS,
      ),
    )

  const itemOf = ({ project, id, epoch }: Device, { key, ...value }: Value): LogItem => ({
    log: keys.values(project, id, epoch, key),
    item: JSON.stringify(value),
    keep: MOST_VALUES,
    ttlMs: VALUES_TTL_MS + MARK_MS,
  })

  const letterIn = (
    box: Box,
    { project, id, epoch }: Device,
    values: readonly Value[],
  ): LogItem => {
    const letter: Letter = { epoch, values }
    const { keyOf, ttlMs } = BOXES[box]
    return { log: keyOf(project, id), item: JSON.stringify(letter), keep: LETTERS, ttlMs }
  }

  const marked = (resources: Found<Resources>, device: Device, values: readonly Value[]) => {
    const writtenAt = alive(resources.value, device)
    const stale = values.filter(({ key }) => (writtenAt.get(key) ?? 0) + MARK_MS <= now())
    for (const { key } of stale) writtenAt.set(key, now())
    return { writtenAt, isStale: stale.length > 0 }
  }

  /** Writes values, all or none. `'unknown'`: there is no such device, or the writer does not own it. */
  const write = async (
    { project, device: id, owner }: ValueWriter,
    given: readonly NewValue[],
  ): Promise<'written' | 'too-many' | 'unknown'> => {
    const written = await transact<'written' | 'too-many' | 'unknown'>(store, async () => {
      const device = await readOne<Device>(store, keys.device(project, id))
      const record = device.value
      if (record === undefined || (owner !== undefined && record.owner !== owner))
        return { result: 'unknown' }
      const at = new Date(now()).toISOString()
      const values = given.map(({ datetime, ...value }) => ({ ...value, datetime: datetime ?? at }))
      const resources = await readOne<Resources>(store, keys.resources(project, id))
      const { writtenAt, isStale } = marked(resources, record, values)
      if (writtenAt.size > MOST_RESOURCES) return { result: 'too-many' }
      const list: Resources = { epoch: record.epoch, writtenAt: Object.fromEntries(writtenAt) }
      return {
        result: 'written',
        change: {
          // Of this epoch, or not at all.
          expect: [unchanged(device), unchanged(resources)],
          put: isStale ? [put(resources.key, list, now() + VALUES_TTL_MS)] : [],
          append: [
            ...values.map((value) => itemOf(record, value)),
            letterIn(owner === undefined ? 'echo' : 'inbox', record, values),
          ],
        },
      }
    })
    if (written === 'written' && owner !== undefined) await store.announce(INBOX_CHANNEL, id)
    return written
  }

  /** The newest values of one resource in the device's present epoch, newest first. */
  const read = async ({ project, id, epoch }: Device, key: string): Promise<Value[]> => {
    const lines = await store.last(keys.values(project, id, epoch, key), MOST_VALUES)
    return linesOf<Omit<Value, 'key'>>('a value', lines)
      .map((value) => ({ key, ...value }))
      .sort((a, b) => Date.parse(b.datetime) - Date.parse(a.datetime))
  }

  /** The resources of devices of one project, in the order of the devices. */
  const resourcesOf = async (devices: readonly Device[]): Promise<string[][]> => {
    const records = await readMany<Resources>(
      store,
      devices.map(({ project, id }) => keys.resources(project, id)),
    )
    return devices.map((device, place) => [...alive(records[place]?.value, device).keys()])
  }

  /** Where a box of a device ends now: what is written from here on is new. */
  const endOf = async (
    box: Box,
    { project, id }: Pick<Device, 'project' | 'id'>,
  ): Promise<string> => (await store.last(BOXES[box].keyOf(project, id), 1))[0]?.place ?? ''

  /** What came into a box of a device after a place. Of another epoch nothing. */
  const after = async (box: Box, device: Device, place: string): Promise<Heard> => {
    const { project, id } = device
    const from = place === '' ? undefined : place
    const lines = await store.tail(BOXES[box].keyOf(project, id), from, LETTERS)
    const values = linesOf<Letter>('a letter', lines).filter(({ epoch }) => epoch === device.epoch)
    return {
      place: lines.at(-1)?.place ?? place,
      values: values.flatMap((letter) => letter.values),
    }
  }

  return { write, read, resourcesOf, endOf, after }
}

export type Values = ReturnType<typeof createValues>
