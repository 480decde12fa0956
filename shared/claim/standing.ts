import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import { type Refused, refused } from '../model/outcomes.ts'
import type { User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Entry, Expect, Store } from '../store/port.ts'
import { found, unchanged } from '../store/transact.ts'
import { doorIn, doorKeys } from './door.ts'

/** Whether an account may claim for a home, and what a commit has to expect for that to be so still. */
export type Standing = { readonly refusal?: Refused; readonly expect: readonly Expect[] }

/** Where the standing of an account for a home is read. */
export const standingKeys = (project: ProjectId, user: UserId, home: HomeId) =>
  [keys.user(project, user), ...doorKeys(project, home, user)] as const

/** An account that was removed, has left the home or lost the right to claim stands for nothing that it left before. */
export const standingIn = (
  [userKey, ...doorAt]: ReturnType<typeof standingKeys>,
  [userEntry, ...doorEntries]: readonly (Entry | undefined)[],
): Standing => {
  const account = found<User>(userKey, userEntry)
  const door = doorIn(doorAt, doorEntries)
  const expect = [unchanged(account), ...door.expect]
  if (account.value === undefined || account.value.withheld.includes('claim-devices'))
    return { refusal: refused('not-permitted', true), expect }
  return door.membership === undefined
    ? { refusal: refused('not-a-member', true), expect }
    : { expect }
}

/** Reads it from the store. */
export const standingOf = async (
  store: Store,
  project: ProjectId,
  user: UserId,
  home: HomeId,
): Promise<Standing> => {
  const wanted = standingKeys(project, user, home)
  return standingIn(wanted, await store.read(wanted))
}
