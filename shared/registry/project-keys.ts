import { lookupDigest } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'
import type { Project, ProjectKey } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readOne } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'

/** What a project key may be allowed (CONTRACT 6, MODE); without a list the first two. */
export const KEY_GRANTS = ['send-commands', 'send-events', 'write-kv', 'byou'] as const
export type KeyGrant = (typeof KEY_GRANTS)[number]

/** What a key of ours looks like. */
const KEY = /^[\w-]{43}$/

/** Keys for a maker's own programs: shown once, kept as digests. */
export const createProjectKeys = (
  { store, now, newId }: RegistryContext,
  newSecret: () => string,
) => {
  const create = async (project: ProjectId, name: string, grants?: readonly KeyGrant[]) => {
    const key = newSecret()
    const digest = lookupDigest(key)
    const record: ProjectKey = {
      id: newId(),
      project,
      name,
      grants: grants ?? KEY_GRANTS.slice(0, 2),
      createdAt: now(),
    }
    // First where it is found when its project ends.
    await store.commit({ add: [{ index: keys.projectKeys(project), member: digest }] })
    await store.commit({ put: [put(keys.projectKey(digest), record)] })
    return { id: record.id, key }
  }

  /** Whose key this is, now. `undefined`: nobody's. */
  const find = async (key: string): Promise<ProjectKey | undefined> => {
    if (!KEY.test(key)) return undefined
    const { value } = await readOne<ProjectKey>(store, keys.projectKey(lookupDigest(key)))
    if (value === undefined) return undefined
    const project = await readOne<Project>(store, keys.project(value.project))
    return project.value === undefined ? undefined : value
  }

  return { create, find }
}

export type ProjectKeys = ReturnType<typeof createProjectKeys>

/** Whether a key is allowed something. */
export const grants = (key: ProjectKey, grant: KeyGrant): boolean => key.grants.includes(grant)
