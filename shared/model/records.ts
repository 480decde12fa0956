import type { CommandId } from './events.ts'
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
  readonly number: number
  /** Absent where accounts are phone numbers, or the project's own. In small letters. */
  readonly email?: string
  /** E.164, where accounts are phone numbers. */
  readonly phone?: string
  readonly name?: string
  readonly role: Role
  /** The home that it lives in: a personal one, or one that the maker named. It is a member for as long as it is there. */
  readonly home: HomeId
  /** Absent until the account is activated. */
  readonly password?: string
  /** Nobody has shown yet that the address or the number is theirs: it cannot sign in. Absent: it is. */
  readonly unverified?: true
  readonly withheld: readonly Grant[]
  readonly generation: number
  readonly firstName?: string
  readonly lastName?: string
  readonly createdAt: number
}

/**
 * What owns devices. `personal` ones come with a user and end with him; `founder`: made by a member, ends with its last one;
 * the others are named by the maker.
 */
export type Home = {
  readonly id: HomeId
  readonly project: ProjectId
  readonly number: number
  readonly title: string
  readonly personal?: UserId
  readonly founder?: UserId
  readonly createdAt: number
}

/** `owner` adds and removes members, names the home and ends it. */
export type MemberRole = 'owner' | 'member'

/** A user's place in a home. With its record it is over, at once. */
export type Membership = {
  readonly user: UserId
  readonly home: HomeId
  readonly role: MemberRole
  readonly joinedAt: number
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

/** The device lets itself be claimed by the code that is printed on it, whoever has it now. */
export type ClaimMode = {
  readonly id: OfferId
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
  /** What was shown, where it was no secret of the device's own: its credential, a shared id, a code or a token that it brought; or it was enough to know its id, or its owner has agreed. */
  readonly proof?: 'credential' | 'link' | 'code' | 'token' | 'printed' | 'id' | 'transfer'
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
  /** The code that is printed on it, the same through all changes of hands: good only in claim mode. */
  readonly printed?: Digest
  readonly claimMode?: ClaimMode
  /** What its present owner calls it, where that is not what its maker does. */
  readonly called?: { readonly name?: string; readonly tag?: string }
  /** The gateway that made it or last spoke for it. */
  readonly parent?: DeviceId
  /** It came into being for a home, by a provisioning token: given up, it ends, and its credential with it. */
  readonly provisioned?: 'on-demand'
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

/** A half that an account made for one device: who made it, and for which home. */
export type ClaimCode = {
  readonly id: OfferId
  readonly user: UserId
  readonly home: HomeId
  /** The claim that waits for the device. */
  readonly claim: ClaimId
  readonly createdAt: number
  readonly expiresAt: number
  /** The device that took it, and the epoch that the device had from then on. */
  readonly used?: { readonly device: DeviceId; readonly epoch: number; readonly at: number }
  /** The last device that brought it in vain. `device` is absent where it is of another project. */
  readonly refusal?: { readonly device?: DeviceId; readonly reason: Reason; readonly at: number }
}

/** A half that an account made for one device that is not there yet. */
export type ProvisioningToken = {
  readonly user: UserId
  readonly home: HomeId
  readonly deviceClass: string
  readonly tag?: string
  readonly createdAt: number
  readonly expiresAt: number
  /** The device that it became. */
  readonly used?: { readonly device: DeviceId; readonly at: number }
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
  /** `waiting`: for the other half, until `expiresAt`. */
  readonly state: 'claimed' | 'refused' | 'waiting'
  readonly expiresAt?: number
  /** What the other half brings, where it is no link id. */
  readonly half?: 'code'
  readonly reason?: Reason
  readonly entitled: boolean
  readonly epoch?: number
  readonly via: string
}

/** A half, or a message, that a device brought in vain. Kept 7 days. */
export type OfferRefusal = {
  readonly at: number
  readonly what:
    | 'window'
    | 'claim-mode'
    | 'code'
    | 'link'
    | 'release'
    | 'gateway'
    | 'provisioning'
    | 'message'
  readonly reason: Reason
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

/** What became of one key-value of a device in an epoch, at a revision. */
export type KeyValueChange = {
  readonly action: 'set' | 'delete'
  readonly key: string
  readonly rev: number
  readonly epoch: number
}

/** What devices have to be told (an ownership change, that nothing came of a half, a command, a key-value): lies in the project's outbox until it is old. */
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
  /** There is a command for it; then nothing else is said. */
  readonly command?: CommandId
  /** A key-value has changed; then nothing else is said. */
  readonly keyValue?: Omit<KeyValueChange, 'epoch'>
  /** The gateway that speaks for the device. */
  readonly parent?: DeviceId
  readonly at: number
}

/** Who holds a device's live connection. The higher generation wins. */
export type Presence = {
  readonly node: string
  readonly generation: number
  readonly at: number
  /** When it left. Absent while it is connected, as long as its node lives. */
  readonly goneAt?: number
}

/** A signed-in session. Its record is what makes its tokens good. */
export type Session = {
  readonly id: string
  readonly user: UserId
  readonly createdAt: number
  readonly expiresAt: number
  /** What it was opened by, in that program's own word (MODE's `appId`, an OAuth client). */
  readonly app?: string
  /** Of its user when it was opened; only where its token can be spelled again. */
  readonly generation?: number
  /** The session whose only use is to renew this one. */
  readonly renewal?: string
  /** The first of those that came of one another by renewing. */
  readonly family?: string
  /** A renewal that was used. */
  readonly isUsed?: true
}

/** From where a user signed in lately, the newest first; `name` is a keyed digest of the network. */
export type SignInNetworks = {
  readonly networks: readonly { readonly name: string; readonly at: number }[]
}

/** A key of a project for programs of its maker. */
export type ProjectKey = {
  readonly id: string
  readonly project: ProjectId
  readonly name: string
  readonly grants: readonly string[]
  readonly createdAt: number
}

/** A program of a product's maker, or of its customers (RFC 6749, 2). */
export type OAuthClient = {
  readonly id: string
  readonly project: ProjectId
  readonly name: string
  readonly type: 'installed' | 'web'
  readonly grants: readonly string[]
  /** Digest of its secret. */
  readonly secret: string
  /** As whom it runs the product, where it may. */
  readonly account?: UserId
  readonly createdAt: number
}

/** Somebody asks for a device that another home owns. Open until it is answered, or until `expiresAt`. */
export type Transfer = {
  readonly id: string
  readonly device: DeviceId
  /** Of the device, when it was asked for: after any change of hands it is over. */
  readonly epoch: number
  readonly from: HomeId
  readonly user: UserId
  readonly home: HomeId
  readonly claim: ClaimId
  readonly createdAt: number
  readonly expiresAt: number
  readonly answer?: { readonly isApproved: boolean; readonly by?: UserId; readonly at: number }
}
