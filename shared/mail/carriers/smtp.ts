import { createTransport } from 'nodemailer'
import type { WrittenMail } from '../letters.ts'
import type { SmtpSetting } from '../settings.ts'
import { type Carried, type Carrier, declined, postponed, SENT } from './carrier.ts'

const CONNECT_MS = 10_000
const SILENT_MS = 15_000

/** What nodemailer's errors say. Their messages are not looked at: addresses stand in them. */
type SmtpError = {
  readonly code?: string
  readonly command?: string
  readonly responseCode?: number
}

/**
 * Final is only a 5yz about this recipient or this text (RFC 5321 4.2.1). Credentials, sender and session are the
 * operator's: he may mend them while the message waits.
 */
const outcomeOf = ({ code, command, responseCode = 0 }: SmtpError): Carried => {
  const isAboutIt = command === 'RCPT TO' || command === 'DATA'
  const isPermanent = responseCode >= 500 && responseCode < 600 && responseCode !== 503
  const parts = [code ?? 'unknown', command, responseCode === 0 ? undefined : responseCode]
  const cause = parts.filter((part) => part !== undefined).join(' ')
  return isAboutIt && isPermanent ? declined(cause) : postponed(cause)
}

/** Sends mail by SMTP. Certificates are verified; without TLS only to this machine, or where the setting says so. */
export const openSmtp = (setting: SmtpSetting, from: () => string): Carrier<WrittenMail> => {
  const { host, port, secure, auth, startTls } = setting
  const transport = createTransport({
    ...{ host, port, secure },
    ...(auth === undefined ? {} : { auth }),
    requireTLS: !secure && startTls === 'required',
    ignoreTLS: !secure && startTls === 'never',
    tls: { minVersion: 'TLSv1.2' },
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENT_MS,
    logger: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    carry: async ({ to, subject, text }, name, signal) => {
      const sender = from()
      try {
        await transport.sendMail({
          from: sender,
          to: { name: '', address: to },
          envelope: { from: sender, to: [to] },
          subject,
          text,
          messageId: `<${name}@${sender.slice(sender.lastIndexOf('@') + 1)}>`,
          // RFC 3834 5: so that no vacation program answers.
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal,
        })
        return SENT
      } catch (error) {
        return outcomeOf(error as SmtpError)
      }
    },
  }
}
