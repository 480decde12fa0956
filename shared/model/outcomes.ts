import type { ClaimId, DeviceId, HomeId, OfferId } from './ids.ts'
import type { Reason } from './reasons.ts'

/** Not done, for one reason of the closed list. A value, never an exception. */
export type Refused = {
  readonly state: 'refused'
  readonly reason: Reason
  /** The asker has shown that he may know the reason. */
  readonly entitled: boolean
  readonly retryAfterMs?: number
}

/** A half was left and waits for the other. */
export type Opened = { readonly state: 'open'; readonly offer: OfferId; readonly expiresAt: number }

/** A half of a link was left, and waits for the other. */
export type Waiting = {
  readonly state: 'waiting'
  readonly offer: OfferId
  readonly expiresAt: number
}

/** The two halves met. `fresh` is false for the repeat of a claim that had succeeded. */
export type Claimed = {
  readonly state: 'claimed'
  readonly device: DeviceId
  readonly claim: ClaimId
  readonly home: HomeId
  readonly epoch: number
  readonly fresh: boolean
  /** The link that both halves had, where it was one. */
  readonly offer?: OfferId
}

/** The device has no owner now. `former` is absent when it had none before. */
export type Released = {
  readonly state: 'released'
  readonly device: DeviceId
  readonly epoch: number
  readonly former?: HomeId
}

/** The one way to say no. */
export const refused = (reason: Reason, entitled = false): Refused => ({
  state: 'refused',
  reason,
  entitled,
})
