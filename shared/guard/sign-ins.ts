import type { ProjectId } from '../model/ids.ts'
import type { SignInNetworks, User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import { type Digests, lookupDigest } from './digests.ts'
import { createLines } from './lines.ts'

/** NIST SP 800-63B 5.2.2: no more than 100 wrong tries. Of an account, by all strangers together. */
export const WRONG_SIGN_INS = 100
const WINDOW_MS = 600_000
/** Who signs in from a network again within this time is known there. */
const KNOWN_MS = 90 * 86_400_000
/** A network is written down again after this time, so that not every sign-in writes. */
const MARK_MS = 86_400_000
const MOST_NETWORKS = 10
const LONGEST_LINE = 100
/** About how long a full line takes. */
const FULL_MS = 3000

/** Who wants to sign in, and from where. `user`: whose e-mail address it is, if anybody's. */
export type SignInTry = {
  readonly email: string
  readonly user: User | undefined
  /** The client's network: an IPv4 address or a /64. */
  readonly address: string
}

/** A place before the password is looked at; exactly one of the endings must be called. */
export type SignInTurn =
  | { readonly granted: true; wrong(): Promise<void>; right(): Promise<void>; done(): void }
  | { readonly granted: false; readonly retryAfterMs: number }

type Context = {
  readonly store: Store
  readonly digests: Pick<Digests, 'secret'>
  readonly now: () => number
}

/**
 * Wrong sign-ins are bounded for each account over all networks, and that bound is for strangers alone: a network from
 * which the account has signed in lately has a bound of its own, so that nobody else's tries lock its user out.
 * research/security.md S96.
 */
export const createSignIns = ({ store, digests, now }: Context) => {
  const lines = createLines(LONGEST_LINE)

  const nameOf = (user: User, address: string) =>
    digests.secret('network', `${user.id}\n${address}`)

  const networksOf = (user: User) =>
    readOne<SignInNetworks>(store, keys.signInNetworks(user.project, user.id))

  const isKnown = async (user: User, address: string): Promise<boolean> => {
    const name = nameOf(user, address)
    const present = (await networksOf(user)).value?.networks ?? []
    return present.some((one) => one.name === name && now() < one.at + KNOWN_MS)
  }

  /** Writes a network down as the user's: the newest ten, for 90 days. */
  const know = (user: User, address: string): Promise<void> =>
    transact<void>(store, async () => {
      const name = nameOf(user, address)
      const record = await networksOf(user)
      const present = (record.value?.networks ?? []).filter(({ at }) => now() < at + KNOWN_MS)
      if (present.some((one) => one.name === name && now() < one.at + MARK_MS))
        return { result: undefined }
      const others = present.filter((one) => one.name !== name).slice(0, MOST_NETWORKS - 1)
      const after: SignInNetworks = { networks: [{ name, at: now() }, ...others] }
      return {
        result: undefined,
        change: { expect: [unchanged(record)], put: [put(record.key, after, now() + KNOWN_MS)] },
      }
    })

  /** Lets a try in when it may still go wrong. */
  const enter = async ({ email, user, address }: SignInTry): Promise<SignInTurn> => {
    const known = user !== undefined && (await isKnown(user, address))
    const name = lookupDigest(known ? `${email}\n${address}` : email)
    const budget = keys.budget(user?.project ?? ('none' as ProjectId), `sign-in:${name}`)
    const entry = await lines.enter(budget, async () => {
      const { count, resetInMs } = await store.count(budget, WINDOW_MS, 0)
      return { left: WRONG_SIGN_INS - count, resetInMs }
    })
    switch (entry.kind) {
      case 'full':
        return { granted: false, retryAfterMs: FULL_MS }
      case 'none-left':
        return { granted: false, retryAfterMs: Math.max(entry.look.resetInMs, 1000) }
      case 'in':
        return {
          granted: true,
          wrong: () =>
            store
              .count(budget, WINDOW_MS, 1)
              .then(() => undefined)
              .finally(entry.leave),
          right: () =>
            (user === undefined ? Promise.resolve() : know(user, address)).finally(entry.leave),
          done: entry.leave,
        }
    }
  }

  return { enter }
}

export type SignIns = ReturnType<typeof createSignIns>
