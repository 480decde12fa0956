import type { ClaimId, DeviceId, HomeId, OfferId, UserId } from '../model/ids.ts'
import type { Link } from '../model/records.ts'

/** Who brings a half of a link: an account (with the claim it can ask for later), or a device. */
export type Half =
  | {
      readonly side: 'account'
      readonly user: UserId
      readonly home: HomeId
      readonly claim: ClaimId
    }
  | { readonly side: 'device'; readonly device: DeviceId }

/** What a half finds: nothing, itself, the other half, a rival, or what came of it earlier. */
export type Meeting =
  | { readonly kind: 'first'; readonly link: Link }
  | { readonly kind: 'again'; readonly link: Link }
  | {
      readonly kind: 'met'
      readonly link: Link
      readonly account: NonNullable<Link['account']>
      readonly device: DeviceId
    }
  | { readonly kind: 'linked'; readonly link: Link }
  | { readonly kind: 'contested'; readonly link: Link; readonly isNew: boolean }

const begin = (half: Half, id: OfferId, now: number, ttlMs: number): Link => ({
  id,
  state: 'waiting',
  createdAt: now,
  expiresAt: now + ttlMs,
  ...(half.side === 'account'
    ? { account: { user: half.user, home: half.home, claim: half.claim } }
    : { device: half.device }),
})

const isSame = (link: Link, half: Half): boolean =>
  half.side === 'account' ? link.account?.user === half.user : link.device === half.device

const hasOwnSide = (link: Link, { side }: Half): boolean =>
  side === 'account' ? link.account !== undefined : link.device !== undefined

/**
 * Two halves with one shared id (research/mode_thethings_thingful.md 2.3, 2.7). The time runs from the first half and a
 * repeat does not lengthen it. A second account or a second device makes the id contested: nobody is linked, and it is
 * dead until its time ends. `isOver`: what it linked has been given up since, so that it is free again.
 */
export const meet = (
  present: Link | undefined,
  half: Half,
  fresh: { readonly id: OfferId; readonly ttlMs: number },
  now: number,
  isOver: boolean,
): Meeting => {
  if (present === undefined || now >= present.expiresAt || (present.state === 'linked' && isOver))
    return { kind: 'first', link: begin(half, fresh.id, now, fresh.ttlMs) }
  if (present.state === 'contested') return { kind: 'contested', link: present, isNew: false }
  if (isSame(present, half))
    return { kind: present.state === 'linked' ? 'linked' : 'again', link: present }
  if (present.state === 'linked') return { kind: 'contested', link: present, isNew: false }
  if (hasOwnSide(present, half))
    return { kind: 'contested', link: { ...present, state: 'contested' }, isNew: true }
  const account =
    half.side === 'account'
      ? { user: half.user, home: half.home, claim: half.claim }
      : present.account
  const device = half.side === 'device' ? half.device : present.device
  if (account === undefined || device === undefined)
    throw new RangeError('a waiting link has exactly one half')
  return { kind: 'met', link: { ...present, account, device }, account, device }
}
