import { actsAs } from '../audit/actor.ts'
import { audited } from '../audit/line.ts'
import { lookupDigest } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'
import type { Project, ProjectKey } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readOne } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'

/** What a project key may be allowed (CONTRACT 6, MODE); without a list the first two. */
export const KEY_GRANTS = ['send-commands', 'send-events', 'write-kv', 'byou'] as const
export type KeyGrant = (typeof KEY_GRANTS)[number]

const MOST_LISTED = 500

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
    // The key lies where it is looked up, which is another shard.
    await store.commit({
      append: [audited({ at: record.createdAt, project, type: 'key.made', what: record.id })],
    })
    return { id: record.id, key }
  }

  /** Whose key this is, now. `undefined`: nobody's. */
  const find = async (key: string): Promise<ProjectKey | undefined> => {
    if (!KEY.test(key)) return undefined
    const { value } = await readOne<ProjectKey>(store, keys.projectKey(lookupDigest(key)))
    if (value === undefined) return undefined
    const project = await readOne<Project>(store, keys.project(value.project))
    if (project.value === undefined) return undefined
    actsAs({ kind: 'key', id: value.id })
    return value
  }

  /** Every key of a project is of a tag of its own, so that they are read one by one. */
  const present = async (project: ProjectId) => {
    const digests = await store.list(keys.projectKeys(project), { limit: MOST_LISTED })
    const records = await Promise.all(
      digests.map((digest) => readOne<ProjectKey>(store, keys.projectKey(digest))),
    )
    return records.flatMap(({ key, value }, place) =>
      value === undefined ? [] : [{ place: key, digest: digests[place] ?? '', record: value }],
    )
  }

  /** The keys of a project, without what opens anything; the newest first, 500 at most. */
  const list = async (project: ProjectId): Promise<ProjectKey[]> =>
    (await present(project))
      .map(({ record }) => record)
      .sort((one, other) => other.createdAt - one.createdAt)

  /** Ends a key, with the answer. `false`: there is none of that id. */
  const remove = async (project: ProjectId, id: string): Promise<boolean> => {
    const key = (await present(project)).find(({ record }) => record.id === id)
    if (key === undefined) return false
    await store.commit({ remove: [key.place], whenFull: true })
    await store.commit({
      drop: [{ index: keys.projectKeys(project), member: key.digest }],
      append: [audited({ at: now(), project, type: 'key.removed', what: id })],
      whenFull: true,
    })
    return true
  }

  return { create, find, list, remove }
}

export type ProjectKeys = ReturnType<typeof createProjectKeys>

/** Whether a key is allowed something. */
export const grants = (key: ProjectKey, grant: KeyGrant): boolean => key.grants.includes(grant)
