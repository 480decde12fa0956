import { timingSafeEqual } from 'node:crypto'
import type { ProjectId } from '../model/ids.ts'
import { type Refused, refused } from '../model/outcomes.ts'
import type { Reason } from '../model/reasons.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { partsOf, placeOf, type Seed, spellCode, spellToken } from './one-time-spelling.ts'

export type { Seed } from './one-time-spelling.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** What a token can be for, and how long it is good unless its issuer says otherwise, ms. */
export const PURPOSES = {
  'verify-email': { ttlMs: DAY_MS },
  'reset-password': { ttlMs: 60 * MINUTE_MS },
  'member-invite': { ttlMs: 7 * DAY_MS },
  transfer: { ttlMs: 7 * DAY_MS },
  'sms-code': { ttlMs: 10 * MINUTE_MS },
} as const

export type Purpose = keyof typeof PURPOSES
/** Purposes whose token is 64 base64url characters and says by itself where it belongs. */
export type TokenPurpose = Exclude<Purpose, 'sms-code'>

/** `subject`: whom or what the token stands for, in the issuer's words: a user id, `home/user`, a phone number. */
export type WantedToken = {
  readonly project: ProjectId
  readonly purpose: Purpose
  readonly subject: string
  readonly ttlMs?: number
}

/** A token to be: good as soon as `change` is committed. Then the older one of its purpose and subject is dead. */
export type Issued = { readonly seed: Seed; readonly expiresAt: number; readonly change: Change }

/** A good token. It is used up by whoever commits `used`, together with what the token was for: exactly once. */
export type Held = {
  readonly state: 'held'
  readonly project: ProjectId
  readonly subject: string
  readonly expiresAt: number
  readonly used: Change
}

/** The one token of a purpose and subject. `digest` is keyed; the token itself lies nowhere. */
type OneTime = {
  readonly purpose: Purpose
  readonly subject: string
  readonly digest: string
  readonly expiresAt: number
}

/** A code is dead after so many tries, the right one included. */
const TRIES = 5
const CODE = /^\d{6}$/
const REFUSALS: Readonly<Record<'token' | 'code', readonly [Reason, Reason]>> = {
  token: ['token-unknown', 'token-expired'],
  code: ['code-unknown', 'code-expired'],
}

const isEqual = (one: string, other: string) =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))

/**
 * Tokens and codes that are mailed, each good once. A token says by itself where it belongs, so that one read finds it and no
 * index over all projects has to be written before it. It is derived from a random id and can be spelled again while the letter
 * that carries it waits; what is kept of it afterwards is a keyed digest.
 */
export const createOneTimeTokens = ({ store, digests, now, newId }: RegistryContext) => {
  /** The token or code of a seed. `undefined`: this node does not have the key. */
  const spell = (project: ProjectId, seed: Seed): string | undefined =>
    (seed.purpose === 'sms-code' ? spellCode : spellToken)(digests, project, seed)

  const digestOf = (project: ProjectId, place: string, secret: string): string =>
    digests.secret(`one-time\n${project}\n${place}`, secret)

  /** A new token as a part of its issuer's commit. Nothing happens before that. */
  const issue = ({ project, purpose, subject, ttlMs }: WantedToken): Issued => {
    const place = placeOf(purpose, subject)
    const seed: Seed = { purpose, place, id: newId(), kid: digests.mailKey.kid }
    const expiresAt = now() + (ttlMs ?? PURPOSES[purpose].ttlMs)
    const digest = digestOf(project, place, spell(project, seed) as string)
    const record: OneTime = { purpose, subject, digest, expiresAt }
    return {
      seed,
      expiresAt,
      change: { put: [put(keys.oneTime(project, place), record, expiresAt)] },
    }
  }

  const heldAt = async (
    { project, place }: { readonly project: ProjectId; readonly place: string },
    purpose: Purpose,
    secret: string,
  ): Promise<Held | Refused> => {
    const [unknown, expired] = REFUSALS[purpose === 'sms-code' ? 'code' : 'token']
    const found = await readOne<OneTime>(store, keys.oneTime(project, place))
    const record = found.value
    if (record === undefined || record.purpose !== purpose) return refused(unknown)
    if (!isEqual(record.digest, digestOf(project, place, secret))) return refused(unknown)
    if (now() >= record.expiresAt) return refused(expired, true)
    const { subject, expiresAt } = record
    const used: Change = { expect: [unchanged(found)], remove: [found.key], before: expiresAt }
    return { state: 'held', project, subject, expiresAt, used }
  }

  /** Takes it alone: of many at once exactly one holds it. */
  const take = (look: () => Promise<Held | Refused>): Promise<Held | Refused> =>
    transact<Held | Refused>(store, async () => {
      const result = await look()
      return result.state === 'held' ? { result, change: result.used } : { result }
    })

  /** What a token stands for, without using it up; put `used` into the commit of what it was for. */
  const look = async (purpose: TokenPurpose, token: string): Promise<Held | Refused> => {
    const parts = partsOf(token)
    return parts === undefined ? refused('token-unknown') : heldAt(parts, purpose, token)
  }

  /** What a token stands for, used up by this. */
  const redeem = (purpose: TokenPurpose, token: string): Promise<Held | Refused> =>
    take(() => look(purpose, token))

  /** The same for a code, which is looked for under its subject. It stands five tries (`too-many-attempts`), whoever makes them. */
  const redeemCode = async (
    project: ProjectId,
    subject: string,
    code: string,
  ): Promise<Held | Refused> => {
    if (!CODE.test(code)) return refused('code-unknown')
    const place = placeOf('sms-code', subject)
    const { value } = await readOne<OneTime>(store, keys.oneTime(project, place))
    if (value === undefined) return refused('code-unknown')
    // Counted before it is compared, so that tries in parallel gain nothing. A new code has a count of its own.
    const tries = await store.count(
      keys.budget(project, `one-time-tries:${value.digest}`),
      DAY_MS,
      1,
    )
    if (tries.count > TRIES) return refused('too-many-attempts', true)
    return take(() => heldAt({ project, place }, 'sms-code', code))
  }

  return { issue, spell, look, redeem, redeemCode }
}

export type OneTimeTokens = ReturnType<typeof createOneTimeTokens>
