import { audited } from '../audit/line.ts'
import type { AuditType } from '../audit/records.ts'
import type { Session, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Put } from '../store/port.ts'
import { put, readMany, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import type { Sessions, SignedIn } from './sessions.ts'

/** Tokens that an account has at once; one more ends the one that would end first. */
export const MOST_TOKENS = 200
/** research/particle.md 1.1. */
export const RENEWAL_MS = 14 * 86_400_000
/** The end of what has none: the last second of the year 9999. */
export const NEVER = 253_402_300_799_000

/** A token of an account, as it is listed. `client`: the program that asked for it. */
export type ListedToken = {
  readonly token: string
  readonly client: string
  readonly expiresAt: number
}

/** A token and what renews it, once. */
export type TokenPair = ListedToken & { readonly renewal: string }

type Place = {
  readonly session: string
  readonly renewal: string
  readonly family: string
  readonly expiresAt: number
}
type Opened = { readonly session: Session; readonly renewal: Session; readonly family: string }

const goneOf = (user: Pick<User, 'project'>, places: readonly Place[]) =>
  places.flatMap(({ session, renewal }) =>
    [session, renewal].map((id) => keys.session(user.project, id)),
  )

/** Part of clearing up after a user: some of his tokens would have no end. */
export const accessTokensGone = async (
  { store }: Pick<RegistryContext, 'store'>,
  user: Pick<User, 'project' | 'id'>,
): Promise<Required<Pick<Change, 'remove'>>> => {
  const places = await readOne<readonly Place[]>(store, keys.accessTokens(user.project, user.id))
  return { remove: [places.key, ...goneOf(user, places.value ?? [])] }
}

/**
 * Access tokens as OAuth has them (RFC 6749), each a session of its own: to end one ends that one. They can be listed, so
 * a token is spelled from its session's record, the same text each time, and lies nowhere.
 */
export const createAccessTokens = (context: RegistryContext, sessions: Sessions) => {
  const { store, now, newId } = context

  const told = ({ project, id: user }: User, type: AuditType, what: string) =>
    audited({ at: now(), project, type, user, what })

  const placesOf = (user: User) =>
    readOne<readonly Place[]>(store, keys.accessTokens(user.project, user.id))

  const kept = (user: User, places: readonly Place[]): Pick<Change, 'put' | 'remove'> => {
    const key = keys.accessTokens(user.project, user.id)
    if (places.length === 0) return { remove: [key] }
    return { put: [put(key, places, Math.max(...places.map(({ expiresAt }) => expiresAt)))] }
  }

  const draft = (user: User, client: string, expiresAt: number, family?: string): Opened => {
    const [id, renewalId] = [newId(), newId()]
    const common = { user: user.id, createdAt: now(), generation: user.generation, app: client }
    const own = { ...common, family: family ?? id }
    return {
      session: { ...own, id, expiresAt, renewal: renewalId },
      renewal: { ...own, id: renewalId, expiresAt: now() + RENEWAL_MS },
      family: own.family,
    }
  }

  /** A place among the user's tokens; the oldest makes room. */
  const opening = (user: User, { session, renewal, family }: Opened): Promise<void> =>
    transact<void>(store, async () => {
      const places = await placesOf(user)
      const expiresAt = Math.max(session.expiresAt, renewal.expiresAt)
      const own: Place = { session: session.id, renewal: renewal.id, family, expiresAt }
      const others = (places.value ?? [])
        .filter((place) => now() < place.expiresAt)
        .sort((one, other) => one.expiresAt - other.expiresAt)
      const over = Math.max(0, others.length + 1 - MOST_TOKENS)
      const after = kept(user, [...others.slice(over), own])
      const records: Put[] = [session, renewal].map((one) =>
        put(keys.session(user.project, one.id), one, one.expiresAt),
      )
      return {
        result: undefined,
        change: {
          expect: [unchanged(places)],
          put: [...records, ...(after.put ?? [])],
          remove: goneOf(user, others.slice(0, over)),
          append: [told(user, 'token.made', session.id)],
        },
      }
    })

  const pairOf = async (user: User, { session, renewal }: Opened): Promise<TokenPair> => ({
    token: await sessions.spell({ user, session }, 'access'),
    renewal: await sessions.spell({ user, session: renewal }, 'refresh'),
    client: session.app ?? '',
    expiresAt: session.expiresAt,
  })

  /** A new token for a user, good until `expiresAt` (epoch ms). */
  const open = async (user: User, client: string, expiresAt: number): Promise<TokenPair> => {
    const opened = draft(user, client, expiresAt)
    await opening(user, opened)
    return pairOf(user, opened)
  }

  /** Ends those that are wanted, with what would renew them. */
  const endThose = async (user: User, isWanted: (place: Place) => boolean) => {
    await transact<void>(store, async () => {
      const places = await placesOf(user)
      const present = places.value ?? []
      const over = present.filter(isWanted)
      if (over.length === 0) return { result: undefined }
      const after = kept(
        user,
        present.filter((place) => !over.includes(place)),
      )
      return {
        result: undefined,
        change: {
          expect: [unchanged(places)],
          ...after,
          remove: [...goneOf(user, over), ...(after.remove ?? [])],
          append: over.map(({ session }) => told(user, 'token.removed', session)),
          whenFull: true,
        },
      }
    })
    await store.announce('sessions', user.id)
  }

  /** Uses a renewal up. `'again'`: it was used before. */
  const useUp = (user: User, id: string) =>
    transact<'used' | 'again'>(store, async () => {
      const renewal = await readOne<Session>(store, keys.session(user.project, id))
      if (renewal.value === undefined || renewal.value.isUsed) return { result: 'again' }
      const after: Session = { ...renewal.value, isUsed: true }
      return {
        result: 'used',
        change: { expect: [unchanged(renewal)], put: [put(renewal.key, after, after.expiresAt)] },
      }
    })

  /**
   * A new pair for what renews one: for the same program, once. Who shows it a second time ends all that came of it, because
   * one of the two has stolen it (RFC 9700 4.14.2). `undefined`: it is not good.
   */
  const renew = async (
    token: string,
    client: string,
    expiresAt: number,
  ): Promise<{ readonly user: User; readonly pair: TokenPair } | undefined> => {
    const shown = await sessions.check(token, 'refresh')
    if (shown === undefined) return undefined
    const { user, session } = shown
    const { family } = session
    if (family === undefined || session.app !== client) return undefined
    if ((await useUp(user, session.id)) === 'again') {
      await store.commit({ append: [told(user, 'token.reused', session.id)] })
      await endThose(user, (place) => place.family === family)
      return undefined
    }
    const opened = draft(user, client, expiresAt, family)
    await opening(user, opened)
    return { user, pair: await pairOf(user, opened) }
  }

  /** Ends one token, and what would renew it. */
  const end = async (signedIn: SignedIn): Promise<void> => {
    const { user, session } = signedIn
    if (session.renewal === undefined) return sessions.end(signedIn)
    await endThose(user, (place) => place.session === session.id)
    // Its place may have been another's by then.
    await sessions.end(signedIn)
  }

  /** Ends every token of a user, in every dialect. */
  const endAll = async (user: User): Promise<void> => {
    await sessions.endAll(user)
    await endThose(user, () => true)
  }

  /** The good tokens of a user; those of other dialects are not among them. */
  const list = async (user: User): Promise<ListedToken[]> => {
    const places = (await placesOf(user)).value ?? []
    const records = await readMany<Session>(
      store,
      places.map(({ session }) => keys.session(user.project, session)),
    )
    const good = records.flatMap(({ value }) => (value === undefined ? [] : [value]))
    return Promise.all(
      good
        .filter((one) => one.generation === user.generation && now() < one.expiresAt)
        .map(async (session) => ({
          token: await sessions.spell({ user, session }, 'access'),
          client: session.app ?? '',
          expiresAt: session.expiresAt,
        })),
    )
  }

  return { open, renew, end, endAll, list }
}

export type AccessTokens = ReturnType<typeof createAccessTokens>
