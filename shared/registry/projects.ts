import { changedIn } from '../audit/changed.ts'
import { audited } from '../audit/line.ts'
import type { ProjectId } from '../model/ids.ts'
import { isUuid } from '../model/ids.ts'
import { POLICY_MEMBERS, type PolicyPatch } from '../model/policy.ts'
import type { Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import { newNumber, type RegistryContext } from './context.ts'
import { NAMED } from './naming.ts'
import { holderOf, type Reservation, reserve } from './unique.ts'

/** The project that is there from the first start; its makers run all the others too. */
export const DEFAULT_PROJECT = 'default'

export type NewProject = Pick<Project, 'name' | 'accounts' | 'provisioning'> & {
  readonly policy?: PolicyPatch
}

const PAGE = 1000

/** Frees the names of a project that is gone. */
export const freeProject = async (
  store: Store,
  { id, name, number }: Pick<Project, 'id' | 'name' | 'number'>,
): Promise<void> => {
  for (const key of [keys.projectName(name), keys.projectNumber(number)])
    await transact<void>(store, async () => {
      const present = await readOne<Reservation<ProjectId>>(store, key)
      if (present.value?.holder !== id) return { result: undefined }
      return { result: undefined, change: { expect: [unchanged(present)], remove: [key] } }
    })
}

/** Projects: made, found by id, name or number. */
export const createProjects = (context: RegistryContext) => {
  const { store, now, newId } = context

  const get = async (id: ProjectId): Promise<Project | undefined> =>
    (await readOne<Project>(store, keys.project(id))).value

  const isAlive = async (id: ProjectId) => (await get(id)) !== undefined

  const reserveNumber = async (id: ProjectId): Promise<number> => {
    for (;;) {
      const number = newNumber(context)
      if (await reserve(store, keys.projectNumber(number), id, now(), isAlive)) return number
    }
  }

  /** `'name-taken'`: another project has the name. */
  const create = async (wanted: NewProject): Promise<Project | 'name-taken'> => {
    const id = newId() as ProjectId
    if (!(await reserve(store, keys.projectName(wanted.name), id, now(), isAlive)))
      return 'name-taken'
    const project: Project = {
      id,
      number: await reserveNumber(id),
      name: wanted.name,
      accounts: wanted.accounts,
      provisioning: wanted.provisioning,
      policy: wanted.policy ?? {},
      createdAt: now(),
    }
    // First where it is found when it ends: what has no record is passed over.
    await store.commit({ add: [{ index: keys.projects(), member: id }] })
    await store.commit({
      put: [put(keys.project(id), project), put(keys.named(id), NAMED)],
      append: [audited({ at: project.createdAt, project: id, type: 'project.made' })],
    })
    return project
  }

  /** By id, name or number, as a person or a platform calls it. */
  const find = async (ref: string): Promise<Project | undefined> => {
    if (isUuid(ref)) return get(ref as ProjectId)
    const named = await holderOf<ProjectId>(store, keys.projectName(ref))
    if (named !== undefined) return get(named)
    const numbered = /^\d{1,10}$/.test(ref)
      ? await holderOf<ProjectId>(store, keys.projectNumber(Number(ref)))
      : undefined
    return numbered === undefined ? undefined : get(numbered)
  }

  /** By the number alone: no project's name is mistaken for it. */
  const findByNumber = async (number: number): Promise<Project | undefined> => {
    const id = await holderOf<ProjectId>(store, keys.projectNumber(number))
    return id === undefined ? undefined : get(id)
  }

  const list = async (): Promise<Project[]> => {
    const ids = (await store.list(keys.projects(), { limit: PAGE })) as ProjectId[]
    const projects = await Promise.all(ids.map(get))
    return projects.filter((project) => project !== undefined)
  }

  /** Another policy in place of the former one: what is absent follows the defaults. `undefined`: there is no such project. */
  const setPolicy = (id: ProjectId, policy: PolicyPatch): Promise<Project | undefined> =>
    transact<Project | undefined>(store, async () => {
      const project = await readOne<Project>(store, keys.project(id))
      if (project.value === undefined) return { result: undefined }
      const after = { ...project.value, policy }
      const what = changedIn(project.value.policy, policy, POLICY_MEMBERS)
      const told = { at: now(), project: id, type: 'policy.changed' } as const
      return {
        result: after,
        change: {
          expect: [unchanged(project)],
          put: [put(project.key, after)],
          append: [audited(what === '' ? told : { ...told, what })],
        },
      }
    })

  return { create, get, find, findByNumber, list, setPolicy }
}

export type Projects = ReturnType<typeof createProjects>
