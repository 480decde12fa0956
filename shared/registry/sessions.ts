import { LRUCache } from 'lru-cache'
import { lookupDigest } from '../guard/digests.ts'
import { type Passwords, TooBusy } from '../guard/passwords.ts'
import type { ProjectId } from '../model/ids.ts'
import type { Session, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { found, put } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { type Claims, createSessionTokens, type Purpose, type Token } from './session-tokens.ts'
import { normalEmail, type Users } from './users.ts'

export type { Purpose, Token } from './session-tokens.ts'

/** A user who has shown a good token, with the session it belongs to. */
export type SignedIn = { readonly user: User; readonly session: Session }

export const SESSION_TTL_MS = 86_400_000
const REMEMBERED_TOKENS = 20_000
const WRONG_SIGN_INS = 100
const WRONG_WINDOW_MS = 600_000
/** About how long the queue of sign-ins takes when it is full. */
const BUSY_MS = 3000
const LONGEST_TOKEN = 4096

/**
 * Why a sign-in did not succeed. One word for all that a stranger may try; `throttled` are too many wrong ones, or too
 * many at once.
 */
export type SignInFailure =
  | { readonly failed: 'wrong' }
  | { readonly failed: 'throttled'; readonly retryAfterMs: number }

/**
 * Sessions. A signature is verified once per token; whether the session still is, is asked of the store every
 * time, so that an ended one is dead on every node with its record, without a clock and without a message.
 */
export const createSessions = (context: RegistryContext, users: Users, passwords: Passwords) => {
  const { store, now, newId } = context
  const tokens = createSessionTokens(context)
  const verified = new LRUCache<string, Claims>({ max: REMEMBERED_TOKENS })

  /** One token of a session. `extra` are a dialect's own public claims; `subject` its own word for the user. */
  const issue = (
    { user, session }: SignedIn,
    purpose: Purpose,
    ttlMs: number,
    extra: Readonly<Record<string, unknown>> = {},
    subject: string = user.id,
  ): Promise<Token> =>
    tokens.sign({
      ...{ userId: user.id, project: user.project, sid: session.id, generation: user.generation },
      ...{ purpose, ttlMs, extra, subject },
    })

  /** A new session for a user, good for `ttlMs`. */
  const open = async (user: User, ttlMs: number = SESSION_TTL_MS): Promise<SignedIn> => {
    const session: Session = { id: newId(), user: user.id, expiresAt: now() + ttlMs }
    await store.commit({
      put: [put(keys.session(user.project, session.id), session, session.expiresAt)],
    })
    return { user, session }
  }

  const read = async (token: string): Promise<Claims | undefined> => {
    const digest = lookupDigest(token)
    const known = verified.get(digest)
    if (known !== undefined) return known
    const claims = await tokens.read(token)
    if (claims !== undefined) verified.set(digest, claims)
    return claims
  }

  /** Who a token stands for, now. `undefined`: nobody (forged, expired, ended, or for another purpose). */
  const check = async (
    token: string,
    purpose: Purpose = 'access',
  ): Promise<SignedIn | undefined> => {
    if (token.length > LONGEST_TOKEN) return undefined
    const claims = await read(token)
    if (claims === undefined || claims.purpose !== purpose || now() >= claims.expiresAt)
      return undefined
    const wanted = [
      keys.session(claims.project, claims.sid),
      keys.user(claims.project, claims.userId),
    ] as const
    const [sessionEntry, userEntry] = await store.read(wanted)
    const session = found<Session>(wanted[0], sessionEntry).value
    const user = found<User>(wanted[1], userEntry).value
    if (session === undefined || user === undefined || session.user !== user.id) return undefined
    if (now() >= session.expiresAt || user.generation !== claims.generation) return undefined
    return { user, session }
  }

  /** `undefined`: too many ask at once. */
  const isRight = (stored: string | undefined, password: string): Promise<boolean | undefined> =>
    passwords.matches(stored, password).catch((cause: unknown) => {
      if (cause instanceof TooBusy) return undefined
      throw cause
    })

  /** Opens a session for who knows the password. With `project` only its accounts are known. */
  const signIn = async (
    email: string,
    password: string,
    address: string,
    ttlMs?: number,
    project?: ProjectId,
  ): Promise<SignedIn | SignInFailure> => {
    const holder = await users.findByEmail(email)
    const user = project === undefined || holder?.project === project ? holder : undefined
    const budget = keys.budget(
      (user?.project ?? 'none') as ProjectId,
      `sign-in:${lookupDigest(`${normalEmail(email)}\n${address}`)}`,
    )
    const before = await store.count(budget, WRONG_WINDOW_MS, 0)
    if (before.count >= WRONG_SIGN_INS)
      return { failed: 'throttled', retryAfterMs: before.resetInMs }
    const right = await isRight(user?.password, password)
    if (right === undefined) return { failed: 'throttled', retryAfterMs: BUSY_MS }
    if (user === undefined || !right) {
      await store.count(budget, WRONG_WINDOW_MS, 1)
      return { failed: 'wrong' }
    }
    return open(user, ttlMs)
  }

  /** Ends one session. */
  const end = async ({ user, session }: SignedIn): Promise<void> => {
    await store.commit({ remove: [keys.session(user.project, session.id)] })
    await store.announce('sessions', user.id)
  }

  /** Ends every session of a user, on every node, with one commit. */
  const endAll = async (user: User): Promise<void> => {
    await users.change({ project: user.project, user: user.id }, (present) => ({
      ...present,
      generation: present.generation + 1,
    }))
    await store.announce('sessions', user.id)
  }

  return { open, issue, check, signIn, end, endAll }
}

export type Sessions = ReturnType<typeof createSessions>
