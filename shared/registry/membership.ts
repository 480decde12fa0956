import type { ProjectId } from '../model/ids.ts'
import type { Home, Membership } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Key } from '../store/port.ts'
import { put } from '../store/transact.ts'

/** Every name by which a home is found inside its project. Only what the maker names has a title of its own. */
export const homeNames = (home: Home): Key[] => [
  keys.homeNumber(home.project, home.number),
  ...(home.personal === undefined && home.founder === undefined
    ? [keys.homeTitle(home.project, home.title)]
    : []),
]

/** A new home, as part of a commit. */
export const founded = (home: Home): Change => ({
  expect: homeNames(home).map((key) => ({ key, version: undefined })),
  put: [
    put(keys.home(home.project, home.id), home),
    ...homeNames(home).map((key) => put(key, home.id)),
  ],
  add: [{ index: keys.homes(home.project), member: home.id }],
})

/** A user's new place in a home. */
export const placed = (project: ProjectId, membership: Membership): Change => {
  const { user, home } = membership
  return {
    put: [put(keys.member(project, home, user), membership)],
    add: [
      { index: keys.homeMembers(project, home), member: user },
      { index: keys.userHomes(project, user), member: home },
    ],
  }
}

/** The end of a user's place in a home. */
export const left = (
  project: ProjectId,
  { user, home }: Pick<Membership, 'user' | 'home'>,
): Required<Pick<Change, 'remove' | 'drop'>> => ({
  remove: [keys.member(project, home, user)],
  drop: [
    { index: keys.homeMembers(project, home), member: user },
    { index: keys.userHomes(project, user), member: home },
  ],
})
