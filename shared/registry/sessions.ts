import { LRUCache } from 'lru-cache'
import { actsAs } from '../audit/actor.ts'
import { audited } from '../audit/line.ts'
import { INSTANCE } from '../audit/records.ts'
import { lookupDigest } from '../guard/digests.ts'
import { type Passwords, TooBusy } from '../guard/passwords.ts'
import { createSignIns } from '../guard/sign-ins.ts'
import type { ProjectId, UserId } from '../model/ids.ts'
import type { Session, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { found, put } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { isGoneClient } from './oauth-clients.ts'
import { type Claims, createSessionTokens, type Purpose, type Token } from './session-tokens.ts'
import { normalEmail, type Users } from './users.ts'

export type { Purpose, Token } from './session-tokens.ts'

/** A user who has shown a good token, with the session it belongs to. */
export type SignedIn = { readonly user: User; readonly session: Session }

/** A session as it was when somebody was let in by it. */
export type SessionRef = {
  readonly project: ProjectId
  readonly user: UserId
  readonly session: string
  readonly generation: number
}

/** What finds the session again that let somebody in. */
export const sessionRef = ({ user, session }: SignedIn): SessionRef => ({
  project: user.project,
  user: user.id,
  session: session.id,
  generation: user.generation,
})

export const SESSION_TTL_MS = 86_400_000
const REMEMBERED_TOKENS = 20_000
/** About how long the queue of sign-ins takes when it is full. */
const BUSY_MS = 3000
const LONGEST_TOKEN = 4096

/**
 * Why a sign-in did not succeed. One word for all that a stranger may try; `unverified`: the password was right, but the
 * e-mail has still to be shown to be his; `throttled` are too many wrong ones, or too many at once.
 */
export type SignInFailure =
  | { readonly failed: 'wrong'; readonly unverified?: true }
  | { readonly failed: 'throttled'; readonly retryAfterMs: number }

/** Who has tried to sign in. */
type Known = {
  readonly email: string
  readonly user: User | undefined
  readonly project?: ProjectId
}

/**
 * Sessions. A signature is verified once per token; whether the session still is, is asked of the store every
 * time, so that an ended one is dead on every node with its record, without a clock and without a message.
 */
export const createSessions = (context: RegistryContext, users: Users, passwords: Passwords) => {
  const { store, now, newId } = context
  const tokens = createSessionTokens(context)
  const signIns = createSignIns(context)
  const verified = new LRUCache<string, Claims>({ max: REMEMBERED_TOKENS })
  const told = new LRUCache<string, true>({ max: REMEMBERED_TOKENS, ttl: 60_000 })

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

  /**
   * The token of a session that has only one, as long as the session: the same text whenever it is asked for, as long as the
   * key that signs is the same.
   */
  const spell = async ({ user, session }: SignedIn, purpose: Purpose): Promise<string> => {
    const { id, createdAt, expiresAt } = session
    const { token } = await tokens.sign({
      ...{ userId: user.id, project: user.project, sid: id, generation: user.generation, purpose },
      // The record ends the session to the millisecond; the token says whole seconds.
      ...{ ttlMs: expiresAt - createdAt + 999, extra: {}, subject: user.id },
      first: { id, at: createdAt },
    })
    return token
  }

  const signedIn = ({ project, id: user }: User, { id: what, createdAt: at }: Session) =>
    audited({ at, project, type: 'sign-in.ok', user, what })

  const signedOut = ({ project, id: user }: User, what: string) =>
    audited({ at: now(), project, type: 'sign-out', user, what })

  /** Of an address that has no account a keyed digest is written down. */
  const notSignedIn = (
    type: 'sign-in.failed' | 'sign-in.throttled',
    { email, user, project = INSTANCE }: Known,
  ) =>
    store.commit({
      append: [
        audited({
          ...{ at: now(), project: user?.project ?? project, type },
          ...(user === undefined
            ? { what: context.digests.secret('audit e-mail', normalEmail(email)).slice(0, 22) }
            : { user: user.id }),
        }),
      ],
    })

  /** Once a minute for each account: who only asks again and again must not fill the audit. */
  const throttled = async (known: Known): Promise<void> => {
    const name = `${known.project} ${normalEmail(known.email)}`
    if (told.has(name)) return
    told.set(name, true)
    await notSignedIn('sign-in.throttled', known)
  }

  /** A new session for a user, good for `ttlMs`. `app`: what it was opened by, in that program's own word. */
  const open = async (
    user: User,
    ttlMs: number = SESSION_TTL_MS,
    app?: string,
  ): Promise<SignedIn> => {
    const createdAt = now()
    const session: Session = {
      id: newId(),
      user: user.id,
      createdAt,
      expiresAt: createdAt + ttlMs,
      ...(app === undefined ? {} : { app }),
    }
    await store.commit({
      put: [put(keys.session(user.project, session.id), session, session.expiresAt)],
      append: [signedIn(user, session)],
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
    const { project, userId, sid, generation } = claims
    return resume({ project, user: userId, session: sid, generation })
  }

  /** Who has that session, now. `undefined`: it has ended. */
  const resume = async (of: SessionRef): Promise<SignedIn | undefined> => {
    const wanted = [
      keys.session(of.project, of.session),
      keys.user(of.project, of.user),
      keys.project(of.project),
    ] as const
    const [sessionEntry, userEntry, project] = await store.read(wanted)
    const session = found<Session>(wanted[0], sessionEntry).value
    const user = found<User>(wanted[1], userEntry).value
    if (project === undefined || session === undefined || session.user !== user?.id)
      return undefined
    if (now() >= session.expiresAt || user.generation !== of.generation) return undefined
    if (session.app !== undefined && (await isGoneClient(context, of.project, session.app)))
      return undefined
    actsAs({ kind: 'user', id: user.id })
    return { user, session }
  }

  /** `undefined`: too many ask at once. */
  const isRight = (stored: string | undefined, password: string): Promise<boolean | undefined> =>
    passwords.matches(stored, password).catch((cause: unknown) => {
      if (cause instanceof TooBusy) return undefined
      throw cause
    })

  /**
   * Who knows the password. With `project` only its accounts are known; without one only those whose e-mail is theirs over
   * all projects.
   */
  const recognise = async (
    email: string,
    password: string,
    address: string,
    project?: ProjectId,
  ): Promise<User | SignInFailure> => {
    const user = await users.findByEmail(email, project)
    const turn = await signIns.enter({ email: normalEmail(email), user, address })
    const known = { email, user, ...(project === undefined ? {} : { project }) }
    if (!turn.granted) {
      await throttled(known)
      return { failed: 'throttled', retryAfterMs: turn.retryAfterMs }
    }
    const right = await isRight(user?.password, password).catch((cause: unknown) => {
      turn.done()
      throw cause
    })
    if (right === undefined) {
      turn.done()
      return { failed: 'throttled', retryAfterMs: BUSY_MS }
    }
    if (user === undefined || !right) {
      await turn.wrong()
      await notSignedIn('sign-in.failed', known)
      return { failed: 'wrong' }
    }
    await turn.right()
    return user.unverified ? { failed: 'wrong', unverified: true } : user
  }

  /** Opens a session for who knows the password, as `recognise` has it. */
  const signIn = async (
    email: string,
    password: string,
    address: string,
    ttlMs?: number,
    project?: ProjectId,
    app?: string,
  ): Promise<SignedIn | SignInFailure> => {
    const known = await recognise(email, password, address, project)
    return 'failed' in known ? known : open(known, ttlMs, app)
  }

  /** Ends one session. */
  const end = async ({ user, session }: SignedIn): Promise<void> => {
    await store.commit({
      remove: [keys.session(user.project, session.id)],
      append: [signedOut(user, session.id)],
      whenFull: true,
    })
    await store.announce('sessions', user.id)
  }

  /** Ends every session of a user, on every node, with one commit. */
  const endAll = async (user: User): Promise<void> => {
    await users.change(
      { project: user.project, user: user.id },
      (present) => ({ ...present, generation: present.generation + 1 }),
      { append: [signedOut(user, 'everywhere')], whenFull: true },
    )
    await store.announce('sessions', user.id)
  }

  return { open, issue, spell, check, resume, recognise, signIn, end, endAll }
}

export type Sessions = ReturnType<typeof createSessions>
