import type { ProjectId } from '../model/ids.ts'
import { isUuid } from '../model/ids.ts'
import type { PolicyPatch } from '../model/policy.ts'
import type { Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readOne } from '../store/transact.ts'
import { newNumber, type RegistryContext } from './context.ts'
import { holderOf, reserve } from './unique.ts'

/** The project that is there from the first start; its makers run all the others too. */
export const DEFAULT_PROJECT = 'default'

export type NewProject = Pick<Project, 'name' | 'accounts' | 'provisioning'> & {
  readonly policy?: PolicyPatch
}

const PAGE = 1000

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
    await store.commit({ put: [put(keys.project(id), project)] })
    await store.commit({ add: [{ index: keys.projects(), member: id }] })
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

  const list = async (): Promise<Project[]> => {
    const ids = (await store.list(keys.projects(), { limit: PAGE })) as ProjectId[]
    const projects = await Promise.all(ids.map(get))
    return projects.filter((project) => project !== undefined)
  }

  return { create, get, find, list }
}

export type Projects = ReturnType<typeof createProjects>
