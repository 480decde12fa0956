import type { Passwords } from '../guard/passwords.ts'
import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Grant, Home, Role, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import { newNumber, type RegistryContext } from './context.ts'
import { holderOf, reserve } from './unique.ts'

/** Where an account is: what an e-mail address stands for. */
export type UserRef = { readonly project: ProjectId; readonly user: UserId }

export type NewUser = {
  readonly project: ProjectId
  readonly email: string
  /** Absent: the account has to be activated first. */
  readonly password?: string
  readonly role: Role
  /** Absent: a personal home is made. */
  readonly home?: HomeId
  readonly firstName?: string
  readonly lastName?: string
}

/** E-mail addresses are one account whatever their case. */
export const normalEmail = (email: string): string => email.trim().toLowerCase()

/** Accounts: e-mails are unique over all projects. */
export const createUsers = (context: RegistryContext, passwords: Passwords) => {
  const { store, now, newId } = context

  const get = async ({ project, user }: UserRef): Promise<User | undefined> =>
    (await readOne<User>(store, keys.user(project, user))).value

  const isAlive = async (ref: UserRef) => (await get(ref)) !== undefined

  const personalHome = (ref: UserRef, title: string): Home => ({
    id: newId() as HomeId,
    project: ref.project,
    number: newNumber(context),
    title,
    personal: ref.user,
    createdAt: now(),
  })

  const founded = (home: Home): Required<Pick<Change, 'put' | 'add'>> => ({
    put: [put(keys.home(home.project, home.id), home)],
    add: [{ index: keys.homes(home.project), member: home.id }],
  })

  /** `'name-taken'`: the e-mail has an account. */
  const create = async (wanted: NewUser): Promise<User | 'name-taken'> => {
    const email = normalEmail(wanted.email)
    const ref: UserRef = { project: wanted.project, user: newId() as UserId }
    const taken = await holderOf<UserRef>(store, keys.email(email))
    if (taken !== undefined && (await isAlive(taken))) return 'name-taken'
    const password =
      wanted.password === undefined ? undefined : await passwords.hash(wanted.password)
    if (!(await reserve(store, keys.email(email), ref, now(), isAlive))) return 'name-taken'
    const own = wanted.home === undefined ? personalHome(ref, email) : undefined
    const home = (own?.id ?? wanted.home) as HomeId
    const user: User = {
      id: ref.user,
      project: ref.project,
      email,
      role: wanted.role,
      home,
      ...(password === undefined ? {} : { password }),
      withheld: [],
      generation: 0,
      ...(wanted.firstName === undefined ? {} : { firstName: wanted.firstName }),
      ...(wanted.lastName === undefined ? {} : { lastName: wanted.lastName }),
      createdAt: now(),
    }
    const house = own === undefined ? { put: [], add: [] } : founded(own)
    await store.commit({
      put: [put(keys.user(ref.project, ref.user), user), ...house.put],
      add: [
        { index: keys.users(ref.project), member: ref.user },
        { index: keys.homeMembers(ref.project, home), member: ref.user },
        ...house.add,
      ],
    })
    return user
  }

  const findByEmail = async (email: string): Promise<User | undefined> => {
    const ref = await holderOf<UserRef>(store, keys.email(normalEmail(email)))
    return ref === undefined ? undefined : get(ref)
  }

  /** Applies a change to an account. `undefined`: there is none. */
  const change = (ref: UserRef, edit: (user: User) => User): Promise<User | undefined> =>
    transact<User | undefined>(store, async () => {
      const user = await readOne<User>(store, keys.user(ref.project, ref.user))
      if (user.value === undefined) return { result: undefined }
      const after = edit(user.value)
      return {
        result: after,
        change: { expect: [unchanged(user)], put: [put(user.key, after)] },
      }
    })

  /** A new password ends every session of the account. */
  const setPassword = async (ref: UserRef, password: string): Promise<User | undefined> => {
    const digest = await passwords.hash(password)
    return change(ref, (user) => ({
      ...user,
      password: digest,
      generation: user.generation + 1,
    }))
  }

  /** The first password of an account. `undefined`: it has one, or there is no such account. */
  const activate = async (ref: UserRef, password: string): Promise<User | undefined> => {
    const digest = await passwords.hash(password)
    const after = await change(ref, (user) =>
      user.password === undefined ? { ...user, password: digest } : user,
    )
    return after?.password === digest ? after : undefined
  }

  /** Withholds a grant from an account, or gives it back. */
  const setGrant = (ref: UserRef, grant: Grant, granted: boolean) =>
    change(ref, (user) => ({
      ...user,
      withheld: [...user.withheld.filter((held) => held !== grant), ...(granted ? [] : [grant])],
    }))

  const listIds = async (project: ProjectId, limit: number, after?: string) =>
    (await store.list(
      keys.users(project),
      after === undefined ? { limit } : { after, limit },
    )) as UserId[]

  return { create, get, listIds, findByEmail, change, setPassword, activate, setGrant }
}

export type Users = ReturnType<typeof createUsers>
