// RFC 5321 4.5.3.1 bounds; RFC 5322 dot-atom on the left: nothing that could end a header, a command or a list.
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
const LONGEST = 254
const LONGEST_LOCAL = 64

/** Whether a mail can be sent to this: one plain ASCII address, without a name, a comment or quotes. */
export const isEmailAddress = (text: string): boolean => {
  const at = text.lastIndexOf('@')
  if (at < 1 || at > LONGEST_LOCAL || text.length > LONGEST) return false
  return (
    LOCAL.test(text.slice(0, at)) &&
    text
      .slice(at + 1)
      .split('.')
      .every((l) => LABEL.test(l))
  )
}

/** Whether a text message can be sent to this: digits as E.164 has them, with or without the plus. */
export const isPhoneNumber = (text: string): boolean => /^\+?\d{5,15}$/.test(text)

const LONGEST_NAME = 64

/** A name that somebody chose, as it may stand in a letter to somebody else: no links, no lines, no marks. */
export const nameInLetter = (name: string): string =>
  [...name.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}_-]+/gu, ' ')]
    .slice(0, LONGEST_NAME)
    .join('')
    .trim()

/** An address or a number as the log may show it. */
export const redacted = (to: string): string =>
  to.includes('@') ? `…${to.slice(to.lastIndexOf('@'))}` : `…${to.slice(-2)}`
