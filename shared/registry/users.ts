import { changedIn } from '../audit/changed.ts'
import { audited } from '../audit/line.ts'
import type { AuditType } from '../audit/records.ts'
import type { Passwords } from '../guard/passwords.ts'
import type { ProjectId, UserId } from '../model/ids.ts'
import type { Grant, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Key } from '../store/port.ts'
import { joined, put, readListed, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { createUserMaker, normalEmail, type UserRef } from './new-user.ts'
import { holderOf } from './unique.ts'

/** What of an account is told when it is changed. */
const TOLD = ['name', 'firstName', 'lastName'] as const satisfies readonly (keyof User)[]

export { type NewUser, normalEmail, type UserRef } from './new-user.ts'

/**
 * Accounts. An e-mail, a phone number is one account in its project. E-mails of makers and of users are unique over all
 * projects too; customers of a product (`reach: 'project'`) are known there alone.
 */
export const createUsers = (context: RegistryContext, passwords: Passwords) => {
  const { store, now } = context

  const get = async ({ project, user }: UserRef): Promise<User | undefined> =>
    (await readOne<User>(store, keys.user(project, user))).value

  const byKey = async (project: ProjectId, key: Key): Promise<User | undefined> => {
    const id = await readOne<UserId>(store, key)
    return id.value === undefined ? undefined : get({ project, user: id.value })
  }

  /** With a project its account of that e-mail; without one whose e-mail it is over all projects. */
  const findByEmail = async (email: string, project?: ProjectId): Promise<User | undefined> => {
    if (project !== undefined) return byKey(project, keys.userEmail(project, normalEmail(email)))
    const ref = await holderOf<UserRef>(store, keys.email(normalEmail(email)))
    return ref === undefined ? undefined : get(ref)
  }

  const findByPhone = (project: ProjectId, phone: string) =>
    byKey(project, keys.userPhone(project, phone))

  const findByNumber = (project: ProjectId, number: number) =>
    byKey(project, keys.userNumber(project, number))

  /** Applies a change to an account, which keeps its e-mail, phone and number. `undefined`: there is none. */
  const change = (
    ref: UserRef,
    edit: (user: User) => User,
    beside: Change = {},
  ): Promise<User | undefined> =>
    transact<User | undefined>(store, async () => {
      const user = await readOne<User>(store, keys.user(ref.project, ref.user))
      if (user.value === undefined) return { result: undefined }
      const after = edit(user.value)
      const own = { expect: [unchanged(user)], put: [put(user.key, after)] }
      const what = changedIn(user.value, after, TOLD)
      const telling = what === '' ? {} : told('user.changed', ref, what)
      return { result: after, change: joined(own, beside, telling) }
    })

  const told = (type: AuditType, { project, user }: UserRef, what?: string): Change => ({
    append: [audited({ at: now(), project, type, user, ...(what === undefined ? {} : { what }) })],
  })

  /** A new password ends every session of the account. */
  const setPassword = async (ref: UserRef, password: string): Promise<User | undefined> => {
    const digest = await passwords.hash(password)
    return change(
      ref,
      (user) => ({ ...user, password: digest, generation: user.generation + 1 }),
      told('password.changed', ref),
    )
  }

  /** The first password of an account. `undefined`: it has one, or there is no such account. */
  const activate = async (
    ref: UserRef,
    password: string,
    more: Pick<User, 'name'> = {},
    beside: Change = {},
  ): Promise<User | undefined> => {
    const digest = await passwords.hash(password)
    const edit = (user: User): User =>
      user.password === undefined ? { ...user, ...more, password: digest } : user
    const after = await change(ref, edit, joined(beside, told('password.set', ref)))
    return after?.password === digest ? after : undefined
  }

  /**
   * Its user has shown, by a token that `used` uses up, that the address is his; with a password it is the new one, and
   * every session ends. `false`: somebody else has used the token, or there is no such account.
   */
  const prove = async (
    ref: UserRef,
    used: Change,
    password?: string,
    more: Pick<User, 'name'> = {},
  ): Promise<boolean> => {
    const digest = password === undefined ? undefined : await passwords.hash(password)
    const user = await readOne<User>(store, keys.user(ref.project, ref.user))
    if (user.value === undefined) return false
    const { unverified: _unverified, ...verified } = { ...user.value, ...more }
    const after: User =
      digest === undefined
        ? verified
        : { ...verified, password: digest, generation: verified.generation + 1 }
    const own = { expect: [unchanged(user)], put: [put(user.key, after)] }
    const type = digest === undefined ? 'user.verified' : 'password.reset'
    if (!(await store.commit(joined(used, own, told(type, ref))))) return false
    // Streams of the ended sessions look again now; a lost word costs them some seconds.
    if (digest !== undefined) await store.announce('sessions', ref.user).catch(() => undefined)
    return true
  }

  /** Withholds a grant from an account, or gives it back. */
  const setGrant = (ref: UserRef, grant: Grant, granted: boolean) =>
    change(
      ref,
      (user) => ({
        ...user,
        withheld: [...user.withheld.filter((held) => held !== grant), ...(granted ? [] : [grant])],
      }),
      told('grant.changed', ref, `${granted ? '+' : '-'}${grant}`),
    )

  const listIds = async (project: ProjectId, limit: number, after?: string) =>
    (await store.list(
      keys.users(project),
      after === undefined ? { limit } : { after, limit },
    )) as UserId[]

  /** Of these ids those that are there, in their order. */
  const readAll = async (project: ProjectId, ids: readonly UserId[]): Promise<User[]> => {
    const records = ids.map((id) => keys.user(project, id))
    return readListed<User>(store, records)
  }

  return {
    create: createUserMaker(context, passwords),
    get,
    listIds,
    readAll,
    findByEmail,
    findByPhone,
    findByNumber,
    change,
    setPassword,
    activate,
    prove,
    setGrant,
  }
}

export type Users = ReturnType<typeof createUsers>
