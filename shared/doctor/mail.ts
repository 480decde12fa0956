import { once } from 'node:events'
import { createConnection } from 'node:net'
import type { MailSettings, SmtpSetting } from '../mail/settings.ts'
import { mayWriteIn } from './files.ts'
import { type Finding, fault, good } from './finding.ts'

const PATIENCE_MS = 5000

/** Whether somebody listens there. Says nothing and sends nothing. */
const canReach = async (host: string, port: number): Promise<boolean> => {
  const socket = createConnection({ host, port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(PATIENCE_MS) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const checkFolder = (name: string, path: string): Finding =>
  mayWriteIn(path)
    ? good(name, `written to ${path}`)
    : fault(
        name,
        `${path} cannot be written`,
        'give the folder to the user that the server runs as',
      )

const checkHost = async (
  name: string,
  { host, port }: Pick<SmtpSetting, 'host' | 'port'>,
  setting: string,
): Promise<Finding> =>
  (await canReach(host, port))
    ? good(name, `${host}:${port} answers`)
    : fault(name, `${host}:${port} does not answer`, `check ${setting}, and the way there`)

/** Whether mails and text messages could leave. */
export const checkMail = async ({ mail, sms }: MailSettings): Promise<readonly Finding[]> => {
  const first =
    mail.kind === 'folder'
      ? checkFolder('mail', mail.path)
      : await checkHost('mail', mail, 'LATCHKEY_MAIL')
  if (sms.kind === 'folder') return [first, checkFolder('sms', sms.path)]
  const { hostname, port, protocol } = new URL(sms.url)
  const usual = protocol === 'https:' ? 443 : 80
  const place = { host: hostname, port: port === '' ? usual : Number(port) }
  return [first, await checkHost('sms', place, 'LATCHKEY_SMS')]
}
