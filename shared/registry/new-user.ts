import { audited } from '../audit/line.ts'
import type { Passwords } from '../guard/passwords.ts'
import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Home, Membership, Role, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Key } from '../store/port.ts'
import { joined, put, readMany, readOne, transact, unchanged } from '../store/transact.ts'
import { newNumber, type RegistryContext } from './context.ts'
import { founded, placed } from './membership.ts'
import { holderOf, type Reservation, reserve } from './unique.ts'

/** Where an account is: what an e-mail address stands for. */
export type UserRef = { readonly project: ProjectId; readonly user: UserId }

export type NewUser = {
  readonly project: ProjectId
  readonly email?: string
  readonly phone?: string
  readonly name?: string
  /** Absent: the account has to be activated first, or signs in by other means. */
  readonly password?: string
  readonly role: Role
  /** Absent: a personal home is made. */
  readonly home?: HomeId
  readonly unverified?: true
  /** `project`: other projects may have an account of the same e-mail, and only who names the project finds this one. */
  readonly reach?: 'project'
  readonly firstName?: string
  readonly lastName?: string
}

/** What else belongs to the commit of an account: a letter to its user, or the token that he has shown. */
export type Beside = (user: User) => Promise<Change>

/** E-mail addresses are one account whatever their case. */
export const normalEmail = (email: string): string => email.trim().toLowerCase()

const given = <K extends string, V>(name: K, value: V | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { [P in K]?: V }

/** Every name by which an account is found inside its project. */
export const userNames = ({ project, number, email, phone }: User): Key[] => [
  keys.userNumber(project, number),
  ...(email === undefined ? [] : [keys.userEmail(project, email)]),
  ...(phone === undefined ? [] : [keys.userPhone(project, phone)]),
]

/** Frees an e-mail over all projects, if it is this account's. */
export const freeEmail = ({ store }: RegistryContext, email: string, user: UserId): Promise<void> =>
  transact<void>(store, async () => {
    const present = await readOne<Reservation<UserRef>>(store, keys.email(email))
    if (present.value?.holder.user !== user) return { result: undefined }
    return { result: undefined, change: { expect: [unchanged(present)], remove: [present.key] } }
  })

/** `name-taken`: the e-mail or the number has an account, or the home that the new one should live in has just ended. */
export type MadeUser = User | 'name-taken'

/** Makes accounts, with their names and their place in a home. */
export const createUserMaker = (context: RegistryContext, passwords: Passwords) => {
  const { store, now, newId } = context

  const isAlive = async ({ project, user }: UserRef) =>
    (await readOne<User>(store, keys.user(project, user))).value !== undefined

  const draft = async (wanted: NewUser): Promise<{ user: User; own: Home | undefined }> => {
    const { project, firstName, lastName, phone, name, unverified, role } = wanted
    const id = newId() as UserId
    const email = wanted.email === undefined ? undefined : normalEmail(wanted.email)
    const createdAt = now()
    const number = newNumber(context)
    const title = email ?? phone ?? name ?? id
    const own: Home | undefined =
      wanted.home === undefined
        ? { id: newId() as HomeId, project, number, title, personal: id, createdAt }
        : undefined
    const digest = wanted.password === undefined ? undefined : await passwords.hash(wanted.password)
    const user: User = {
      id,
      project,
      number,
      ...given('email', email),
      ...given('phone', phone),
      ...given('name', name),
      role,
      home: (own?.id ?? wanted.home) as HomeId,
      ...given('password', digest),
      ...given('unverified', unverified),
      withheld: [],
      generation: 0,
      ...given('firstName', firstName),
      ...given('lastName', lastName),
      createdAt,
    }
    return { user, own }
  }

  /** Whether the e-mail or the number has an account: looked at before a password is hashed. */
  const isTaken = async ({ project, email, phone, reach }: NewUser): Promise<boolean> => {
    const addresses = [
      ...(email === undefined ? [] : [keys.userEmail(project, normalEmail(email))]),
      ...(phone === undefined ? [] : [keys.userPhone(project, phone)]),
    ]
    const there = await readMany(store, addresses)
    if (there.some(({ value }) => value !== undefined)) return true
    if (email === undefined || reach === 'project') return false
    const holder = await holderOf<UserRef>(store, keys.email(normalEmail(email)))
    return holder !== undefined && isAlive(holder)
  }

  const written = (user: User, own: Home | undefined): Change => {
    const { project, id, home, createdAt } = user
    const role = own === undefined ? 'member' : 'owner'
    const place: Membership = { user: id, home, role, joinedAt: createdAt }
    return joined(own === undefined ? {} : founded(own), placed(project, place), {
      add: [{ index: keys.users(project), member: id }],
      append: [
        audited({
          ...{ at: createdAt, project, type: 'user.made', user: id, home, what: user.role },
        }),
      ],
    })
  }

  const write = (drafted: User, ownDraft: Home | undefined, more: Change): Promise<MadeUser> =>
    transact<MadeUser>(store, async () => {
      // Numbers are drawn anew when one is in use.
      const user: User = { ...drafted, number: newNumber(context) }
      const own = ownDraft && { ...ownDraft, number: newNumber(context) }
      const [number, ...addresses] = await readMany(store, userNames(user))
      if (addresses.some(({ value }) => value !== undefined)) return { result: 'name-taken' }
      const house = await readOne<Home>(store, keys.home(user.project, user.home))
      if (own === undefined && house.value === undefined) return { result: 'name-taken' }
      const names = [...(number === undefined ? [] : [number]), ...addresses]
      return {
        result: user,
        change: joined(
          {
            expect: [
              ...names.map(({ key }) => ({ key, version: undefined })),
              ...(own === undefined ? [unchanged(house)] : []),
            ],
            put: [
              put(keys.user(user.project, user.id), user),
              ...names.map(({ key }) => put(key, user.id)),
            ],
          },
          written(user, own),
          more,
        ),
      }
    })

  /** `beside` is asked once, with the account as it is about to be. */
  return async (wanted: NewUser, beside?: Beside): Promise<MadeUser> => {
    if (await isTaken(wanted)) return 'name-taken'
    const { user, own } = await draft(wanted)
    const { project, id, email } = user
    const more = (await beside?.(user)) ?? {}
    if (email === undefined || wanted.reach === 'project') return write(user, own, more)
    const ref: UserRef = { project, user: id }
    if (!(await reserve(store, keys.email(email), ref, now(), isAlive))) return 'name-taken'
    const made = await write(user, own, more)
    if (typeof made === 'string') await freeEmail(context, email, id)
    return made
  }
}
