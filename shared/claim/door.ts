import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Home, Membership } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Entry, Expect, Store } from '../store/port.ts'
import { found, unchanged } from '../store/transact.ts'

/** Whether a user may act for a home, and what a commit has to expect for that to be so still. */
export type Door = {
  /** Absent: he is no member, or the home is not there. */
  readonly membership?: Membership
  readonly expect: readonly Expect[]
}

/** Where a door is read: the home, and the user's place in it. */
export const doorKeys = (project: ProjectId, home: HomeId, user: UserId) =>
  [keys.home(project, home), keys.member(project, home, user)] as const

/** A door as it was read. */
export const doorIn = (
  [homeKey, memberKey]: ReturnType<typeof doorKeys>,
  [homeEntry, memberEntry]: readonly (Entry | undefined)[],
): Door => {
  const house = found<Home>(homeKey, homeEntry)
  const member = found<Membership>(memberKey, memberEntry)
  const expect = [unchanged(house), unchanged(member)]
  if (house.value === undefined || member.value === undefined) return { expect }
  return { membership: member.value, expect }
}

/** Reads it from the store: no token and no earlier answer says who is a member. */
export const doorOf = async (
  store: Store,
  project: ProjectId,
  home: HomeId,
  user: UserId,
): Promise<Door> => {
  const wanted = doorKeys(project, home, user)
  return doorIn(wanted, await store.read(wanted))
}
