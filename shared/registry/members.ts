import { audited } from '../audit/line.ts'
import { doorOf } from '../claim/door.ts'
import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Home, MemberRole, Membership, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { joined, put, readMany, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { MOST_HOMES } from './homes.ts'
import { left, placed } from './membership.ts'

/** How many members a home may have. */
export const MOST_MEMBERS = 200

/** Who came first stands first; of those who came at once, the owner. */
export const byArrival = (one: Membership, other: Membership): number =>
  one.joinedAt - other.joinedAt || (one.role === other.role ? 0 : one.role === 'owner' ? -1 : 1)

/** A member as his home sees him. */
export type Member = { readonly user: User; readonly membership: Membership }

/** Why somebody did not become a member. */
export type NotAdded = 'member-exists' | 'too-many' | 'unknown'
/** Why somebody still is one: the last owner stays, and who lives in the home. */
export type NotRemoved = 'last-owner' | 'unknown'

/**
 * Who belongs to which homes. The record in the store decides at the time of the question. Every change touches the
 * home's own record, so that of two owners who remove each other one stays.
 */
export const createMembers = ({ store, now }: RegistryContext) => {
  /** The user's place in the home now. `undefined`: he has none. */
  const membershipOf = async (
    project: ProjectId,
    home: HomeId,
    user: UserId,
  ): Promise<Membership | undefined> => (await doorOf(store, project, home, user)).membership

  /** What the user is to the home now. `undefined`: nothing. */
  const roleOf = async (
    project: ProjectId,
    home: HomeId,
    user: UserId,
  ): Promise<MemberRole | undefined> => (await membershipOf(project, home, user))?.role

  const isMember = async (project: ProjectId, home: HomeId, user: UserId): Promise<boolean> =>
    (await roleOf(project, home, user)) !== undefined

  const membershipsOf = async (project: ProjectId, home: HomeId): Promise<Membership[]> => {
    const ids = await store.list(keys.homeMembers(project, home), { limit: MOST_MEMBERS })
    const records = await readMany<Membership>(
      store,
      ids.map((id) => keys.member(project, home, id as UserId)),
    )
    return records.flatMap(({ value }) => (value === undefined ? [] : [value]))
  }

  /** The members of a home, who came first first; the first 200. */
  const list = async (project: ProjectId, home: HomeId): Promise<Member[]> => {
    const memberships = await membershipsOf(project, home)
    const users = await readMany<User>(
      store,
      memberships.map(({ user }) => keys.user(project, user)),
    )
    return memberships
      .flatMap((membership, place) => {
        const user = users[place]?.value
        return user === undefined ? [] : [{ user, membership }]
      })
      .sort((a, b) => byArrival(a.membership, b.membership))
  }

  /** The homes of a user, in the order of their ids. */
  const homesOf = async ({ project, id }: Pick<User, 'project' | 'id'>): Promise<HomeId[]> =>
    (await store.list(keys.userHomes(project, id), { limit: 2 * MOST_HOMES })) as HomeId[]

  /** Makes a user of the project a member of a home. */
  const add = (
    project: ProjectId,
    home: HomeId,
    user: UserId,
    role: MemberRole,
  ): Promise<Membership | NotAdded> =>
    transact<Membership | NotAdded>(store, async () => {
      const house = await readOne<Home>(store, keys.home(project, home))
      const person = await readOne<User>(store, keys.user(project, user))
      if (house.value === undefined || person.value === undefined) return { result: 'unknown' }
      const door = await doorOf(store, project, home, user)
      if (door.membership !== undefined) return { result: 'member-exists' }
      const [members, homes] = await Promise.all([
        store.list(keys.homeMembers(project, home), { limit: MOST_MEMBERS }),
        store.list(keys.userHomes(project, user), { limit: MOST_HOMES }),
      ])
      if (members.length >= MOST_MEMBERS || homes.length >= MOST_HOMES)
        return { result: 'too-many' }
      const membership: Membership = { user, home, role, joinedAt: now() }
      return {
        result: membership,
        change: joined(
          {
            expect: [unchanged(house), unchanged(person), ...door.expect],
            put: [put(house.key, house.value)],
            append: [audited({ at: now(), project, type: 'member.added', user, home, what: role })],
          },
          placed(project, membership),
        ),
      }
    })

  /** Ends a membership: what it opened is shut from this commit on. */
  const remove = async (
    project: ProjectId,
    home: HomeId,
    user: UserId,
  ): Promise<'removed' | NotRemoved> => {
    const done = await transact<'removed' | NotRemoved>(store, async () => {
      const house = await readOne<Home>(store, keys.home(project, home))
      const person = await readOne<User>(store, keys.user(project, user))
      const door = await doorOf(store, project, home, user)
      if (house.value === undefined || door.membership === undefined) return { result: 'unknown' }
      if (person.value?.home === home) return { result: 'last-owner' }
      if (door.membership.role === 'owner') {
        const others = await membershipsOf(project, home)
        if (!others.some((one) => one.role === 'owner' && one.user !== user))
          return { result: 'last-owner' }
      }
      return {
        result: 'removed',
        change: joined(
          {
            expect: [unchanged(house), ...door.expect],
            put: [put(house.key, house.value)],
            append: [audited({ at: now(), project, type: 'member.removed', user, home })],
            whenFull: true,
          },
          left(project, { user, home }),
        ),
      }
    })
    // His streams look again within a second all the same.
    if (done === 'removed') await store.announce('sessions', user).catch(() => undefined)
    return done
  }

  return { membershipOf, roleOf, isMember, list, membershipsOf, homesOf, add, remove }
}

export type Members = ReturnType<typeof createMembers>
