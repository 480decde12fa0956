import type { ClaimId, Digest, HomeId, OfferId, UserId } from '../model/ids.ts'
import {
  type Claimed,
  type Opened,
  type Refused,
  type Released,
  refused,
} from '../model/outcomes.ts'
import type { PolicyInForce } from '../model/policy.ts'
import type { BoxKey, Device, Window } from '../model/records.ts'
import { ownedBy } from './owning.ts'

/** What a rule decided: the outcome, and the device as it is from now on (absent: unchanged). */
export type Decision<T> = {
  readonly outcome: T
  readonly device?: Device
  readonly before?: number
}

/** How a dialect's own device-side key behaves, where dialects differ. */
export type WindowRule = {
  readonly defaultMs: number
  /** Whether a window without a secret is part of the dialect, whatever the policy says. */
  readonly secretOptional: boolean
  /** A duration outside the limits is refused, or put within them. */
  readonly outside: 'refuse' | 'cap'
}

/** The shortest native window, ms. */
export const WINDOW_MIN_MS = 1000

type OpenWindow = {
  readonly id: OfferId
  readonly secret: Digest | undefined
  /** `undefined`: as long as the policy or the dialect says. */
  readonly durationMs: number | undefined
  readonly rule: WindowRule
  readonly via: string
}

const durationOf = (policy: PolicyInForce, { durationMs, rule }: OpenWindow) => {
  const wanted = durationMs ?? policy.windowDefaultMs ?? rule.defaultMs
  if (durationMs === undefined || rule.outside === 'cap')
    return Math.min(wanted, policy.windowMaxMs)
  return wanted < WINDOW_MIN_MS || wanted > policy.windowMaxMs ? undefined : wanted
}

/** Whether the maker lets the device itself open a window: its own word, else the policy's. */
export const mayOffer = (device: Device, policy: PolicyInForce) =>
  device.claimingAllowed ?? policy.claimingAllowedByDefault

/** The device leaves its half. The newest window replaces the older. */
export const openWindow = (
  device: Device,
  policy: PolicyInForce,
  offer: OpenWindow,
  now: number,
): Decision<Opened | Refused> => {
  const durationMs = durationOf(policy, offer)
  if (durationMs === undefined) return { outcome: refused('bad-request', true) }
  if (device.owner !== undefined) return { outcome: refused('owned-by-another', true) }
  if (!mayOffer(device, policy)) return { outcome: refused('claiming-not-allowed', true) }
  if (offer.secret === undefined && !offer.rule.secretOptional && !policy.secretOptional)
    return { outcome: refused('secret-required', true) }
  const expiresAt = now + durationMs
  const window: Window = {
    id: offer.id,
    ...(offer.secret === undefined ? {} : { secret: offer.secret }),
    openedAt: now,
    expiresAt,
    via: offer.via,
  }
  return { outcome: { state: 'open', offer: offer.id, expiresAt }, device: { ...device, window } }
}

/** The maker leaves the half that lies in the box. */
export const setBoxKey = (device: Device, boxKey: BoxKey): Device => ({ ...device, boxKey })

export type Redeem = {
  readonly claim: ClaimId
  readonly user: UserId
  readonly home: HomeId
  /** `undefined`: the claimer gave none, or the empty one. */
  readonly secret: Digest | undefined
}

/** What the clocks of two nodes may be apart, ms. */
export const CLOCKS_APART_MS = 30_000

/**
 * Whether a half is open. One that was opened later than now is of a clock that has gone back since, and would be open
 * for longer than it may: it is over.
 */
export const isOpenAt = (
  half: { readonly openedAt?: number; readonly expiresAt: number },
  now: number,
): boolean => now < half.expiresAt && (half.openedAt ?? now) <= now + CLOCKS_APART_MS

/** An account brings the other half of a window or of a box key. */
export const redeem = (device: Device, proof: Redeem, now: number): Decision<Claimed | Refused> => {
  const { held } = device
  const sameAsHeld = held !== undefined && held.proof === undefined && held.secret === proof.secret
  if (device.owner === proof.home) {
    if (!sameAsHeld) return { outcome: refused('already-yours', true) }
    return { outcome: claimedBy(device, held.claim, proof.home, false) }
  }
  const halves = [device.window, device.boxKey].filter((half) => half !== undefined)
  const matching = halves.filter((half) => half.secret === proof.secret)
  const match = matching.find((half) => isOpenAt(half, now))
  const hasProof = proof.secret !== undefined && (matching.length > 0 || sameAsHeld)
  if (device.owner !== undefined) return { outcome: refused('owned-by-another', hasProof) }
  if (device.claimingAllowed === false)
    return { outcome: refused('claiming-not-allowed', hasProof) }
  if (match === undefined)
    return { outcome: refused(whyNot(halves, matching, proof, now), hasProof) }
  const owned = ownedBy(
    device,
    {
      claim: proof.claim,
      user: proof.user,
      home: proof.home,
      ...(proof.secret === undefined ? {} : { secret: proof.secret }),
    },
    now,
  )
  const outcome = claimedBy(owned, proof.claim, proof.home, true)
  return { outcome, device: owned, before: match.expiresAt }
}

/** An account shows the device's own credential: enough to claim what nobody owns, never to take it from its owner. */
export const redeemByCredential = (
  device: Device,
  proof: Redeem,
  now: number,
): Decision<Claimed | Refused> => {
  if (device.owner === proof.home)
    return { outcome: claimedBy(device, device.held?.claim ?? proof.claim, proof.home, false) }
  if (device.owner !== undefined) return { outcome: refused('owned-by-another', true) }
  if (device.claimingAllowed === false) return { outcome: refused('claiming-not-allowed', true) }
  const { claim, user, home } = proof
  const owned = ownedBy(device, { claim, user, home, proof: 'credential' }, now)
  return { outcome: claimedBy(owned, claim, home, true), device: owned }
}

/** A claim that succeeded, now or (`fresh` false) before. */
export const claimedBy = (
  device: Device,
  claim: ClaimId,
  home: HomeId,
  fresh: boolean,
): Claimed => ({
  state: 'claimed',
  device: device.id,
  claim,
  home,
  epoch: device.epoch,
  fresh,
})

const whyNot = (
  halves: readonly (Window | BoxKey)[],
  matching: readonly (Window | BoxKey)[],
  proof: Redeem,
  now: number,
) => {
  if (halves.length === 0) return 'no-window'
  if (matching.length > 0 || !halves.some((half) => isOpenAt(half, now))) return 'window-expired'
  return proof.secret === undefined ? 'secret-required' : 'wrong-secret'
}

/** The device is given up. Releasing what nobody owns changes nothing. */
export const release = (device: Device, policy: PolicyInForce): Decision<Released> => {
  const { owner, held: _held, window: _window, claimMode: _mode, ...nobodys } = device
  const { called: _called, ...rest } = nobodys
  if (owner === undefined)
    return { outcome: { state: 'released', device: device.id, epoch: device.epoch } }
  const free: Device = {
    ...rest,
    epoch: device.epoch + 1,
    // ThingsBoard's reclaim arms the device again: research/thingsboard.md 2.5
    ...(policy.claimingAllowedByDefault || device.claimingAllowed === false
      ? {}
      : { claimingAllowed: true }),
  }
  const outcome: Released = {
    state: 'released',
    device: device.id,
    epoch: free.epoch,
    former: owner,
  }
  return { outcome, device: free }
}
