import { jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { lookupDigest } from '../guard/digests.ts'
import type { Passwords } from '../guard/passwords.ts'
import type { ProjectId, UserId } from '../model/ids.ts'
import type { Session, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { found, put } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { normalEmail, type Users } from './users.ts'

/** What a token says. Good only while its session record is there and the user's generation is the same. */
type Claims = {
  readonly userId: UserId
  readonly project: ProjectId
  readonly sid: string
  readonly generation: number
  readonly purpose: Purpose
  readonly expiresAt: number
}

/** `access` opens the API; `refresh` only gets a new pair. Neither stands for the other. */
export type Purpose = 'access' | 'refresh'

/** A user who has shown a good token, with the session it belongs to. */
export type SignedIn = { readonly user: User; readonly session: Session }

/** A token as it is handed out. Times in epoch ms. */
export type Token = { readonly token: string; readonly expiresAt: number }

export const SESSION_TTL_MS = 86_400_000
const ISSUER = 'latchkey'
const AUDIENCE = 'latchkey'
const REMEMBERED_TOKENS = 20_000
const WRONG_SIGN_INS = 100
const WRONG_WINDOW_MS = 600_000

/** Why a sign-in did not succeed. One word for all that a stranger may try. */
export type SignInFailure =
  | { readonly failed: 'wrong' }
  | { readonly failed: 'throttled'; readonly retryAfterMs: number }

/**
 * Sessions. A signature is verified once per token; whether the session still is, is asked of the store every
 * time, so that an ended one is dead on every node with its record, without a clock and without a message.
 */
export const createSessions = (context: RegistryContext, users: Users, passwords: Passwords) => {
  const { store, digests, now, newId } = context
  const verified = new LRUCache<string, Claims>({ max: REMEMBERED_TOKENS })

  /** One token of a session. `extra` are a dialect's own public claims; `subject` its own word for the user. */
  const issue = async (
    { user, session }: SignedIn,
    purpose: Purpose,
    ttlMs: number,
    extra: Readonly<Record<string, unknown>> = {},
    subject: string = user.id,
  ): Promise<Token> => {
    const issuedAt = Math.floor(now() / 1000)
    const expires = Math.floor((now() + ttlMs) / 1000)
    const token = await new SignJWT({
      ...extra,
      userId: user.id,
      prj: user.project,
      sid: session.id,
      gen: user.generation,
      use: purpose,
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setJti(newId())
      .setIssuedAt(issuedAt)
      .setExpirationTime(expires)
      .sign(digests.sessionKey)
    return { token, expiresAt: expires * 1000 }
  }

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
    // research/security.md S86, S87: one algorithm, and nothing of the header is followed.
    const options = { algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE, typ: 'JWT' }
    const required = { requiredClaims: ['sub', 'iat', 'exp', 'jti'], currentDate: new Date(now()) }
    try {
      const { payload } = await jwtVerify(token, digests.sessionKey, { ...options, ...required })
      const claims: Claims = {
        userId: payload.userId as UserId,
        project: payload.prj as ProjectId,
        sid: payload.sid as string,
        generation: payload.gen as number,
        purpose: payload.use as Purpose,
        expiresAt: (payload.exp ?? 0) * 1000,
      }
      verified.set(digest, claims)
      return claims
    } catch {
      return undefined
    }
  }

  /** Who a token stands for, now. `undefined`: nobody (forged, expired, ended, or for another purpose). */
  const check = async (
    token: string,
    purpose: Purpose = 'access',
  ): Promise<SignedIn | undefined> => {
    if (token.length > 4096) return undefined
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
    if (session === undefined || user === undefined) return undefined
    if (now() >= session.expiresAt || user.generation !== claims.generation) return undefined
    return { user, session }
  }

  /** Opens a session for who knows the password. */
  const signIn = async (
    email: string,
    password: string,
    address: string,
    ttlMs?: number,
  ): Promise<SignedIn | SignInFailure> => {
    const user = await users.findByEmail(email)
    const budget = keys.budget(
      (user?.project ?? 'none') as ProjectId,
      `sign-in:${lookupDigest(`${normalEmail(email)}\n${address}`)}`,
    )
    const before = await store.count(budget, WRONG_WINDOW_MS, 0)
    if (before.count >= WRONG_SIGN_INS)
      return { failed: 'throttled', retryAfterMs: before.resetInMs }
    const right = await passwords.matches(user?.password, password)
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
