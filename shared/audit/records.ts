import type { ClaimId, DeviceId, HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Reason } from '../model/reasons.ts'

/** Everything that is written down for whoever has to find out later what happened: research/security.md S134. */
export const AUDIT_TYPES = [
  'sign-in.ok',
  'sign-in.failed',
  'sign-in.throttled',
  'sign-out',
  'password.set',
  'password.changed',
  'password.reset',
  'user.made',
  'user.changed',
  'user.verified',
  'user.removed',
  'grant.changed',
  'member.added',
  'member.removed',
  'home.made',
  'home.changed',
  'home.removed',
  'token.made',
  'token.removed',
  'token.reused',
  'key.made',
  'key.removed',
  'client.made',
  'client.removed',
  'webhook.made',
  'webhook.removed',
  'activation.made',
  'activation-codes.made',
  'device.made',
  'device.changed',
  'device.removed',
  'devices.imported',
  'credential.renewed',
  'credential.shown',
  'certificate.set',
  'certificate.removed',
  'box-key.set',
  'window.opened',
  'offer.refused',
  'claim.ok',
  'claim.refused',
  'release',
  'transfer.asked',
  'transfer.approved',
  'transfer.denied',
  'project.made',
  'project.removed',
  'policy.changed',
  'audit.exported',
  'audit.cut',
  'audit.unreadable',
  'export',
  'import',
] as const
export type AuditType = (typeof AUDIT_TYPES)[number]

/** Who did it. `key`: a program with a key of the project; `operator`: who has the store and the key file. */
export type Actor = {
  readonly kind: 'user' | 'device' | 'key' | 'operator'
  readonly id: string
}

/** One thing that happened. Ids only: no name, address of a person or secret is ever in it. `at` in epoch ms. */
export type AuditEvent = {
  readonly at: number
  readonly project: ProjectId
  readonly type: AuditType
  readonly by?: Actor
  /** The network that the request came from, as far as the operator has it written down. */
  readonly from?: string
  readonly via?: string
  readonly user?: UserId
  readonly device?: DeviceId
  readonly home?: HomeId
  readonly claim?: ClaimId
  readonly reason?: Reason
  readonly epoch?: number
  /**
   * What it was done to, where that is neither of these: the id of a key, of a session, of a transfer; a keyed digest; the
   * names of the members that were changed.
   */
  readonly what?: string
  readonly count?: number
  /** Of `audit.cut`: lines up to this one may be gone, and what the hash of that one is. */
  readonly cut?: Mark
}

/** A line of the chain, by which all before it are fixed. */
export type Mark = { readonly seq: number; readonly hash: string }

/**
 * An event in the chain. `hash` is SHA-256, base64url, over `prev` (the former line's hash), a line feed and the canonical
 * JSON of the line without `prev` and `hash`.
 */
export type AuditLine = AuditEvent & {
  readonly seq: number
  readonly prev: string
  readonly hash: string
}

/** Where the chain of a project ends. `mac`: only who has the instance key can write one. */
export type AuditHead = Mark & {
  /** Of the newest event in the chain, in the log that it came from. */
  readonly place?: string
  readonly mac: string
  /** Lines that the chain can be cut at, oldest first. */
  readonly marks: readonly Mark[]
}

/** What belongs to no project: sign-ins of unknown addresses, projects that ended. Makers of `default` may read it. */
export const INSTANCE = '~instance' as ProjectId
