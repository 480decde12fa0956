import type { DeviceId, Digest } from '../model/ids.ts'
import { type Claimed, type Refused, refused } from '../model/outcomes.ts'
import type { PolicyInForce } from '../model/policy.ts'
import type { ClaimCode, Device } from '../model/records.ts'
import { ownedBy } from './owning.ts'
import { claimedBy, type Decision } from './rules.ts'

/** A code as its maker sees it. `device`: the one that took it, or the last one that was refused, and why. */
export type CodeSeen = Pick<ClaimCode, 'id' | 'claim' | 'home' | 'expiresAt'> & {
  readonly state: 'open' | 'used' | 'expired'
  readonly device?: DeviceId
  /** The epoch that the device had with it. */
  readonly epoch?: number
  readonly reason?: Refused['reason']
  /** When that was, epoch ms: taken, or refused last. */
  readonly usedAt?: number
  readonly refusedAt?: number
}

/** What has become of a code by now. */
export const seen = (code: ClaimCode, now: number): CodeSeen => {
  const { id, claim, home, expiresAt, used, refusal } = code
  const rest = { id, claim, home, expiresAt }
  if (used !== undefined) {
    const { device, epoch, at } = used
    return { ...rest, state: 'used', device, epoch, usedAt: at }
  }
  return {
    ...rest,
    state: now < expiresAt ? 'open' : 'expired',
    ...(refusal?.device === undefined ? {} : { device: refusal.device }),
    ...(refusal === undefined ? {} : { reason: refusal.reason, refusedAt: refusal.at }),
  }
}

/**
 * A device brings a code. Whoever holds the device may give it to the code's maker, but what was used once is good only for
 * its repeat: the same device under the same epoch. A replay never takes a device back.
 */
export const present = (
  code: ClaimCode,
  digest: Digest,
  device: Device,
  policy: PolicyInForce,
  now: number,
): Decision<Claimed | Refused> => {
  const { claim, home, user, used } = code
  const again = { ...claimedBy(device, claim, home, false), offer: code.id }
  if (used !== undefined) {
    const isRepeat = used.device === device.id && used.epoch === device.epoch
    return { outcome: isRepeat ? again : refused('code-used', true) }
  }
  if (now >= code.expiresAt) return { outcome: refused('code-expired', true) }
  // research/particle.md 2.1: by the same account nothing changes.
  if (device.owner === home) return { outcome: again, device }
  if (device.claimingAllowed === false) return { outcome: refused('claiming-not-allowed', true) }
  if (device.owner !== undefined && !policy.possession)
    return { outcome: refused('owned-by-another', true) }
  const after = ownedBy(device, { claim, user, home, secret: digest, proof: 'code' }, now)
  const outcome = { ...claimedBy(after, claim, home, true), offer: code.id }
  return { outcome, device: after, before: code.expiresAt }
}
