import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { Presence } from '../model/records.ts'
import type { Change } from '../store/port.ts'
import { put, readMany, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { CARRIERS } from './presences.ts'

/** No node has this name. */
const NOBODY = 'nobody'

/** What ends a connection: part of a commit, and what to do after it. */
export type Ending = Required<Pick<Change, 'expect' | 'put'>> & {
  /** Tells the nodes at once; one that does not hear it finds the record in a moment. */
  readonly tell: () => Promise<void>
}

/**
 * Ends a device's live connections, wherever they are: nobody takes their place, with a higher generation. The device may
 * come again with what it still has.
 */
export const endingOf = async (
  { store, now }: Pick<RegistryContext, 'store' | 'now'>,
  project: ProjectId,
  device: DeviceId,
): Promise<Ending> => {
  const ways = Object.values(CARRIERS)
  const present = await readMany<Presence>(
    store,
    ways.map(({ placeOf }) => placeOf(project, device)),
  )
  const ended = present.flatMap((one, place) => {
    if (one.value === undefined) return []
    const generation = one.value.generation + 1
    const presence: Presence = { ...one.value, node: NOBODY, generation, goneAt: now() }
    return [{ key: one.key, presence, channel: ways[place]?.channel ?? '' }]
  })
  return {
    expect: present.map(unchanged),
    put: ended.map(({ key, presence }) => put(key, presence)),
    tell: async () => {
      for (const { channel, presence } of ended) {
        const { generation } = presence
        await store.announce(channel, JSON.stringify({ device, node: NOBODY, generation }))
      }
    },
  }
}
