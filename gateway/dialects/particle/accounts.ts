import type { ProjectId, UserId } from '../../../shared/model/ids.ts'
import type { User } from '../../../shared/model/records.ts'
import { normalEmail } from '../../../shared/registry/users.ts'
import type { Fields } from './fields.ts'
import type { Room } from './room.ts'

/** Lengths of a new password; an old one may be shorter than the first. */
export const PASSWORD = { shortest: 8, longest: 128 } as const
/** A customer's name is an e-mail, or any text of his maker's that is his alone (research/particle.md 1.2). */
const CUSTOMER = /^[^\s\p{Cc}]{1,254}$/u
const EMAIL = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u
const LONGEST_NAME = 255

export const isCustomerName = (name: string): boolean => CUSTOMER.test(name)
export const isEmail = (text: string): boolean => text.length <= 254 && EMAIL.test(text)

/** What is wrong with a new password. `undefined`: nothing. */
export const faultOfPassword = (password: string | undefined): string | undefined => {
  const length = password?.length ?? 0
  if (length >= PASSWORD.shortest && length <= PASSWORD.longest) return undefined
  return `password must have ${PASSWORD.shortest} to ${PASSWORD.longest} characters`
}

/** The name of a person, out of the platform's `account_info`. */
export const personIn = (info: Fields): Pick<User, 'firstName' | 'lastName'> => {
  const [first, last] = [info.get('first_name'), info.get('last_name')]
  return {
    ...(first === undefined ? {} : { firstName: first.slice(0, LONGEST_NAME) }),
    ...(last === undefined ? {} : { lastName: last.slice(0, LONGEST_NAME) }),
  }
}

/** An account as its user sees it. */
export const userBody = (user: User) => ({
  username: user.email ?? user.name ?? user.id,
  subscription_ids: [],
  account_info: {
    first_name: user.firstName ?? '',
    last_name: user.lastName ?? '',
    business_account: false,
  },
  mfa: { enabled: false },
  wifi_device_count: 0,
  cellular_device_count: 0,
  no_password: user.password === undefined,
})

/** Whom no letter is written to. */
const NOBODY = 'nobody' as UserId

/**
 * Mails somebody what he needs for a new password, unless his maker gave him none. Nobody is told whether there was somebody,
 * nor can tell it by the time: the same is read and committed for nobody, of a token that no letter carries
 * (research/particle.md 5.14).
 */
export const mailReset = async (
  { registry, mail, store }: Pick<Room, 'registry' | 'mail' | 'store'>,
  project: ProjectId,
  email: string,
): Promise<void> => {
  const { users, oneTimeTokens } = registry
  const found = await users.findByEmail(email, project)
  if (found === undefined) await users.get({ project, user: NOBODY })
  const user = found?.password === undefined ? undefined : found
  const wanted = { project, letter: 'reset-password', subject: user?.id ?? NOBODY } as const
  const asked = await mail.ask({ ...wanted, to: normalEmail(email) })
  if (asked.state === 'refused') return
  const { change } =
    user === undefined ? oneTimeTokens.issue({ ...wanted, purpose: wanted.letter }) : asked
  await store.commit(change)
  asked.wake()
}
