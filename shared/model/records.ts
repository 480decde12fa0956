import type { ClaimId, DeviceId, Digest, HomeId, OfferId, ProjectId, UserId } from './ids.ts'
import type { PolicyPatch } from './policy.ts'
import type { Reason } from './reasons.ts'

/** A maker's space. Everything else belongs to exactly one. */
export type Project = {
  readonly id: ProjectId
  readonly number: number
  readonly name: string
  readonly accounts: 'email' | 'phone' | 'byou'
  readonly provisioning: 'pre' | 'on-demand'
  readonly policy: PolicyPatch
  readonly createdAt: number
}

/** `maker` runs the project; `customer` owns devices through a home. */
export type Role = 'maker' | 'customer'

/** What a maker can withhold from a user (ThingsBoard PE: operation "Claim devices"). */
export type Grant = 'claim-devices'

/** An account that can sign in. `generation` rises when all its sessions end at once. */
export type User = {
  readonly id: UserId
  readonly project: ProjectId
  readonly email: string
  readonly role: Role
  readonly home: HomeId
  /** Absent until the account is activated. */
  readonly password?: string
  readonly withheld: readonly Grant[]
  readonly generation: number
  readonly firstName?: string
  readonly lastName?: string
  readonly createdAt: number
}

/** What owns devices. `personal` ones come with a user; others are named by the maker. */
export type Home = {
  readonly id: HomeId
  readonly project: ProjectId
  readonly number: number
  readonly title: string
  readonly personal?: UserId
  readonly createdAt: number
}

/** A device-side key: the open half that the device itself left. */
export type Window = {
  readonly id: OfferId
  /** Absent: whoever names the device may claim it. */
  readonly secret?: Digest
  readonly openedAt: number
  readonly expiresAt: number
  /** The dialect that opened it. */
  readonly via: string
}

/** A server-side key: the open half that the maker put on the device record. */
export type BoxKey = { readonly secret?: Digest; readonly expiresAt: number }

/** The claim that made the present owner: what a repeat is recognised by. */
export type Held = {
  readonly claim: ClaimId
  readonly user: UserId
  readonly secret?: Digest
  /** What was shown, where it was no secret: the device's own credential, or a shared id. */
  readonly proof?: 'credential' | 'link'
  readonly at: number
}

/** A device: one credential (as a digest), at most one owner. */
export type Device = {
  readonly id: DeviceId
  readonly project: ProjectId
  readonly number: number
  readonly name: string
  readonly thingId: string
  readonly deviceClass?: string
  readonly tag?: string
  readonly label?: string
  readonly gateway: boolean
  readonly particle?: string
  readonly claimingAllowed?: boolean
  /** How often the credential was renewed; it is derived from this and the id. */
  readonly credential: number
  readonly credentialDigest: string
  /** SHA-256 of its X.509 certificate: 64 hex digits in small letters. */
  readonly certificate?: string
  readonly owner?: HomeId
  /** Counts the ownership changes. Only rises. */
  readonly epoch: number
  readonly held?: Held
  readonly window?: Window
  readonly boxKey?: BoxKey
  /** The gateway that made it or last spoke for it. */
  readonly parent?: DeviceId
  readonly createdAt: number
}

/** Two halves that meet on a shared id: who waits, or who was linked with what. */
export type Link = {
  readonly id: OfferId
  readonly state: 'waiting' | 'linked' | 'contested'
  readonly createdAt: number
  readonly expiresAt: number
  readonly account?: { readonly user: UserId; readonly home: HomeId; readonly claim: ClaimId }
  readonly device?: DeviceId
  /** The epoch that the link made: it is over when the device has another. */
  readonly epoch?: number
}

/** One redeem and what came of it. Kept 7 days. `entitled`: the claimer may be told `reason`. */
export type Attempt = {
  readonly id: ClaimId
  readonly project: ProjectId
  readonly user: UserId
  readonly home?: HomeId
  readonly device?: DeviceId
  /** The name or id that was asked for, cut to 64 characters. Never a secret. */
  readonly asked: string
  readonly at: number
  /** `waiting`: for the other half of a link, until `expiresAt`. */
  readonly state: 'claimed' | 'refused' | 'waiting'
  readonly expiresAt?: number
  readonly reason?: Reason
  readonly entitled: boolean
  readonly epoch?: number
  readonly via: string
}

/** One line of a device's story: an ownership change. */
export type Change = {
  readonly at: number
  readonly type: 'claimed' | 'released'
  readonly epoch: number
  readonly home: HomeId
  readonly claim?: ClaimId
  readonly by: UserId | DeviceId
  readonly via: string
}

/** What devices have to be told (an ownership change, or that nothing came of a half): lies in the project's outbox until it is old. */
export type Notice = {
  readonly id: string
  readonly device: DeviceId
  readonly epoch: number
  readonly owner?: HomeId
  /** Who had it before. */
  readonly former?: HomeId
  /** The window or link that was redeemed. */
  readonly offer?: OfferId
  /** Nothing came of the offer, and why. */
  readonly refused?: Reason
  readonly at: number
}

/** Who holds a device's live connection. The higher generation wins. */
export type Presence = { readonly node: string; readonly generation: number; readonly at: number }

/** A signed-in session. Its record is what makes its tokens good. */
export type Session = {
  readonly id: string
  readonly user: UserId
  readonly expiresAt: number
}

/** A key of a project for programs of its maker. */
export type ProjectKey = {
  readonly id: string
  readonly project: ProjectId
  readonly name: string
  readonly grants: readonly string[]
  readonly createdAt: number
}
