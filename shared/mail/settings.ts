import { isIP } from 'node:net'
import { isLoopback } from '../guard/network.ts'
import { isEmailAddress } from './addresses.ts'

/** `file:DIR`. */
export type FolderSetting = { readonly kind: 'folder'; readonly path: string }

/** `smtp://…` (STARTTLS) or `smtps://…` (TLS from the first byte). */
export type SmtpSetting = {
  readonly kind: 'smtp'
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly startTls: 'required' | 'offered' | 'never'
  readonly auth?: { readonly user: string; readonly pass: string }
}

/** `https://…`, without the credentials that stood in it: they are `authorization`. */
export type HookSetting = {
  readonly kind: 'hook'
  readonly url: string
  readonly authorization?: string
}

/** How messages leave. */
export type MailSettings = {
  readonly mail: FolderSetting | SmtpSetting
  readonly sms: FolderSetting | HookSetting
  /** The sender; absent: `latchkey@` the host of the public URL. */
  readonly from?: string
  /** Messages that one recipient gets in an hour at most. */
  readonly perHour?: number
}

type Given = {
  readonly mail: string | undefined
  readonly sms: string | undefined
  readonly from: string | undefined
  readonly perHour: string | undefined
}

const MOST_PER_HOUR = 10_000
const SUBMISSION_PORT = 587
const SUBMISSIONS_PORT = 465

const folderOf = (text: string): FolderSetting | undefined => {
  const path = /^file:(?:\/\/(?=\/))?(?!\/\/)(.+)$/.exec(text)?.[1]
  return path === undefined ? undefined : { kind: 'folder', path }
}

/** Whether a host is this machine: by its name or its address, not by a name that only begins like one. */
const isNear = (host: string) => host === 'localhost' || (isIP(host) !== 0 && isLoopback(host))

const credentialsOf = ({ username, password }: URL) =>
  username === '' && password === ''
    ? undefined
    : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }

const smtpOf = (text: string): SmtpSetting | undefined => {
  const url = new URL(text)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isOptional = url.search === '?tls=optional'
  if (host === '' || !['', '/'].includes(url.pathname) || url.hash !== '') return undefined
  if (url.search !== '' && !isOptional) return undefined
  const secure = url.protocol === 'smtps:'
  const auth = credentialsOf(url)
  return {
    kind: 'smtp',
    host,
    port: url.port === '' ? (secure ? SUBMISSIONS_PORT : SUBMISSION_PORT) : Number(url.port),
    secure,
    startTls: isNear(host) ? 'never' : isOptional ? 'offered' : 'required',
    ...(auth === undefined ? {} : { auth }),
  }
}

const hookOf = (text: string): HookSetting | undefined => {
  const url = new URL(text)
  if (url.protocol === 'http:' && !isNear(url.hostname.replace(/^\[|\]$/g, ''))) return undefined
  const auth = credentialsOf(url)
  url.username = ''
  url.password = ''
  const basic = auth && Buffer.from(`${auth.user}:${auth.pass}`).toString('base64')
  return {
    kind: 'hook',
    url: url.href,
    ...(basic === undefined ? {} : { authorization: `Basic ${basic}` }),
  }
}

/** The row of the scheme reads the setting; whatever cannot be read is a fault, and never repeated. */
const read = <Setting>(
  text: string,
  rows: ReadonlyMap<string, (text: string) => Setting | undefined>,
): Setting | undefined => {
  try {
    return rows.get(text.slice(0, text.indexOf(':')))?.(text)
  } catch {
    return undefined
  }
}

const MAIL = new Map<string, (text: string) => MailSettings['mail'] | undefined>([
  ['file', folderOf],
  ['smtp', smtpOf],
  ['smtps', smtpOf],
])
const SMS = new Map<string, (text: string) => MailSettings['sms'] | undefined>([
  ['file', folderOf],
  ['https', hookOf],
  ['http', hookOf],
])

/** Without a setting nothing leaves the machine. */
const DEFAULTS = {
  mail: { kind: 'folder', path: './data/mail' },
  sms: { kind: 'folder', path: './data/sms' },
} as const satisfies MailSettings

/** Reads the settings about mail and text messages; names every fault, without what was given: passwords stand in it. */
export const readMailSettings = (given: Given, faults: string[]): MailSettings => {
  const mail = given.mail === undefined ? DEFAULTS.mail : read(given.mail, MAIL)
  if (mail === undefined)
    faults.push(
      'LATCHKEY_MAIL: must be smtp://HOST:PORT, smtps://HOST:PORT (with USER:PASSWORD@ where needed, ?tls=optional for smtp) or file:FOLDER',
    )
  const sms = given.sms === undefined ? DEFAULTS.sms : read(given.sms, SMS)
  if (sms === undefined)
    faults.push('LATCHKEY_SMS: must be https://… (http:// only to this machine) or file:FOLDER')
  const { from } = given
  if (from !== undefined && !isEmailAddress(from))
    faults.push('LATCHKEY_MAIL_FROM: must be an e-mail address')
  const perHour = given.perHour === undefined ? undefined : Number(given.perHour)
  if (
    perHour !== undefined &&
    !(/^\d+$/.test(given.perHour ?? '') && perHour >= 1 && perHour <= MOST_PER_HOUR)
  )
    faults.push(`LATCHKEY_MESSAGES_PER_HOUR: must be a whole number from 1 to ${MOST_PER_HOUR}`)
  return {
    mail: mail ?? DEFAULTS.mail,
    sms: sms ?? DEFAULTS.sms,
    ...(from === undefined ? {} : { from }),
    ...(perHour === undefined ? {} : { perHour }),
  }
}
