import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import { type Refused, refused } from '../model/outcomes.ts'
import type { User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Expect, Store } from '../store/port.ts'
import { readOne, unchanged } from '../store/transact.ts'
import { doorOf } from './door.ts'

/** Whether an account may claim for a home, and what a commit has to expect for that to be so still. */
export type Standing = { readonly refusal?: Refused; readonly expect: readonly Expect[] }

/** An account that was removed, has left the home or lost the right to claim stands for nothing that it left before. */
export const standingOf = async (
  store: Store,
  project: ProjectId,
  user: UserId,
  home: HomeId,
): Promise<Standing> => {
  const [account, door] = await Promise.all([
    readOne<User>(store, keys.user(project, user)),
    doorOf(store, project, home, user),
  ])
  const expect = [unchanged(account), ...door.expect]
  if (account.value === undefined || account.value.withheld.includes('claim-devices'))
    return { refusal: refused('not-permitted', true), expect }
  return door.membership === undefined
    ? { refusal: refused('not-a-member', true), expect }
    : { expect }
}
