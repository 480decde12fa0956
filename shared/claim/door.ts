import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Home, Membership } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Expect, Store } from '../store/port.ts'
import { found, unchanged } from '../store/transact.ts'

/** Whether a user may act for a home, and what a commit has to expect for that to be so still. */
export type Door = {
  /** Absent: he is no member, or the home is not there. */
  readonly membership?: Membership
  readonly expect: readonly Expect[]
}

/** Reads it from the store: no token and no earlier answer says who is a member. */
export const doorOf = async (
  store: Store,
  project: ProjectId,
  home: HomeId,
  user: UserId,
): Promise<Door> => {
  const wanted = [keys.home(project, home), keys.member(project, home, user)] as const
  const [homeEntry, memberEntry] = await store.read(wanted)
  const house = found<Home>(wanted[0], homeEntry)
  const member = found<Membership>(wanted[1], memberEntry)
  const expect = [unchanged(house), unchanged(member)]
  if (house.value === undefined || member.value === undefined) return { expect }
  return { membership: member.value, expect }
}
