import { audited } from '../audit/line.ts'
import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Home, Membership } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { joined, put, readListed, readOne, transact, unchanged } from '../store/transact.ts'
import { newNumber, type RegistryContext } from './context.ts'
import { founded, placed } from './membership.ts'

/** How many homes a user may be a member of; at the same moment a few more may come about. */
export const MOST_HOMES = 100

/** Homes that a maker names (ThingsBoard's customers), and homes that a user makes; personal ones come with their user. */
export const createHomes = (context: RegistryContext) => {
  const { store, now, newId } = context

  const get = async (project: ProjectId, id: HomeId): Promise<Home | undefined> =>
    (await readOne<Home>(store, keys.home(project, id))).value

  const findByNumber = async (project: ProjectId, number: number): Promise<Home | undefined> => {
    const id = await readOne<HomeId>(store, keys.homeNumber(project, number))
    return id.value === undefined ? undefined : get(project, id.value)
  }

  const draft = (project: ProjectId, title: string): Home => ({
    id: newId() as HomeId,
    project,
    number: newNumber(context),
    title,
    createdAt: now(),
  })

  const told = (type: 'home.made' | 'home.changed', { project, id: home }: Home) => ({
    append: [audited({ at: now(), project, type, home })],
  })

  /** `'name-taken'`: the maker has given the title to another home of the project. */
  const create = (project: ProjectId, title: string): Promise<Home | 'name-taken'> =>
    transact<Home | 'name-taken'>(store, async () => {
      const name = await readOne<HomeId>(store, keys.homeTitle(project, title))
      if (name.value !== undefined) return { result: 'name-taken' }
      const home = draft(project, title)
      return { result: home, change: joined(founded(home), told('home.made', home)) }
    })

  /** A home of a user's own making: he owns it. `'too-many'`: he is a member of too many. */
  const found = (
    project: ProjectId,
    user: UserId,
    title: string,
  ): Promise<Home | 'too-many' | 'unknown'> =>
    transact<Home | 'too-many' | 'unknown'>(store, async () => {
      const founder = await readOne<unknown>(store, keys.user(project, user))
      if (founder.value === undefined) return { result: 'unknown' }
      const present = await store.list(keys.userHomes(project, user), { limit: MOST_HOMES })
      if (present.length >= MOST_HOMES) return { result: 'too-many' }
      const home: Home = { ...draft(project, title), founder: user }
      const place: Membership = { user, home: home.id, role: 'owner', joinedAt: home.createdAt }
      return {
        result: home,
        change: joined(
          { expect: [unchanged(founder)] },
          founded(home),
          placed(project, place),
          told('home.made', home),
        ),
      }
    })

  /** A new title. What the maker named keeps its title, which is its name. `undefined`: there is no such home. */
  const rename = (project: ProjectId, id: HomeId, title: string) =>
    transact<Home | 'named-by-maker' | undefined>(store, async () => {
      const home = await readOne<Home>(store, keys.home(project, id))
      if (home.value === undefined) return { result: undefined }
      const { personal, founder } = home.value
      if (personal === undefined && founder === undefined) return { result: 'named-by-maker' }
      const after: Home = { ...home.value, title }
      return {
        result: after,
        change: {
          expect: [unchanged(home)],
          put: [put(home.key, after)],
          ...told('home.changed', after),
        },
      }
    })

  const readAll = async (project: ProjectId, ids: readonly string[]): Promise<Home[]> => {
    const records = ids.map((id) => keys.home(project, id as HomeId))
    return readListed<Home>(store, records)
  }

  const list = async (project: ProjectId, after: string | undefined, limit: number) =>
    readAll(
      project,
      await store.list(keys.homes(project), after === undefined ? { limit } : { after, limit }),
    )

  return { get, findByNumber, create, found, rename, readAll, list }
}

export type Homes = ReturnType<typeof createHomes>
