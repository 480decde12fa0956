import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { Presence } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { put, readOne, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'

/** No node has this name. */
const NOBODY = 'nobody'

/** What ends a connection: part of a commit, and what to do after it. */
export type Ending = Required<Pick<Change, 'expect' | 'put'>> & {
  /** Tells the nodes at once; one that does not hear it finds the record in a moment. */
  readonly tell: () => Promise<void>
}

/**
 * Ends a device's live connection, wherever it is: nobody takes its place, with a higher generation. The device may
 * come again with what it still has.
 */
export const endingOf = async (
  { store, now }: Pick<RegistryContext, 'store' | 'now'>,
  project: ProjectId,
  device: DeviceId,
): Promise<Ending> => {
  const present = await readOne<Presence>(store, keys.presence(project, device))
  const expect = [unchanged(present)]
  if (present.value === undefined) return { expect, put: [], tell: async () => undefined }
  const generation = present.value.generation + 1
  const presence: Presence = { node: NOBODY, generation, at: now() }
  return {
    expect,
    put: [put(present.key, presence)],
    tell: () => store.announce('presence', JSON.stringify({ device, node: NOBODY, generation })),
  }
}
