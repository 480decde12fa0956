import type { ClaimId, Digest, HomeId, UserId } from '../model/ids.ts'
import type { Device, Held } from '../model/records.ts'

/** How the new owner has shown that the device is his. */
export type Proof = {
  readonly claim: ClaimId
  readonly user: UserId
  readonly home: HomeId
  readonly secret?: Digest
  readonly proof?: Held['proof']
}

/** The device as it is from a claim on: owned, every half used up, the epoch risen. */
export const ownedBy = (device: Device, proof: Proof, now: number): Device => {
  const { window: _window, boxKey: _boxKey, claimMode: _mode, ...halfless } = device
  const { claimingAllowed: _allowed, called: _called, ...rest } = halfless
  return {
    ...rest,
    owner: proof.home,
    epoch: device.epoch + 1,
    held: {
      claim: proof.claim,
      user: proof.user,
      ...(proof.secret === undefined ? {} : { secret: proof.secret }),
      ...(proof.proof === undefined ? {} : { proof: proof.proof }),
      at: now,
    },
  }
}
