import { type Claimed, type Refused, refused } from '../model/outcomes.ts'
import type { PolicyInForce } from '../model/policy.ts'
import type { Device } from '../model/records.ts'
import { ownedBy } from './owning.ts'
import { claimedBy, type Decision, type Redeem } from './rules.ts'

/**
 * An account knows no more than a device's id: enough for one that nobody owns and that is connected at this moment, where
 * the policy has it so (research/particle.md 2.1). Anything else is a wrong try, because ids can be guessed.
 */
export const redeemById = (
  device: Device,
  policy: PolicyInForce,
  isConnected: boolean,
  proof: Redeem,
  now: number,
): Decision<Claimed | Refused> => {
  const { claim, user, home } = proof
  if (device.owner === home)
    return { outcome: claimedBy(device, device.held?.claim ?? claim, home, false) }
  if (device.owner !== undefined) return { outcome: refused('owned-by-another') }
  if (device.claimingAllowed === false || !policy.claimById)
    return { outcome: refused('claiming-not-allowed') }
  if (!isConnected) return { outcome: refused('no-window') }
  const owned = ownedBy(device, { claim, user, home, proof: 'id' }, now)
  return { outcome: claimedBy(owned, claim, home, true), device: owned }
}
