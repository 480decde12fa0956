import { FEED_CHANNEL, happened } from '../delivery/feed.ts'
import { NOTICES_CHANNEL, noticeLine } from '../delivery/notices.ts'
import type { Device, Home, KeyValueChange } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Key, LogItem } from '../store/port.ts'
import { type Found, found, joined, put, readMany, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import {
  KEY,
  type KeyValue,
  type KeyValueOwner,
  keyValuesGone,
  LONGEST_ALL,
  LONGEST_KEY_VALUE,
  MOST_KEYS,
  placeBefore,
  type Revised,
  type State,
  type Stored,
} from './key-value.ts'

export type { KeyValue, KeyValueOwner, Revised } from './key-value.ts'

/** The first look at keys of a prefix; each further one is twice as long. */
const FIRST_PAGE = 32

type Sight = {
  readonly owner: Found<Device> | Found<Home>
  readonly state: Found<State>
  readonly item: Found<Stored>
  /** The state of this epoch. */
  readonly present: State
  readonly isStale: boolean
}

const idOf = (owner: KeyValueOwner) => (owner.kind === 'home' ? owner.home : owner.device)

const sizeOf = (stored: Stored | undefined): number =>
  stored === undefined ? 0 : JSON.stringify(stored.value).length

/** Key-values of homes and devices. Nothing secret may be put there. */
export const createKeyValues = (context: RegistryContext) => {
  const { store, now, newId } = context

  const isOf = (state: State, owner: KeyValueOwner): boolean =>
    owner.kind === 'home' || state.epoch === owner.epoch

  /** What a change has to see. `undefined`: the owner is not there, or has changed hands. */
  const look = async (owner: KeyValueOwner, key: string): Promise<Sight | undefined> => {
    const { project } = owner
    const wanted: [Key, Key, Key] = [
      owner.kind === 'home' ? keys.home(project, owner.home) : keys.device(project, owner.device),
      keys.keyValueState(project, idOf(owner)),
      keys.keyValue(project, idOf(owner), key),
    ]
    const [holder, state, item] = await store.read(wanted)
    const record = found<Device & Home>(wanted[0], holder)
    if (record.value === undefined) return undefined
    if (owner.kind === 'device' && record.value.epoch !== owner.epoch) return undefined
    const known = found<State>(wanted[1], state)
    const isStale = known.value !== undefined && !isOf(known.value, owner)
    const fresh: State = {
      rev: known.value?.rev ?? 0,
      ...(owner.kind === 'device' ? { epoch: owner.epoch } : {}),
      count: 0,
      size: 0,
    }
    const present = known.value === undefined || isStale ? fresh : known.value
    return { owner: record, state: known, item: found<Stored>(wanted[2], item), present, isStale }
  }

  const news = (
    owner: KeyValueOwner,
    holder: Sight['owner'],
    data: Record<string, unknown>,
  ): LogItem[] => {
    const at = now()
    const { project } = owner
    if (owner.kind === 'home')
      return happened(project, { at, type: 'home.key-value', home: owner.home, data }, newId())
    const home = (holder as Found<Device>).value?.owner
    const { device, epoch } = owner
    const whose = home === undefined ? {} : { home }
    return happened(
      project,
      { at, type: 'device.key-value', device, epoch, ...whose, data },
      newId(),
    )
  }

  /** The part that every change has: the owner is as it was, the revision rises, what is of another epoch goes. */
  const base = async (owner: KeyValueOwner, sight: Sight, state: State): Promise<Change> => {
    const { project } = owner
    const old = sight.isStale ? await keyValuesGone(context, project, idOf(owner)) : {}
    const gone = (old.remove ?? []).filter((key) => key !== sight.state.key)
    return {
      expect: [unchanged(sight.owner), unchanged(sight.state), unchanged(sight.item)],
      put: [put(sight.state.key, state)],
      remove: gone,
      drop: old.drop ?? [],
    }
  }

  /** What the device itself is told. */
  const noticeOf = (owner: KeyValueOwner, keyValue: Omit<KeyValueChange, 'epoch'>): LogItem[] => {
    if (owner.kind === 'home') return []
    const { project, device, epoch } = owner
    return [noticeLine(project, { id: newId(), device, epoch, keyValue, at: now() })]
  }

  const tell = async ({ kind, project }: KeyValueOwner) => {
    const channels = kind === 'device' ? [FEED_CHANNEL, NOTICES_CHANNEL] : [FEED_CHANNEL]
    // A lost wake-up costs a moment: feed and outbox still have the line.
    for (const channel of channels) await store.announce(channel, project).catch(() => undefined)
  }

  /** `'too-much'`: the value is too long, or the owner has too many. `'bad-key'`, `'bad-value'`: not of the form. */
  const set = async (
    owner: KeyValueOwner,
    key: string,
    value: unknown,
  ): Promise<Revised | 'unknown' | 'bad-key' | 'bad-value' | 'too-much'> => {
    if (!KEY.test(key)) return 'bad-key'
    if (value === null || value === undefined) return 'bad-value'
    if (JSON.stringify(value).length > LONGEST_KEY_VALUE) return 'too-much'
    const done = await transact<Revised | 'unknown' | 'too-much'>(store, async () => {
      const sight = await look(owner, key)
      if (sight === undefined) return { result: 'unknown' }
      const before = sight.isStale ? undefined : sight.item.value
      const { rev: last, count, size, ...rest } = sight.present
      const rev = last + 1
      const stored: Stored = { value, modifiedAt: now(), rev }
      const state: State = {
        ...rest,
        rev,
        count: count + (before === undefined ? 1 : 0),
        size: size - sizeOf(before) + sizeOf(stored),
      }
      if (state.count > MOST_KEYS || state.size > LONGEST_ALL) return { result: 'too-much' }
      const common = await base(owner, sight, state)
      const index = keys.keyValues(owner.project, idOf(owner))
      return {
        result: { rev },
        change: joined(
          {
            ...common,
            remove: (common.remove ?? []).filter((one) => one !== sight.item.key),
            drop: (common.drop ?? []).filter(({ member }) => member !== key),
          },
          {
            put: [put(sight.item.key, stored)],
            add: [{ index, member: key }],
            append: [
              ...news(owner, sight.owner, { action: 'set', key, value, rev }),
              ...noticeOf(owner, { action: 'set', key, rev }),
            ],
          },
        ),
      }
    })
    if (typeof done !== 'string') await tell(owner)
    return done
  }

  /** `'absent'`: there was none under that key. */
  const remove = async (
    owner: KeyValueOwner,
    key: string,
  ): Promise<Revised | 'unknown' | 'absent'> => {
    if (!KEY.test(key)) return 'absent'
    const done = await transact<Revised | 'unknown' | 'absent'>(store, async () => {
      const sight = await look(owner, key)
      if (sight === undefined) return { result: 'unknown' }
      const { value: before, key: place } = sight.item
      if (before === undefined || sight.isStale) return { result: 'absent' }
      const { rev: last, count, size, ...rest } = sight.present
      const rev = last + 1
      const state: State = { ...rest, rev, count: count - 1, size: size - sizeOf(before) }
      const index = keys.keyValues(owner.project, idOf(owner))
      return {
        result: { rev },
        change: joined(await base(owner, sight, state), {
          remove: [place],
          drop: [{ index, member: key }],
          append: [
            ...news(owner, sight.owner, { action: 'delete', key, rev }),
            ...noticeOf(owner, { action: 'delete', key, rev }),
          ],
        }),
      }
    })
    if (typeof done !== 'string') await tell(owner)
    return done
  }

  /** Several in one look, so that none is seen of an epoch that is not the asker's. */
  const readAll = async (owner: KeyValueOwner, wanted: readonly string[]) => {
    const { project } = owner
    const places = wanted.map((key) => keys.keyValue(project, idOf(owner), key))
    const [state, ...items] = await readMany<unknown>(store, [
      keys.keyValueState(project, idOf(owner)),
      ...places,
    ])
    const known = state?.value as State | undefined
    if (known === undefined || !isOf(known, owner)) return { rev: known?.rev ?? 0, items: [] }
    const present = items.flatMap(({ value }, place): KeyValue[] =>
      value === undefined ? [] : [{ key: wanted[place] as string, ...(value as Stored) }],
    )
    return { rev: known.rev, items: present }
  }

  const get = async (owner: KeyValueOwner, key: string): Promise<KeyValue | undefined> =>
    KEY.test(key) ? (await readAll(owner, [key])).items[0] : undefined

  /** Page by page, so that of what is not asked for no more than a page is read. */
  const beginningWith = async (index: Key, prefix: string): Promise<string[]> => {
    const members: string[] = []
    let [after, limit] = [placeBefore(prefix), FIRST_PAGE]
    for (;;) {
      const page = await store.list(index, { after, limit })
      members.push(...page.filter((member) => member.startsWith(prefix)))
      const last = page.at(-1)
      if (page.length < limit || last === undefined || !last.startsWith(prefix)) return members
      after = last
      limit *= 2
    }
  }

  /** Those whose keys begin with a prefix, in the order of their keys, and the revision that they are of. */
  const list = async (
    owner: KeyValueOwner,
    prefix = '',
  ): Promise<{ readonly rev: number; readonly items: readonly KeyValue[] }> => {
    const index = keys.keyValues(owner.project, idOf(owner))
    const isPrefix = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(prefix)
    if (prefix !== '') return readAll(owner, isPrefix ? await beginningWith(index, prefix) : [])
    return readAll(owner, await store.list(index, { limit: MOST_KEYS }))
  }

  return { set, remove, get, list }
}

export type KeyValues = ReturnType<typeof createKeyValues>
