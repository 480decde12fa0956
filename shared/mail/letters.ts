import type { TokenPurpose } from '../registry/one-time-tokens.ts'

/** What a mail is about, as whoever reads the files of `file:DIR` is told (CONTRACT 6, Mail and SMS). */
export type MailKind = 'verify-email' | 'reset-password' | 'member-invite' | 'transfer'

/** A letter that there is. */
export type Letter = {
  readonly kind: MailKind
  /** Absent: the letter carries no token. */
  readonly purpose?: TokenPurpose
  readonly subject: string
  /** The first lines. `about`: the name of a home or a device, cleaned, or empty. */
  readonly says: (about: string) => string
}

const named = (what: string, about: string) => (about === '' ? what : `${what} "${about}"`)

/** Every letter there is, in words for a person. */
export const LETTERS = {
  'verify-email': {
    kind: 'verify-email',
    purpose: 'verify-email',
    subject: 'Confirm your e-mail address',
    says: () => 'Please confirm that this e-mail address is yours.',
  },
  'reset-password': {
    kind: 'reset-password',
    purpose: 'reset-password',
    subject: 'Reset your password',
    says: () => 'You can choose a new password now.',
  },
  'member-invite': {
    kind: 'member-invite',
    purpose: 'member-invite',
    subject: 'You are invited',
    says: (about) => `You are invited to become a member of ${named('a home', about)}.`,
  },
  transfer: {
    kind: 'transfer',
    purpose: 'transfer',
    subject: 'Somebody asks for your device',
    says: (about) =>
      `Somebody asks you to hand over ${named('a device', about)}. It stays yours until you agree.`,
  },
  'transfer-approved': {
    kind: 'transfer',
    subject: 'The device is yours now',
    says: (about) => `Your request for ${named('a device', about)} was approved.`,
  },
  'transfer-denied': {
    kind: 'transfer',
    subject: 'The device was not handed over',
    says: (about) => `Your request for ${named('a device', about)} was denied.`,
  },
} as const satisfies Record<string, Letter>

export type LetterName = keyof typeof LETTERS
/** Letters that carry a token. */
export type TokenLetter = {
  [Name in LetterName]: (typeof LETTERS)[Name] extends { purpose: TokenPurpose } ? Name : never
}[LetterName]
/** Letters that only tell something. */
export type PlainLetter = Exclude<LetterName, TokenLetter>

/** A mail as it is sent, and as `file:DIR` keeps it. */
export type WrittenMail = {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly kind: MailKind
  readonly token?: string
}

/** A text message as it is sent, and as `file:DIR` keeps it. */
export type WrittenSms = { readonly to: string; readonly text: string; readonly code: string }

/** Where a letter leads. The token is the fragment: no server is told it, so it is in nobody's log. */
const linkOf = (publicUrl: string, kind: MailKind, token: string) =>
  `${publicUrl}/latchkey/${kind}#${token}`

const until = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

type Particulars = {
  readonly to: string
  readonly about: string
  readonly publicUrl: string
  readonly token?: string
  readonly expiresAt: number
}

/** A letter in full. */
export const writeMail = (name: LetterName, particulars: Particulars): WrittenMail => {
  const { to, about, publicUrl, token, expiresAt } = particulars
  const { kind, subject, says } = LETTERS[name] as Letter
  if (token === undefined) return { to, subject, text: `${says(about)}\n`, kind }
  const text = [
    says(about),
    linkOf(publicUrl, kind, token),
    'If you are asked for a token, it is this one:',
    token,
    `It is good once, until ${until(expiresAt)}.\nIf you did not expect this letter, you need not do anything.`,
  ].join('\n\n')
  return { to, subject, text: `${text}\n`, kind, token }
}

/** A code in a text message: 160 characters of the GSM alphabet at most. */
export const writeSms = (to: string, code: string, expiresAt: number): WrittenSms => ({
  to,
  text: `${code} is your code, until ${until(expiresAt)}. Tell it to nobody.`,
  code,
})
