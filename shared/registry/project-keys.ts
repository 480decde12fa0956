import { lookupDigest } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'
import type { ProjectKey } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readOne } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'

/** What a project key may be allowed (CONTRACT 6, MODE); without a list the first two. */
export const KEY_GRANTS = ['send-commands', 'send-events', 'write-kv', 'byou'] as const

/** Keys for a maker's own programs: shown once, kept as digests. */
export const createProjectKeys = (
  { store, now, newId }: RegistryContext,
  newSecret: () => string,
) => {
  const create = async (project: ProjectId, name: string, grants?: readonly string[]) => {
    const key = newSecret()
    const record: ProjectKey = {
      id: newId(),
      project,
      name,
      grants: grants ?? KEY_GRANTS.slice(0, 2),
      createdAt: now(),
    }
    await store.commit({ put: [put(keys.projectKey(lookupDigest(key)), record)] })
    return { id: record.id, key }
  }

  const check = async (key: string): Promise<ProjectKey | undefined> =>
    (await readOne<ProjectKey>(store, keys.projectKey(lookupDigest(key)))).value

  return { create, check }
}

export type ProjectKeys = ReturnType<typeof createProjectKeys>
