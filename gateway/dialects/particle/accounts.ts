import type { User } from '../../../shared/model/records.ts'
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

/**
 * Mails somebody what he needs for a new password, unless his maker gave him none. Nobody is told whether there was somebody:
 * research/particle.md 5.14.
 */
export const mailReset = async ({ mail, log }: Room, user: User | undefined): Promise<void> => {
  if (user?.email === undefined || user.password === undefined) return
  const { project, email: to, id: subject } = user
  const asked = await mail.send({ project, to, subject, letter: 'reset-password' })
  if (asked.state === 'refused')
    log.info({ user: subject, reason: asked.reason }, 'no mail for a new password was sent')
}
