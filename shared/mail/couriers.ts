import { isIP } from 'node:net'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { OneTimeTokens } from '../registry/one-time-tokens.ts'
import type { Store } from '../store/port.ts'
import { isEmailAddress } from './addresses.ts'
import { type Carried, type Carrier, postponed } from './carriers/carrier.ts'
import { openFolder } from './carriers/folder.ts'
import { openHook } from './carriers/hook.ts'
import { openSmtp } from './carriers/smtp.ts'
import { createCourier } from './courier.ts'
import { type WrittenMail, type WrittenSms, writeMail, writeSms } from './letters.ts'
import type { WaitingLetter, Way } from './queue.ts'
import { startRounds } from './rounds.ts'
import type { MailSettings } from './settings.ts'

export type CouriersOptions = {
  readonly store: Store
  readonly tokens: OneTimeTokens
  readonly settings: MailSettings
  /** How the outside calls us, without a slash at the end. */
  readonly publicUrl: () => string
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** A random integer from 0 (inclusive) to `below` (exclusive). */
  readonly random: (below: number) => number
}

/** At the end, what is under way has this long. */
const FINISH_MS = 4000

const senderOf = (publicUrl: string): string => {
  const host = URL.canParse(publicUrl) ? new URL(publicUrl).hostname : ''
  const sender = `latchkey@${host}`
  return isIP(host) === 0 && isEmailAddress(sender) ? sender : 'latchkey@localhost'
}

const openMail = ({ mail, from }: MailSettings, publicUrl: () => string): Carrier<WrittenMail> => {
  switch (mail.kind) {
    case 'folder':
      return openFolder(mail.path)
    case 'smtp':
      return openSmtp(mail, () => from ?? senderOf(publicUrl()))
  }
}

const openSms = ({ sms }: MailSettings): Carrier<WrittenSms> => {
  switch (sms.kind) {
    case 'folder':
      return openFolder(sms.path)
    case 'hook':
      return openHook(sms)
  }
}

/** Writes a waiting letter out, only now with its token, and gives it to its carrier. */
export const createSending = (
  options: Pick<CouriersOptions, 'settings' | 'publicUrl' | 'tokens'>,
) => {
  const { settings, publicUrl, tokens } = options
  const mail = openMail(settings, publicUrl)
  const sms = openSms(settings)
  return async (letter: WaitingLetter, signal: AbortSignal): Promise<Carried> => {
    const { project, to, seed, expiresAt = letter.until } = letter
    const name = `${letter.askedAt}-${letter.id}`
    const secret = seed === undefined ? undefined : tokens.spell(project, seed)
    if (seed !== undefined && secret === undefined)
      return postponed('this node does not have the instance key of its token')
    switch (letter.way) {
      case 'mail': {
        const token = secret === undefined ? {} : { token: secret }
        const { about } = letter
        const particulars = { to, about, publicUrl: publicUrl(), expiresAt, ...token }
        return mail.carry(writeMail(letter.letter, particulars), name, signal)
      }
      case 'sms':
        return sms.carry(writeSms(to, secret as string, expiresAt), name, signal)
    }
  }
}

const WAYS: readonly Way[] = ['mail', 'sms']

/** Sends what waits, on this node, from now on. Any number of nodes may. Answers its end. */
export const startCouriers = async (options: CouriersOptions): Promise<() => Promise<void>> => {
  const { store, log, metrics, now, random } = options
  const hurry = new AbortController()
  const send = createSending(options)
  const ends = await Promise.all(
    WAYS.map((way) => {
      const common = { store, way, log, now }
      const { round } = createCourier({ ...common, send, metrics, random, signal: hurry.signal })
      return startRounds({ ...common, round })
    }),
  )
  return async () => {
    const late = setTimeout(() => hurry.abort(), FINISH_MS)
    await Promise.all(ends.map((end) => end()))
    clearTimeout(late)
  }
}
