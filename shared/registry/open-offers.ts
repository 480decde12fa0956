import type { OpenHalf } from '../claim/open-halves.ts'
import type { ProjectId, UserId } from '../model/ids.ts'
import type { ClaimCode, Link, ProvisioningToken } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Key } from '../store/port.ts'
import { readMany, readOne } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'

/** When each of the halves ends that an account waits with. What they are is nobody's to read. */
export type OpenOffers = {
  readonly links: readonly number[]
  readonly codes: readonly number[]
  readonly tokens: readonly number[]
}

/** The halves that an account has left and that still wait. */
export const createOpenOffers = ({ store, now }: Pick<RegistryContext, 'store' | 'now'>) => {
  const endsOf = async <T extends { readonly expiresAt: number }>(
    listed: Key,
    keyOf: (digest: string) => Key,
    waits: (half: T) => boolean,
  ): Promise<number[]> => {
    const { value: halves = [] } = await readOne<readonly OpenHalf[]>(store, listed)
    const records = await readMany<T>(
      store,
      halves.map(({ digest }) => keyOf(digest)),
    )
    return records
      .flatMap(({ value }) =>
        value !== undefined && now() < value.expiresAt && waits(value) ? [value.expiresAt] : [],
      )
      .sort((one, other) => one - other)
  }

  const of = async (project: ProjectId, user: UserId): Promise<OpenOffers> => {
    const [links, codes, tokens] = await Promise.all([
      endsOf<Link>(
        keys.openLinks(project, user),
        (digest) => keys.link(project, digest),
        ({ state, account }) => state === 'waiting' && account?.user === user,
      ),
      endsOf<ClaimCode>(
        keys.codesOf(project, user),
        (digest) => keys.code(project, digest),
        ({ used }) => used === undefined,
      ),
      endsOf<ProvisioningToken>(
        keys.provisioningTokensOf(project, user),
        (digest) => keys.provisioningToken(project, digest),
        ({ used }) => used === undefined,
      ),
    ])
    return { links, codes, tokens }
  }

  return { of }
}

export type OpenOffersOf = ReturnType<typeof createOpenOffers>
