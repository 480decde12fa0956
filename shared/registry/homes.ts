import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Home } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readMany, readOne, transact } from '../store/transact.ts'
import { newNumber, type RegistryContext } from './context.ts'

/** Homes that a maker names (ThingsBoard's customers); personal ones come with their user. */
export const createHomes = (context: RegistryContext) => {
  const { store, now, newId } = context

  const get = async (project: ProjectId, id: HomeId): Promise<Home | undefined> =>
    (await readOne<Home>(store, keys.home(project, id))).value

  /** `'name-taken'`: the project has a home of that title. */
  const create = (project: ProjectId, title: string): Promise<Home | 'name-taken'> =>
    transact<Home | 'name-taken'>(store, async () => {
      const name = await readOne<HomeId>(store, keys.homeTitle(project, title))
      if (name.value !== undefined) return { result: 'name-taken' }
      const home: Home = {
        id: newId() as HomeId,
        project,
        number: newNumber(context),
        title,
        createdAt: now(),
      }
      return {
        result: home,
        change: {
          expect: [{ key: name.key, version: undefined }],
          put: [put(name.key, home.id), put(keys.home(project, home.id), home)],
          add: [{ index: keys.homes(project), member: home.id }],
        },
      }
    })

  const list = async (project: ProjectId, after: string | undefined, limit: number) => {
    const ids = await store.list(
      keys.homes(project),
      after === undefined ? { limit } : { after, limit },
    )
    const homes = await readMany<Home>(
      store,
      ids.map((id) => keys.home(project, id as HomeId)),
    )
    return homes.flatMap(({ value }) => (value === undefined ? [] : [value]))
  }

  const members = async (
    project: ProjectId,
    home: HomeId,
    after: string | undefined,
    limit: number,
  ) =>
    (await store.list(
      keys.homeMembers(project, home),
      after === undefined ? { limit } : { after, limit },
    )) as UserId[]

  return { get, create, list, members }
}

export type Homes = ReturnType<typeof createHomes>
