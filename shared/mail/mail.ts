import { lookupDigest } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'
import { type Refused, refused } from '../model/outcomes.ts'
import type { Issued, OneTimeTokens } from '../registry/one-time-tokens.ts'
import { keys } from '../store/keys.ts'
import type { Change, Store } from '../store/port.ts'
import { joined } from '../store/transact.ts'
import { isEmailAddress, isPhoneNumber, nameInLetter } from './addresses.ts'
import { LETTERS, type Letter, type PlainLetter, type TokenLetter } from './letters.ts'
import { CHANNELS, hasRoom, queued, type WaitingLetter, type Way } from './queue.ts'

type Common = {
  readonly project: ProjectId
  readonly to: string
  /** The name of the home or device that the letter is about. Only letters, digits and spaces of it are shown. */
  readonly about?: string
}

/** `subject`: whom or what its token stands for, as `redeem` will answer it. `ttlMs`: else the purpose's usual one. */
export type WantedMail =
  | (Common & { readonly letter: TokenLetter; readonly subject: string; readonly ttlMs?: number })
  | (Common & { readonly letter: PlainLetter })

/** A code by text message. */
export type WantedSms = {
  readonly project: ProjectId
  readonly to: string
  readonly subject: string
  readonly ttlMs?: number
}

/** A message that is sent, at least once, if `change` is committed. Then call `wake`; else it takes some seconds longer. */
export type Asked = {
  readonly state: 'asked'
  /** When its token or code ends, epoch ms; absent where it carries none. */
  readonly expiresAt?: number
  /** To be `joined` to the commit of the state that the message belongs to. All its keys are the project's. */
  readonly change: Change
  readonly wake: () => void
}

export type MailOptions = {
  readonly store: Store
  readonly tokens: OneTimeTokens
  readonly now: () => number
  /** A fresh UUID. */
  readonly newId: () => string
  /** Messages that one address or number gets in an hour at most, over all projects. */
  readonly perHour?: number
}

/** What one recipient gets in an hour, unless set otherwise. */
export const MESSAGES_PER_HOUR = 10
const HOUR_MS = 3_600_000
/** A letter that could not be sent for so long is of no use any more. */
const LONGEST_WAIT_MS = 86_400_000
const FULL_RETRY_MS = 60_000

/**
 * How mails and text messages are asked for: as a part of the commit of what they are about.
 *
 * ```ts
 * const asked = await mail.ask({ project, letter: 'reset-password', to: user.email, subject: user.id })
 * if (asked.state === 'refused') return asked                    // too-many-attempts, or bad-request for the address
 * await store.commit(joined(asked.change, { put: [ … ] }))       // or: mail.send(…), which commits nothing else
 * asked.wake()
 *
 * const held = await registry.oneTimeTokens.look('reset-password', token)
 * if (held.state === 'refused') return held                      // token-unknown, token-expired
 * await store.commit(joined(held.used, { put: [ … ] }))          // false: somebody else was faster
 * ```
 *
 * Ask once, outside of a step that may be repeated: asking is what counts against the recipient's hour.
 */
export const createMail = (options: MailOptions) => {
  const { store, tokens, now, newId, perHour = MESSAGES_PER_HOUR } = options

  /** Whether one more may be sent to somebody. Counted first, so that asking in parallel gains nothing. */
  const allowed = async (
    project: ProjectId,
    way: Way,
    to: string,
  ): Promise<Refused | undefined> => {
    const recipient = keys.messagesTo(lookupDigest(`${way}\n${to.toLowerCase()}`))
    const { count, resetInMs } = await store.count(recipient, HOUR_MS, 1)
    if (count > perHour)
      return { ...refused('too-many-attempts', true), retryAfterMs: Math.max(1000, resetInMs) }
    if (await hasRoom(store, project, way)) return undefined
    return { ...refused('too-many-attempts', true), retryAfterMs: FULL_RETRY_MS }
  }

  const asked = (letter: WaitingLetter, issued: Issued | undefined): Asked => ({
    state: 'asked',
    ...(issued === undefined ? {} : { expiresAt: issued.expiresAt }),
    change: joined(issued?.change ?? {}, queued(letter)),
    wake: () => {
      // A lost wake-up costs a sweep: the queue still has the letter.
      store.announce(CHANNELS[letter.way], letter.project).catch(() => undefined)
    },
  })

  const waiting = (project: ProjectId, to: string, issued: Issued | undefined) => {
    const askedAt = now()
    const until = Math.min(askedAt + LONGEST_WAIT_MS, issued?.expiresAt ?? Infinity)
    return { id: newId(), project, to, askedAt, dueAt: askedAt, until, tries: 0 }
  }

  /** A mail, and the token that it carries. Refuses with `bad-request` (no address) or `too-many-attempts`. */
  const ask = async (wanted: WantedMail): Promise<Asked | Refused> => {
    const { project, to, letter, about = '' } = wanted
    if (!isEmailAddress(to)) return refused('bad-request', true)
    const refusal = await allowed(project, 'mail', to)
    if (refusal !== undefined) return refusal
    const { purpose }: Letter = LETTERS[letter]
    const issued =
      purpose !== undefined && 'subject' in wanted
        ? tokens.issue({ ...wanted, purpose })
        : undefined
    const seed = issued === undefined ? {} : { seed: issued.seed, expiresAt: issued.expiresAt }
    const common = waiting(project, to, issued)
    return asked({ ...common, way: 'mail', letter, about: nameInLetter(about), ...seed }, issued)
  }

  /** A text message with a code of six digits. Refuses with `bad-request` (no number) or `too-many-attempts`. */
  const askSms = async ({ to, ...wanted }: WantedSms): Promise<Asked | Refused> => {
    if (!isPhoneNumber(to)) return refused('bad-request', true)
    const refusal = await allowed(wanted.project, 'sms', to)
    if (refusal !== undefined) return refusal
    const issued = tokens.issue({ ...wanted, purpose: 'sms-code' })
    const { seed, expiresAt } = issued
    return asked({ ...waiting(wanted.project, to, issued), way: 'sms', seed, expiresAt }, issued)
  }

  const commit = async (one: Asked | Refused): Promise<Asked | Refused> => {
    if (one.state === 'refused') return one
    await store.commit(one.change)
    one.wake()
    return one
  }

  return {
    ask,
    askSms,
    /** Asks and commits, where nothing else has to be in that commit. */
    send: async (wanted: WantedMail) => commit(await ask(wanted)),
    sendSms: async (wanted: WantedSms) => commit(await askSms(wanted)),
  }
}

export type Mail = ReturnType<typeof createMail>
