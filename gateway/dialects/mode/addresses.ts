import { isEmailAddress, isPhoneNumber } from '../../../shared/mail/addresses.ts'
import { normalEmail } from '../../../shared/registry/users.ts'
import type { Fault } from './faults.ts'

/** How long a password is: as in the native API. */
export const faultOfPassword = (password: string): Fault | undefined => {
  if (password.length < 8) return 'PASSWORD_TOO_SHORT'
  return password.length > 128 ? 'INVALID_PARAMETER' : undefined
}

/** An e-mail address as accounts have it. `undefined`: it is none. */
export const emailOf = (text: string): string | undefined => {
  const email = normalEmail(text)
  return isEmailAddress(email) ? email : undefined
}

/** A phone number without what people put between its digits. `undefined`: it is none. */
export const phoneOf = (text: string): string | undefined => {
  const phone = text.replace(/[\s().-]/g, '')
  return isPhoneNumber(phone) ? phone : undefined
}
