import type { OfferId } from '../model/ids.ts'
import { type Claimed, type Opened, type Refused, refused } from '../model/outcomes.ts'
import type { PolicyInForce } from '../model/policy.ts'
import type { Device } from '../model/records.ts'
import { ownedBy } from './owning.ts'
import { claimedBy, type Decision, isOpenAt, mayOffer, type Redeem } from './rules.ts'

/** Without a duration, ms: research/mode_thethings_thingful.md 1.11 (2). */
export const CLAIM_MODE_DEFAULT_MS = 300_000

type ClaimModeOffer = {
  readonly id: OfferId
  /** `undefined`: as long as the policy says. */
  readonly durationMs: number | undefined
  readonly via: string
}

/**
 * The device leaves its half: for some time, whoever knows the code that is printed on it may claim it once. Also one that
 * has an owner may: whether it can be taken from him is the policy's to say at the claim.
 */
export const enterClaimMode = (
  device: Device,
  policy: PolicyInForce,
  { id, durationMs, via }: ClaimModeOffer,
  now: number,
): Decision<Opened | Refused> => {
  if (!mayOffer(device, policy)) return { outcome: refused('claiming-not-allowed', true) }
  const wanted = durationMs ?? policy.windowDefaultMs ?? CLAIM_MODE_DEFAULT_MS
  const expiresAt = now + Math.min(wanted, policy.windowMaxMs)
  return {
    outcome: { state: 'open', offer: id, expiresAt },
    device: { ...device, claimMode: { id, openedAt: now, expiresAt, via } },
  }
}

/** The device takes its half back. */
export const leaveClaimMode = ({ claimMode: _mode, ...rest }: Device): Device => rest

/**
 * An account brings the code that is printed on a device: good while the device is in claim mode, once, and then again
 * when it is in claim mode again. The code itself stays, for it stands on the device.
 */
export const redeemPrinted = (
  device: Device,
  policy: PolicyInForce,
  { claim, user, home, secret }: Redeem,
  now: number,
): Decision<Claimed | Refused> => {
  if (device.printed === undefined || device.printed !== secret)
    return { outcome: refused('wrong-secret') }
  if (device.owner === home) return { outcome: refused('already-yours', true) }
  if (device.owner !== undefined && !policy.possession)
    return { outcome: refused('owned-by-another', true) }
  if (device.claimingAllowed === false) return { outcome: refused('claiming-not-allowed', true) }
  const { claimMode } = device
  if (claimMode === undefined) return { outcome: refused('no-window', true) }
  if (!isOpenAt(claimMode, now)) return { outcome: refused('window-expired', true) }
  const owned = ownedBy(device, { claim, user, home, proof: 'printed' }, now)
  return {
    outcome: claimedBy(owned, claim, home, true),
    device: owned,
    before: claimMode.expiresAt,
  }
}
