import { auditGone } from '../audit/gone.ts'
import { RecordUnreadable } from '../errors.ts'
import type { DeviceId, HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Home, Membership, Project, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Key } from '../store/port.ts'
import { joined, put, readMany, readOne, transact, unchanged } from '../store/transact.ts'
import { accessTokensGone } from './access-tokens.ts'
import type { RegistryContext } from './context.ts'
import type { Devices } from './devices.ts'
import { createEndings, type Ended, type HomeEnd } from './endings.ts'
import { createGivingUp } from './give-up.ts'
import { keyValuesGone } from './key-value.ts'
import { byArrival, MOST_MEMBERS } from './members.ts'
import { left } from './membership.ts'
import { freeEmail, type UserRef } from './new-user.ts'
import { freeProject } from './projects.ts'

/** How much one step clears away. */
const PAGE = 100
/** Steps of one request; what is left then, the next round of the clock clears away. */
const STEPS_AT_ONCE = 20
const STEPS_OF_A_ROUND = 1000

/**
 * Ends users, homes and projects, without orphans. The first commit is the end; then whatever hung on it is cleared away
 * in bounded steps, each of which may be done again. After a crash the note that the first commit left is found by the
 * next `resume` of any node.
 */
export const createClearing = (context: RegistryContext, devices: Devices) => {
  const { store } = context
  const endings = createEndings(context)
  const giveUp = createGivingUp(context, devices)

  /** The last member of a home that members made takes it along; its last owner leaves it to who came first. */
  const leave = async (project: ProjectId, home: HomeId, user: UserId): Promise<void> => {
    const isEmpty = await transact<boolean>(store, async () => {
      const house = await readOne<Home>(store, keys.home(project, home))
      const ids = await store.list(keys.homeMembers(project, home), { limit: MOST_MEMBERS })
      const others = await readMany<Membership>(
        store,
        ids.filter((id) => id !== user).map((id) => keys.member(project, home, id as UserId)),
      )
      const [first, ...rest] = others
        .flatMap(({ value }) => (value === undefined ? [] : [value]))
        .sort(byArrival)
      const isOrphaned =
        first !== undefined && [first, ...rest].every(({ role }) => role !== 'owner')
      const heir: Change =
        house.value?.founder !== undefined && isOrphaned
          ? { put: [put(keys.member(project, home, first.user), { ...first, role: 'owner' })] }
          : {}
      const touched = house.value === undefined ? {} : { put: [put(house.key, house.value)] }
      return {
        result: first === undefined && house.value?.founder !== undefined,
        change: joined(
          { expect: [unchanged(house), ...others.map(unchanged)] },
          touched,
          heir,
          left(project, { user, home }),
        ),
      }
    })
    if (isEmpty) await endings.home({ project, home, by: user, via: 'latchkey' })
  }

  /** Goes through the first page of an index. `true`: there was nothing. */
  const each = async (index: Key, work: (member: string) => Promise<unknown>): Promise<boolean> => {
    const members = await store.list(index, { limit: PAGE })
    for (const member of members) await work(member)
    return members.length === 0
  }

  const clearUser = async ({ id, project, home, email }: User): Promise<boolean> => {
    const isDone = await each(keys.userHomes(project, id), async (member) => {
      const present = await readOne<Home>(store, keys.home(project, member as HomeId))
      if (member === home && present.value?.personal === id)
        await endings.home({ project, home, by: id, via: 'latchkey', withUser: true })
      await leave(project, member as HomeId, id)
    })
    if (!isDone) return false
    await store.commit(
      joined(await accessTokensGone(context, { id, project }), {
        remove: [keys.openLinks(project, id), keys.signInNetworks(project, id)],
      }),
    )
    if (email !== undefined) await freeEmail(context, email, id)
    return true
  }

  const clearHome = async ({ home, by, via }: Extract<Ended, { kind: 'home' }>) => {
    const { id, project } = home
    const hasNobody = await each(keys.homeMembers(project, id), async (member) => {
      const user = member as UserId
      const person = await readOne<User>(store, keys.user(project, user))
      // Who lives in a home that the maker named ends with it.
      if (person.value?.home === id) await endings.user({ project, user })
      await store.commit(left(project, { user, home: id }))
    })
    const index = keys.homeDevices(project, id)
    const hasNothing = await each(index, async (member) => {
      const step = { project, device: member as DeviceId, home: id, by, via }
      if ((await giveUp(step)) === 'not-theirs') await store.commit({ drop: [{ index, member }] })
    })
    if (!hasNobody || !hasNothing) return false
    return store.commit(await keyValuesGone(context, project, id))
  }

  const clearWebhooks = async (project: ProjectId): Promise<boolean> => {
    const index = keys.webhooks(project)
    const isDone = await each(index, (id) =>
      store.commit({
        remove: [keys.webhook(project, id), keys.webhookProgress(project, id)],
        drop: [{ index, member: id }],
      }),
    )
    if (isDone)
      await store.commit({ drop: [{ index: keys.projectsWithWebhooks(), member: project }] })
    return isDone
  }

  const clearKeys = (project: ProjectId) =>
    each(keys.projectKeys(project), async (digest) => {
      await store.commit({ remove: [keys.projectKey(digest)] })
      await store.commit({ drop: [{ index: keys.projectKeys(project), member: digest }] })
    })

  const clearClients = (project: ProjectId) =>
    each(keys.oauthClients(project), (id) =>
      store.commit({
        remove: [keys.oauthClient(project, id)],
        drop: [{ index: keys.oauthClients(project), member: id }],
      }),
    )

  const clearCodes = (project: ProjectId) =>
    each(keys.openCodes(project), async (digest) => {
      await store.commit({ remove: [keys.activationCode(digest)] })
      await store.commit({
        remove: [keys.openCode(project, digest)],
        drop: [{ index: keys.openCodes(project), member: digest }],
      })
    })

  /** The letters themselves end by themselves. */
  const clearQueue = (project: ProjectId, way: 'mail' | 'sms') => {
    const index = keys.letters(project, way)
    return each(index, (member) => store.commit({ drop: [{ index, member }] }))
  }

  const clearProject = async ({ id, name, number }: Project): Promise<boolean> => {
    const parts = [
      await each(keys.users(id), (user) => endings.user({ project: id, user: user as UserId })),
      await each(keys.homes(id), (home) => {
        const end = { project: id, home: home as HomeId, by: '' as UserId, via: 'latchkey' }
        return endings.home({ ...end, withUser: true })
      }),
      await each(keys.devices(id), (device) => devices.remove(id, device as DeviceId)),
      await clearKeys(id),
      await clearWebhooks(id),
      await clearClients(id),
      await clearCodes(id),
      await clearQueue(id, 'mail'),
      await clearQueue(id, 'sms'),
    ]
    const notes = await store.list(keys.endings(id), { limit: 2 })
    if (parts.includes(false) || notes.length > 1) return false
    await store.commit(auditGone(id))
    await freeProject(store, { id, name, number })
    await store.commit({ remove: [keys.named(id)] })
    return true
  }

  const clear = (ended: Ended): Promise<boolean> => {
    switch (ended.kind) {
      case 'user':
        return clearUser(ended.user)
      case 'home':
        return clearHome(ended)
      case 'project':
        return clearProject(ended.project)
    }
  }

  /** Clears up in a project, as far as so many steps go. */
  const clearAll = async (project: ProjectId, steps: number): Promise<void> => {
    let left = steps
    while (left > 0) {
      const names = await store.list(keys.endings(project), { limit: PAGE })
      if (names.length === 0) return
      for (const name of names.slice(0, left)) {
        left -= 1
        const note = await readOne<Ended>(store, keys.ending(project, name))
        if (note.value !== undefined && !(await clear(note.value))) continue
        const isLast = note.value?.kind === 'project'
        // The project is found by this index until nothing of it is left.
        await store.commit({
          remove: [keys.ending(project, name)],
          drop: [{ index: keys.endings(project), member: name }],
        })
        if (isLast) await store.commit({ drop: [{ index: keys.projects(), member: project }] })
      }
    }
  }

  const endUser = async (ref: UserRef) => {
    const done = await endings.user(ref)
    if (done === 'ended') await clearAll(ref.project, STEPS_AT_ONCE)
    return done
  }

  const endHome = async (end: Omit<HomeEnd, 'withUser'>) => {
    const done = await endings.home(end)
    if (done === 'ended') await clearAll(end.project, STEPS_AT_ONCE)
    return done
  }

  const endProject = async (project: ProjectId) => {
    const done = await endings.project(project)
    if (done === 'ended') await clearAll(project, STEPS_AT_ONCE)
    return done
  }

  /** What cannot be read in one project holds up no other. */
  const clearReadable = (project: ProjectId): Promise<void> =>
    clearAll(project, STEPS_OF_A_ROUND).catch((cause: unknown) => {
      if (!(cause instanceof RecordUnreadable)) throw cause
    })

  /** Goes on with what was left by a crash or was too much for one request, in every project. */
  const resume = async (): Promise<void> => {
    let after: string | undefined
    for (;;) {
      const page = after === undefined ? { limit: PAGE } : { after, limit: PAGE }
      const projects = (await store.list(keys.projects(), page)) as ProjectId[]
      for (const project of projects) await clearReadable(project)
      after = projects.at(-1)
      if (projects.length < PAGE) return
    }
  }

  return { giveUp, endUser, endHome, endProject, resume }
}

export type Clearing = ReturnType<typeof createClearing>
