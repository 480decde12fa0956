import { audited } from '../audit/line.ts'
import { INSTANCE } from '../audit/records.ts'
import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Home, Project, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { joined, put, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { homeNames } from './membership.ts'
import { type UserRef, userNames } from './new-user.ts'
import { DEFAULT_PROJECT } from './projects.ts'

/** What is over and has still to be cleared away. Its own record is gone already, so that nothing of it opens anything. */
export type Ended =
  | { readonly kind: 'user'; readonly user: User }
  | { readonly kind: 'home'; readonly home: Home; readonly by: UserId; readonly via: string }
  | { readonly kind: 'project'; readonly project: Project }

/** Why something does not end: it is not there, a user lives in the home, it is the first project. */
export type NotEnded = 'unknown' | 'personal' | 'default'

/** Who ends a home, and by which dialect. */
export type HomeEnd = {
  readonly project: ProjectId
  readonly home: HomeId
  readonly by: UserId
  readonly via: string
  /** Its user ends too, so that even his personal home does. */
  readonly withUser?: true
}

/** The name of a note inside its project. */
export const noteOf = (ended: Ended): string => {
  switch (ended.kind) {
    case 'user':
      return `user:${ended.user.id}`
    case 'home':
      return `home:${ended.home.id}`
    case 'project':
      return 'project'
  }
}

const noted = (project: ProjectId, ended: Ended): Change => ({
  put: [put(keys.ending(project, noteOf(ended)), ended)],
  add: [{ index: keys.endings(project), member: noteOf(ended) }],
})

/**
 * The first commit of every end: it takes the record away, and with it all rights at once, and leaves a note of what has to
 * be cleared away afterwards (`clearing.ts`).
 */
export const createEndings = ({ store, now }: RegistryContext) => {
  const user = async ({ project, user: id }: UserRef): Promise<'ended' | 'unknown'> => {
    const done = await transact<'ended' | 'unknown'>(store, async () => {
      const record = await readOne<User>(store, keys.user(project, id))
      if (record.value === undefined) return { result: 'unknown' }
      return {
        result: 'ended',
        change: joined(
          {
            expect: [unchanged(record)],
            remove: [record.key, ...userNames(record.value)],
            drop: [{ index: keys.users(project), member: id }],
            append: [audited({ at: now(), project, type: 'user.removed', user: id })],
            whenFull: true,
          },
          noted(project, { kind: 'user', user: record.value }),
        ),
      }
    })
    // Streams of his end with the next look at the record all the same.
    if (done === 'ended') await store.announce('sessions', id).catch(() => undefined)
    return done
  }

  const home = ({
    project,
    home: id,
    by,
    via,
    withUser,
  }: HomeEnd): Promise<'ended' | 'unknown' | 'personal'> =>
    transact<'ended' | 'unknown' | 'personal'>(store, async () => {
      const record = await readOne<Home>(store, keys.home(project, id))
      if (record.value === undefined) return { result: 'unknown' }
      if (record.value.personal !== undefined && !withUser) return { result: 'personal' }
      return {
        result: 'ended',
        change: joined(
          {
            expect: [unchanged(record)],
            remove: [record.key, ...homeNames(record.value)],
            drop: [{ index: keys.homes(project), member: id }],
            append: [audited({ at: now(), project, type: 'home.removed', home: id, via })],
            whenFull: true,
          },
          noted(project, { kind: 'home', home: record.value, by, via }),
        ),
      }
    })

  const project = async (id: ProjectId): Promise<'ended' | 'unknown' | 'default'> => {
    const done = await transact<'ended' | 'unknown' | 'default'>(store, async () => {
      const record = await readOne<Project>(store, keys.project(id))
      if (record.value === undefined) return { result: 'unknown' }
      if (record.value.name === DEFAULT_PROJECT) return { result: 'default' }
      return {
        result: 'ended',
        change: joined(
          { expect: [unchanged(record)], remove: [record.key] },
          noted(id, { kind: 'project', project: record.value }),
        ),
      }
    })
    // Its own audit ends with it, and two projects share no commit.
    if (done === 'ended')
      await store.commit({
        append: [audited({ at: now(), project: INSTANCE, type: 'project.removed', what: id })],
      })
    return done
  }

  return { user, home, project }
}

export type Endings = ReturnType<typeof createEndings>
