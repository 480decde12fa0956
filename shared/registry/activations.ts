import { audited } from '../audit/line.ts'
import { lookupDigest } from '../guard/digests.ts'
import type { User } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readOne } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import type { UserRef, Users } from './users.ts'

/** How long an activation token is good, ms. */
export const ACTIVATION_TTL_MS = 86_400_000

type Activation = { readonly ref: UserRef; readonly expiresAt: number }

/** What an activation token stands for now. */
export type ActivationState = 'good' | 'expired' | 'unknown'

/** Tokens by which a new account gets its first password: kept as digests, good once and for a day. */
export const createActivations = (
  { store, now }: RegistryContext,
  users: Users,
  newSecret: () => string,
) => {
  const read = (token: string) =>
    readOne<Activation>(store, keys.activation(lookupDigest(token))).then(({ value }) => value)

  /** A new token for an account that has no password yet. Older ones stay good for their time. */
  const issue = async ({ project, id }: User): Promise<string> => {
    const token = newSecret()
    const activation: Activation = {
      ref: { project, user: id },
      expiresAt: now() + ACTIVATION_TTL_MS,
    }
    const key = keys.activation(lookupDigest(token))
    await store.commit({ put: [put(key, activation, activation.expiresAt)] })
    // The token lies where it is looked up, which is another shard.
    await store.commit({
      append: [audited({ at: now(), project, type: 'activation.made', user: id })],
    })
    return token
  }

  const look = async (token: string): Promise<ActivationState> => {
    const activation = await read(token)
    if (activation === undefined) return 'unknown'
    return now() < activation.expiresAt ? 'good' : 'expired'
  }

  /** Gives the account its first password. Of many at once exactly one succeeds. */
  const redeem = async (
    token: string,
    password: string,
  ): Promise<User | Exclude<ActivationState, 'good'>> => {
    const activation = await read(token)
    if (activation === undefined) return 'unknown'
    if (now() >= activation.expiresAt) return 'expired'
    const user = await users.activate(activation.ref, password)
    await store.commit({ remove: [keys.activation(lookupDigest(token))] })
    return user ?? 'unknown'
  }

  return { issue, look, redeem }
}

export type Activations = ReturnType<typeof createActivations>
