// Written by scripts/client-api.mjs from /openapi.json, which is made of the schemas that the server checks with.
// test/client/api.test.ts holds it in step.

/** Where each call goes, under `/latchkey/v1`: its method, its path, and what stands behind the question mark. */
export const CALLS = {
  claim: 'POST /claims',
  readClaim: 'GET /claims/{id}?waitMs',
  explainClaim: 'GET /claims/{id}/explain',
  makeClaimCode: 'POST /claim-codes',
  readClaimCode: 'GET /claim-codes/{code}',
  makeProvisioningToken: 'POST /provisioning-tokens',
  readTransfer: 'GET /transfers/{id}',
  approveTransfer: 'POST /transfers/{id}/approve',
  denyTransfer: 'POST /transfers/{id}/deny',
  answerTransfer: 'POST /transfer-answers',
  makeDevice: 'POST /devices',
  listDevices: 'GET /devices?project&after&limit',
  readDevice: 'GET /devices/{id}',
  renameDevice: 'PATCH /devices/{id}',
  readHistory: 'GET /devices/{id}/history',
  setBoxKey: 'PUT /devices/{id}/box-key',
  releaseDevice: 'DELETE /devices/{id}/owner',
  setCertificate: 'PUT /devices/{id}/certificate',
  removeCertificate: 'DELETE /devices/{id}/certificate',
  readOperation: 'GET /operations/{id}?after&limit',
  giveCommand: 'POST /devices/{id}/commands',
  readCommand: 'GET /devices/{id}/commands/{command}',
  listDeviceEvents: 'GET /devices/{id}/events?after&waitMs&limit',
  hearEvents: 'GET /events?after&waitMs&project',
  makeTicket: 'POST /tickets',
  makeWebhook: 'POST /webhooks',
  listWebhooks: 'GET /webhooks?project',
  removeWebhook: 'DELETE /webhooks/{id}?project',
  listHomes: 'GET /homes',
  makeHome: 'POST /homes',
  endHome: 'DELETE /homes/{id}',
  listMembers: 'GET /homes/{id}/members',
  addMember: 'POST /homes/{id}/members',
  removeMember: 'DELETE /homes/{id}/members/{user}',
  signIn: 'POST /sessions',
  signOut: 'DELETE /sessions',
  makeAccount: 'POST /users',
  listAccounts: 'GET /users?project&after&limit&email',
  setGrants: 'PUT /users/{id}/grants',
  makeProject: 'POST /projects',
  listProjects: 'GET /projects',
  endProject: 'DELETE /projects/{id}',
  makeProjectKey: 'POST /project-keys',
  listProjectKeys: 'GET /project-keys?project',
  makeOAuthClient: 'POST /oauth-clients',
  listOAuthClients: 'GET /oauth-clients?project',
  makeActivationCodes: 'POST /activation-codes',
  searchFleet: 'GET /fleet?project&search&state&after&limit',
  readFleetDevice: 'GET /fleet/{id}',
  listAttempts: 'GET /devices/{id}/attempts',
  renewCredential: 'POST /devices/{id}/credential',
  setPolicy: 'PUT /projects/{id}/policy',
  removeProjectKey: 'DELETE /project-keys/{id}?project',
  removeOAuthClient: 'DELETE /oauth-clients/{id}?project',
  readAccount: 'GET /users/{id}?project',
  endSessions: 'DELETE /users/{id}/sessions?project',
  listProjectHomes: 'GET /project-homes?project&after&limit',
  readProjectHome: 'GET /project-homes/{id}?project',
  readStatistics: 'GET /statistics?project&per',
  askForPassword: 'POST /password-resets',
  readLetter: 'POST /letter-tokens',
  verifyEmail: 'POST /email-verifications',
  setPassword: 'POST /passwords',
  acceptInvitation: 'POST /invitation-answers',
} as const

/** What each call takes, and what it answers. */
export type Calls = {
  /** Claim a device. Brings the other half of what the device or its maker left: a secret, a shared id, the device’s own credential, or a code. To a stranger every refusal reads the same; the `Location` leads to what may be known of it. */
  readonly claim: {
    readonly given:
      | {
          readonly device: string
          readonly secret?: string
          readonly home?: string
        }
      | {
          readonly linkId: string
          readonly home?: string
        }
      | {
          readonly thingToken: string
          readonly home?: string
        }
      | {
          readonly code: string
        }
    readonly answer: Claimed | Waiting
  }
  /** What became of a claim. With `waitMs` (up to 60000) it is answered when that has changed. */
  readonly readClaim: {
    readonly given: {
      readonly id: string
      readonly waitMs?: number
    }
    readonly answer: Claim
  }
  /** Why, and what to do next. */
  readonly explainClaim: {
    readonly given: {
      readonly id: string
    }
    readonly answer:
      | {
          readonly id: string
          readonly state: 'claimed' | 'waiting' | 'refused'
          readonly device?: string
          /** Counts the ownership changes of the device; only rises */
          readonly epoch?: number
          readonly reason?: Reason
          /** RFC 3339, UTC */
          readonly expiresAt?: string
          /** RFC 3339, UTC */
          readonly at: string
          readonly detail?: string
          /** What to do about it, for a person */
          readonly nextStep?: string
        }
      | {
          readonly id: string
          readonly state: 'claimed' | 'waiting' | 'refused'
          /** The name or id that was asked for. Never a secret */
          readonly asked: string
          readonly device?: string
          /** Counts the ownership changes of the device; only rises */
          readonly epoch?: number
          readonly reason?: Reason
          readonly detail?: string
          /** What to do about it, for a person */
          readonly nextStep?: string
          readonly user: string
          readonly home?: string
          readonly via: string
          /** RFC 3339, UTC */
          readonly at: string
          readonly attempts: readonly Attempt[]
        }
  }
  /** Make a code that a device brings. */
  readonly makeClaimCode: {
    readonly given: {
      readonly product?: string
    }
    readonly answer: {
      /** Shown only now */
      readonly code: string
      /** RFC 3339, UTC */
      readonly expiresAt: string
      readonly deviceIds: readonly string[]
    }
  }
  /** Whether a code was used, by which device, or why not. */
  readonly readClaimCode: {
    readonly given: {
      readonly code: string
    }
    readonly answer: {
      readonly state: 'open' | 'used' | 'expired'
      /** RFC 3339, UTC */
      readonly expiresAt: string
      readonly device?: string
      /** RFC 3339, UTC */
      readonly usedAt?: string
      readonly reason?: Reason
      /** RFC 3339, UTC */
      readonly refusedAt?: string
    }
  }
  /** Make a token by which a new device comes into being for a home. */
  readonly makeProvisioningToken: {
    readonly given: {
      readonly home?: string
      readonly deviceClass: string
      readonly tag?: string
    }
    readonly answer: {
      /** Shown only now */
      readonly token: string
      /** RFC 3339, UTC */
      readonly expiresAt: string
    }
  }
  /** What has become of a device that was asked for. For who has asked, and for its owner. `over`: it has changed hands before it was answered. */
  readonly readTransfer: {
    readonly given: {
      readonly id: string
    }
    readonly answer: {
      readonly id: string
      readonly state: 'open' | 'approved' | 'denied' | 'expired' | 'over'
      readonly device: string
      /** RFC 3339, UTC */
      readonly expiresAt: string
      /** RFC 3339, UTC */
      readonly answeredAt?: string
    }
  }
  /** Give a device to who has asked for it. */
  readonly approveTransfer: {
    readonly given: {
      readonly id: string
    }
    readonly answer:
      | {
          readonly id: string
          readonly state: 'denied'
        }
      | {
          readonly id: string
          readonly state: 'approved'
          readonly device: string
          /** Counts the ownership changes of the device; only rises */
          readonly epoch: number
        }
  }
  /** Keep a device that somebody has asked for. */
  readonly denyTransfer: {
    readonly given: {
      readonly id: string
    }
    readonly answer:
      | {
          readonly id: string
          readonly state: 'denied'
        }
      | {
          readonly id: string
          readonly state: 'approved'
          readonly device: string
          /** Counts the ownership changes of the device; only rises */
          readonly epoch: number
        }
  }
  /** Answer by the token of the mail. */
  readonly answerTransfer: {
    readonly given: {
      readonly token: string
      readonly approve: boolean
    }
    readonly answer:
      | {
          readonly id: string
          readonly state: 'denied'
        }
      | {
          readonly id: string
          readonly state: 'approved'
          readonly device: string
          /** Counts the ownership changes of the device; only rises */
          readonly epoch: number
        }
  }
  /** Make a device. For a maker. */
  readonly makeDevice: {
    readonly given: {
      readonly name: string
      readonly deviceClass?: string
      readonly tag?: string
      readonly claimCode?: string
      readonly claimingAllowed?: boolean
      readonly gateway?: boolean
      readonly ids?: {
        readonly particle?: string
      }
      readonly project?: string
    }
    readonly answer: NewDevice
  }
  /** My devices. A maker sees those of the project, everybody else those that his homes own. */
  readonly listDevices: {
    readonly given: {
      readonly project?: string
      readonly after?: string
      readonly limit?: number
    }
    readonly answer: {
      readonly items: readonly Device[]
      /** Give it as `after` for what comes next */
      readonly next?: string
    }
  }
  /** One device. */
  readonly readDevice: {
    readonly given: {
      readonly id: string
    }
    readonly answer: Device
  }
  /** Rename a device. For a maker. */
  readonly renameDevice: {
    readonly given: {
      readonly id: string
    } & {
      readonly name: string
    }
    readonly answer: Device
  }
  /** How a device changed hands. Newest first. An owner sees what was since he has it, the maker everything. */
  readonly readHistory: {
    readonly given: {
      readonly id: string
    }
    readonly answer: {
      readonly items: readonly StoryLine[]
    }
  }
  /** Set the key that is printed in the box. Without a `secret` one is made. For a maker. */
  readonly setBoxKey: {
    readonly given: {
      readonly id: string
    } & {
      readonly secret?: string
      readonly expiresAt: string
    }
    readonly answer: {
      /** Shown only now */
      readonly secret: string
      /** RFC 3339, UTC */
      readonly expiresAt: string
    }
  }
  /** Give a device up. Its epoch rises. Streams, waiting commands and grants of the old home end within a second. */
  readonly releaseDevice: {
    readonly given: {
      readonly id: string
    }
    readonly answer: undefined
  }
  /** Register the X.509 certificate of a device. For a maker. */
  readonly setCertificate: {
    readonly given: {
      readonly id: string
    } & (
      | {
          readonly pem: string
        }
      | {
          readonly sha256: string
        }
    )
    readonly answer: {
      readonly sha256: string
    }
  }
  /** Take the certificate of a device back. For a maker. */
  readonly removeCertificate: {
    readonly given: {
      readonly id: string
    }
    readonly answer: undefined
  }
  /** How far an import is, and what was wrong in the file. For a maker. */
  readonly readOperation: {
    readonly given: {
      readonly id: string
      readonly after?: string
      readonly limit?: number
    }
    readonly answer: {
      readonly id: string
      readonly kind: 'devices-import'
      readonly state: 'waiting' | 'running' | 'done'
      readonly project: string
      readonly rows: number
      readonly created: number
      readonly updated: number
      readonly unchanged: number
      readonly failed: number
      readonly bytes: number
      readonly bytesDone: number
      /** RFC 3339, UTC */
      readonly createdAt: string
      /** RFC 3339, UTC */
      readonly finishedAt?: string
      /** Where they can be read */
      readonly results: string
      readonly errors: readonly {
        readonly line: number
        readonly errors: readonly {
          readonly path: string
          readonly message: string
        }[]
      }[]
      readonly next?: string
    }
  }
  /** Have a device do something. It waits for the device until `ttlMs` is over, or the device changes hands. */
  readonly giveCommand: {
    readonly given: {
      readonly id: string
    } & {
      readonly action: string
      readonly parameters?: unknown
      readonly ttlMs?: number
    }
    readonly answer: {
      readonly id: string
      readonly state: 'queued' | 'sent'
      /** RFC 3339, UTC */
      readonly expiresAt: string
    }
  }
  /** What became of a command. */
  readonly readCommand: {
    readonly given: {
      readonly id: string
      readonly command: string
    }
    readonly answer: Command
  }
  /** What happened to a device. Oldest first, behind `after`. With `waitMs` an empty page waits for the next event. */
  readonly listDeviceEvents: {
    readonly given: {
      readonly id: string
      readonly after?: string
      readonly waitMs?: number
      readonly limit?: number
    }
    readonly answer: {
      readonly items: readonly CloudEvent[]
      /** Give it as `after` for what comes next */
      readonly next?: string
    }
  }
  /** Everything that I may hear of, live. Server-sent events, going on behind `Last-Event-ID` or `after`; a long poll with `waitMs` or `Accept: application/json`; a WebSocket with an Upgrade. Browsers come with a ticket. See /asyncapi.json. */
  readonly hearEvents: {
    readonly given: {
      readonly after?: string
      readonly waitMs?: number
      readonly project?: string
    }
    readonly answer: {
      readonly items: readonly CloudEvent[]
      /** Give it as `after` for what comes next */
      readonly next?: string
    }
  }
  /** Make a ticket for a stream that a browser opens. Good once, for a minute. */
  readonly makeTicket: {
    readonly given: undefined
    readonly answer: {
      /** Shown only now */
      readonly ticket: string
      /** RFC 3339, UTC */
      readonly expiresAt: string
    }
  }
  /** Have events posted to an address. For a maker. */
  readonly makeWebhook: {
    readonly given: {
      readonly url: string
      readonly description?: string
      readonly events?: readonly string[]
      readonly project?: string
    }
    readonly answer: {
      readonly id: string
      readonly url: string
      readonly description: string
      readonly events?: readonly string[]
      /** RFC 3339, UTC */
      readonly createdAt: string
      /** Present while it cannot be told */
      readonly failing?: {
        readonly tries: number
        readonly cause: string
      }
      /** Shown only now */
      readonly key: string
    }
  }
  /** The webhooks of a project. For a maker. */
  readonly listWebhooks: {
    readonly given: {
      readonly project?: string
    }
    readonly answer: {
      readonly items: readonly Webhook[]
    }
  }
  /** End a webhook. For a maker. */
  readonly removeWebhook: {
    readonly given: {
      readonly id: string
      readonly project?: string
    }
    readonly answer: undefined
  }
  /** The homes that I am a member of. */
  readonly listHomes: {
    readonly given: undefined
    readonly answer: {
      readonly items: readonly Home[]
    }
  }
  /** Make a home. */
  readonly makeHome: {
    readonly given: {
      readonly name: string
    }
    readonly answer: Home
  }
  /** End a home. Its devices have no owner then. A personal home ends with its account. */
  readonly endHome: {
    readonly given: {
      readonly id: string
    }
    readonly answer: undefined
  }
  /** Who is a member of a home. */
  readonly listMembers: {
    readonly given: {
      readonly id: string
    }
    readonly answer: {
      readonly items: readonly Member[]
    }
  }
  /** Take an account into a home. */
  readonly addMember: {
    readonly given: {
      readonly id: string
    } & {
      readonly email: string
      readonly role?: 'owner' | 'member'
    }
    readonly answer: Member
  }
  /** Leave a home, or have somebody leave it. */
  readonly removeMember: {
    readonly given: {
      readonly id: string
      readonly user: string
    }
    readonly answer: undefined
  }
  /** Sign in. After 100 wrong tries in ten minutes an account has to wait. */
  readonly signIn: {
    readonly given: {
      readonly email: string
      readonly password: string
      readonly project?: string
    }
    readonly answer: Session
  }
  /** Sign out everywhere. Every token of the account is dead with the reply, in every dialect and on every node. */
  readonly signOut: {
    readonly given: undefined
    readonly answer: undefined
  }
  /** Make an account. A maker makes accounts of any role; anybody a customer, where the project allows it (policy `signUp`). */
  readonly makeAccount: {
    readonly given: {
      readonly email: string
      readonly password: string
      readonly role?: 'maker' | 'customer'
      readonly project?: string
    }
    readonly answer: Account
  }
  /** The accounts of a project. With `email` the one of that address. For a maker. */
  readonly listAccounts: {
    readonly given: {
      readonly project?: string
      readonly after?: string
      readonly limit?: number
      readonly email?: string
    }
    readonly answer: {
      readonly items: readonly Person[]
      /** Give it as `after` for what comes next */
      readonly next?: string
    }
  }
  /** Give or withhold the right to claim. For a maker. */
  readonly setGrants: {
    readonly given: {
      readonly id: string
    } & {
      readonly claimDevices: boolean
    }
    readonly answer: {
      readonly id: string
      readonly claimDevices: boolean
    }
  }
  /** Make a project. For makers of the default project. Two projects never see each other. For a maker. */
  readonly makeProject: {
    readonly given: {
      readonly name: string
      readonly accounts: 'email' | 'phone' | 'byou'
      readonly provisioning: 'pre' | 'on-demand'
      readonly policy?: {
        readonly claimingAllowedByDefault?: boolean
        readonly windowDefaultMs?: number
        readonly windowMaxMs?: number
        readonly secretOptional?: boolean
        readonly linkTtlMs?: number
        readonly openLinksPerAccount?: number
        readonly claimCodeTtlMs?: number
        readonly provisioningTokenTtlMs?: number
        readonly claimById?: boolean
        readonly signUp?: boolean
        readonly commandTtlMs?: number
        readonly possession?: boolean
      }
    }
    readonly answer: Project
  }
  /** My project; all of them for a maker of the default one. For a maker. */
  readonly listProjects: {
    readonly given: undefined
    readonly answer: {
      readonly items: readonly Project[]
    }
  }
  /** End a project. Its devices, accounts and homes end with it. Nobody ends the project that he is in. For a maker. */
  readonly endProject: {
    readonly given: {
      readonly id: string
    }
    readonly answer: undefined
  }
  /** Make a key for a program of the maker. For a maker. */
  readonly makeProjectKey: {
    readonly given: {
      readonly name: string
      readonly grants?: readonly ('send-commands' | 'send-events' | 'write-kv' | 'byou')[]
      readonly project?: string
    }
    readonly answer: {
      readonly id: string
      /** Shown only now */
      readonly key: string
    }
  }
  /** The keys of a project, without what opens anything. For a maker. */
  readonly listProjectKeys: {
    readonly given: {
      readonly project?: string
    }
    readonly answer: {
      readonly items: readonly {
        readonly id: string
        readonly name: string
        readonly grants: readonly string[]
        /** RFC 3339, UTC */
        readonly createdAt: string
      }[]
    }
  }
  /** Make an OAuth client of a product, for Particle's API. For a maker. */
  readonly makeOAuthClient: {
    readonly given: {
      readonly project?: string
      readonly name?: string
      readonly grants: readonly ('customers:create' | 'customers:act' | 'product')[]
    }
    readonly answer: {
      readonly id: string
      /** Shown only now */
      readonly secret: string
    }
  }
  /** The OAuth clients of a product, without their secrets. For a maker. */
  readonly listOAuthClients: {
    readonly given: {
      readonly project?: string
    }
    readonly answer: {
      readonly items: readonly {
        readonly id: string
        readonly name: string
        readonly type: 'installed' | 'web'
        readonly grants: readonly string[]
        /** RFC 3339, UTC */
        readonly createdAt: string
      }[]
    }
  }
  /** Make activation codes, for thethings.io's API. A device comes into being with each of them, once. For a maker. */
  readonly makeActivationCodes: {
    readonly given: {
      readonly count: number
      readonly project?: string
    }
    readonly answer: {
      readonly codes: readonly string[]
    }
  }
  /** Look for devices of a project. `search` is the beginning of a name, or an id, a number, a thing id or a Particle id as a whole. In the order of names. With `state` one request looks at 500 devices at most: a page may be empty and have a `next`. For a maker. */
  readonly searchFleet: {
    readonly given: {
      readonly project?: string
      readonly search?: string
      readonly state?: 'claimed' | 'unclaimed' | 'window' | 'connected'
      readonly after?: string
      readonly limit?: number
    }
    readonly answer: {
      readonly items: readonly FleetDevice[]
      /** Give it as `after` for what comes next */
      readonly next?: string
    }
  }
  /** One device with its home and its connection. For a maker. */
  readonly readFleetDevice: {
    readonly given: {
      readonly id: string
    }
    readonly answer: {
      readonly id: string
      readonly number: number
      readonly thingId: string
      readonly name: string
      readonly deviceClass?: string
      readonly tag?: string
      readonly ids?: {
        readonly particle: string
      }
      /** It may speak for other devices */
      readonly gateway: boolean
      readonly claimed: boolean
      /** A home */
      readonly owner?: string
      /** Counts the ownership changes of the device; only rises */
      readonly epoch: number
      readonly window?: {
        /** RFC 3339, UTC */
        readonly expiresAt: string
        /** Whether it has one */
        readonly secret: boolean
      }
      /** RFC 3339, UTC */
      readonly createdAt: string
      readonly connected: boolean
      /** RFC 3339, UTC */
      readonly connectedAt?: string
      /** RFC 3339, UTC */
      readonly disconnectedAt?: string
      readonly home?: {
        readonly id: string
        readonly name: string
        readonly email?: string
      }
      /** RFC 3339, UTC */
      readonly ownedSince?: string
      /** Whether a key from its box would be good now */
      readonly boxKey: boolean
      /** Whether the code printed on it would be good now */
      readonly claimMode: boolean
      /** Whether it has an X.509 certificate */
      readonly certificate: boolean
      readonly claimingAllowed?: boolean
      readonly project: string
    }
  }
  /** Who tried to claim a device, and the true reason of each refusal. For a maker. */
  readonly listAttempts: {
    readonly given: {
      readonly id: string
    }
    readonly answer: {
      readonly items: readonly Attempt[]
    }
  }
  /** Give a device another credential. The former one opens nothing any more, and the connection that it made ends. For a maker. */
  readonly renewCredential: {
    readonly given: {
      readonly id: string
    }
    readonly answer: {
      /** Shown only now */
      readonly token: string
    }
  }
  /** Set the policy of a project. What is absent follows the defaults. For a maker. */
  readonly setPolicy: {
    readonly given: {
      readonly id: string
    } & {
      readonly claimingAllowedByDefault?: boolean
      readonly windowDefaultMs?: number
      readonly windowMaxMs?: number
      readonly secretOptional?: boolean
      readonly linkTtlMs?: number
      readonly openLinksPerAccount?: number
      readonly claimCodeTtlMs?: number
      readonly provisioningTokenTtlMs?: number
      readonly claimById?: boolean
      readonly signUp?: boolean
      readonly commandTtlMs?: number
      readonly possession?: boolean
    }
    readonly answer: Project
  }
  /** End a key of a project. For a maker. */
  readonly removeProjectKey: {
    readonly given: {
      readonly id: string
      readonly project?: string
    }
    readonly answer: undefined
  }
  /** End an OAuth client. For a maker. */
  readonly removeOAuthClient: {
    readonly given: {
      readonly id: string
      readonly project?: string
    }
    readonly answer: undefined
  }
  /** One account, its homes, and what it has open. Of open links, codes and tokens only how many there are and when they end. For a maker. */
  readonly readAccount: {
    readonly given: {
      readonly id: string
      readonly project?: string
    }
    readonly answer: {
      readonly id: string
      readonly email?: string
      readonly phone?: string
      readonly name?: string
      readonly role: 'maker' | 'customer'
      readonly home: string
      readonly claimDevices: boolean
      readonly verified: boolean
      /** RFC 3339, UTC */
      readonly createdAt: string
      readonly homes: readonly House[]
      readonly open: {
        /** When each of them ends */
        readonly links: readonly string[]
        /** When each of them ends */
        readonly codes: readonly string[]
        /** When each of them ends */
        readonly provisioningTokens: readonly string[]
      }
    }
  }
  /** Sign an account out everywhere. For a maker. */
  readonly endSessions: {
    readonly given: {
      readonly id: string
      readonly project?: string
    }
    readonly answer: undefined
  }
  /** The homes of a project. For a maker. */
  readonly listProjectHomes: {
    readonly given: {
      readonly project?: string
      readonly after?: string
      readonly limit?: number
    }
    readonly answer: {
      readonly items: readonly House[]
      /** Give it as `after` for what comes next */
      readonly next?: string
    }
  }
  /** One home, its members and its devices. For a maker. */
  readonly readProjectHome: {
    readonly given: {
      readonly id: string
      readonly project?: string
    }
    readonly answer: {
      readonly id: string
      readonly number: number
      readonly name: string
      readonly personal: boolean
      /** RFC 3339, UTC */
      readonly createdAt: string
      readonly members: readonly Member[]
      readonly devices: readonly {
        readonly id: string
        readonly name: string
        /** Counts the ownership changes of the device; only rises */
        readonly epoch: number
      }[]
    }
  }
  /** How claiming goes. `per=minute` (60 of them, if nothing is said) or `per=hour` (168), oldest first; the last one is not over yet. A second may pass before something is counted. For a maker. */
  readonly readStatistics: {
    readonly given: {
      readonly project?: string
      readonly per?: 'minute' | 'hour'
    }
    readonly answer: {
      readonly per: 'minute' | 'hour'
      /** Devices that are connected now */
      readonly connected: number
      readonly items: readonly Counts[]
    }
  }
  /** Ask for a letter by which a new password can be set. Answered in the same way whether there is such an account or not. An address gets so many letters in an hour and no more. */
  readonly askForPassword: {
    readonly given: {
      readonly email: string
      readonly project?: string
    }
    readonly answer: undefined
  }
  /** What the token of a letter is good for. It is not used up by this. */
  readonly readLetter: {
    readonly given: {
      readonly kind: 'verify-email' | 'reset-password' | 'member-invite' | 'transfer'
      readonly token: string
    }
    readonly answer: {
      readonly kind: 'verify-email' | 'reset-password' | 'member-invite' | 'transfer'
      /** Its name */
      readonly project: string
      /** Whether the answer takes a password */
      readonly choosesPassword: boolean
      readonly device?: string
    }
  }
  /** Show by the token of a letter that an e-mail address is yours. */
  readonly verifyEmail: {
    readonly given: {
      readonly token: string
    }
    readonly answer: undefined
  }
  /** Set a new password by the token of a letter. Every session of the account ends, in every dialect and on every node. */
  readonly setPassword: {
    readonly given: {
      readonly token: string
      readonly password: string
    }
    readonly answer: undefined
  }
  /** Accept an invitation by the token of its letter. An account that was made for the invitation gets its password here, and a name if one is given. */
  readonly acceptInvitation: {
    readonly given: {
      readonly token: string
      readonly password?: string
      readonly name?: string
    }
    readonly answer: undefined
  }
}

export type Claim = {
  readonly id: string
  readonly state: 'claimed' | 'waiting' | 'refused'
  readonly device?: string
  /** Counts the ownership changes of the device; only rises */
  readonly epoch?: number
  readonly reason?: Reason
  /** RFC 3339, UTC */
  readonly expiresAt?: string
  /** RFC 3339, UTC */
  readonly at: string
}

export type Claimed = {
  readonly id: string
  readonly state: 'claimed'
  readonly device: string
  /** Counts the ownership changes of the device; only rises */
  readonly epoch: number
}

export type Waiting = {
  readonly id: string
  readonly state: 'waiting'
  /** RFC 3339, UTC */
  readonly expiresAt: string
}

export type Attempt = {
  readonly id: string
  readonly state: 'claimed' | 'waiting' | 'refused'
  /** The name or id that was asked for. Never a secret */
  readonly asked: string
  readonly device?: string
  /** Counts the ownership changes of the device; only rises */
  readonly epoch?: number
  readonly reason?: Reason
  readonly detail?: string
  /** What to do about it, for a person */
  readonly nextStep?: string
  readonly user: string
  readonly home?: string
  readonly via: string
  /** RFC 3339, UTC */
  readonly at: string
}

/** A device as its owner or its maker sees it */
export type Device = {
  readonly id: string
  readonly number: number
  readonly thingId: string
  readonly name: string
  readonly deviceClass?: string
  readonly tag?: string
  readonly ids?: {
    readonly particle: string
  }
  /** It may speak for other devices */
  readonly gateway: boolean
  readonly claimed: boolean
  /** A home */
  readonly owner?: string
  /** Counts the ownership changes of the device; only rises */
  readonly epoch: number
  readonly window?: {
    /** RFC 3339, UTC */
    readonly expiresAt: string
    /** Whether it has one */
    readonly secret: boolean
  }
  /** RFC 3339, UTC */
  readonly createdAt: string
}

export type NewDevice = {
  readonly id: string
  readonly number: number
  readonly thingId: string
  readonly name: string
  /** The one credential of the device, for every dialect. Shown only now */
  readonly token: string
  readonly claimCode?: string
}

/** A change of hands, or what was refused, to who tried to claim or to the device */
export type StoryLine =
  | {
      /** RFC 3339, UTC */
      readonly at: string
      readonly type: 'claimed' | 'released'
      /** Counts the ownership changes of the device; only rises */
      readonly epoch: number
      readonly home: string
      readonly claim?: string
      readonly by: string
      /** The API that it came through */
      readonly via: string
    }
  | {
      /** RFC 3339, UTC */
      readonly at: string
      readonly type: 'refused'
      readonly claim: string
      readonly reason?: Reason
      readonly via: string
      readonly detail?: string
      readonly nextStep?: string
    }
  | {
      /** RFC 3339, UTC */
      readonly at: string
      readonly type: 'offer-refused'
      /** What the device brought in vain */
      readonly what: string
      readonly reason: Reason
      readonly via: string
      readonly detail?: string
      readonly nextStep?: string
    }

export type Command = {
  readonly id: string
  readonly device: string
  readonly action: string
  readonly state: 'queued' | 'sent' | 'acknowledged' | 'expired' | 'dropped'
  /** Counts the ownership changes of the device; only rises */
  readonly epoch: number
  /** RFC 3339, UTC */
  readonly createdAt: string
  /** RFC 3339, UTC */
  readonly expiresAt: string
  /** RFC 3339, UTC */
  readonly sentAt?: string
  /** RFC 3339, UTC */
  readonly acknowledgedAt?: string
  /** What the device answered */
  readonly result?: unknown
}

export type Webhook = {
  readonly id: string
  readonly url: string
  readonly description: string
  readonly events?: readonly string[]
  /** RFC 3339, UTC */
  readonly createdAt: string
  /** Present while it cannot be told */
  readonly failing?: {
    readonly tries: number
    readonly cause: string
  }
}

export type Session = {
  /** Bearer token, for every dialect */
  readonly token: string
  /** RFC 3339, UTC */
  readonly expiresAt: string
  readonly user: {
    readonly id: string
    readonly email: string
    readonly role: 'maker' | 'customer'
    readonly project: string
    readonly home: string
  }
}

export type Account = {
  readonly id: string
  readonly email: string
  readonly role: 'maker' | 'customer'
  readonly home: string
}

export type Project = {
  readonly id: string
  readonly number: number
  readonly name: string
  readonly accounts: 'email' | 'phone' | 'byou'
  readonly provisioning: 'pre' | 'on-demand'
  readonly policy: {
    readonly claimingAllowedByDefault: boolean
    readonly windowDefaultMs?: number
    readonly windowMaxMs: number
    readonly secretOptional: boolean
    readonly linkTtlMs: number
    readonly openLinksPerAccount: number
    readonly claimCodeTtlMs: number
    readonly provisioningTokenTtlMs: number
    readonly claimById: boolean
    readonly signUp: boolean
    readonly commandTtlMs: number
    readonly possession: boolean
  }
  /** RFC 3339, UTC */
  readonly createdAt: string
}

export type Home = {
  readonly id: string
  readonly number: number
  readonly name: string
  /** The home that an account has from the start */
  readonly personal: boolean
  readonly role: 'owner' | 'member'
  /** RFC 3339, UTC */
  readonly createdAt: string
}

export type Member = {
  readonly user: string
  readonly email?: string
  readonly name?: string
  readonly role: 'owner' | 'member'
  /** RFC 3339, UTC */
  readonly joinedAt: string
}

/** A device as its maker looks after it */
export type FleetDevice = {
  readonly id: string
  readonly number: number
  readonly thingId: string
  readonly name: string
  readonly deviceClass?: string
  readonly tag?: string
  readonly ids?: {
    readonly particle: string
  }
  /** It may speak for other devices */
  readonly gateway: boolean
  readonly claimed: boolean
  /** A home */
  readonly owner?: string
  /** Counts the ownership changes of the device; only rises */
  readonly epoch: number
  readonly window?: {
    /** RFC 3339, UTC */
    readonly expiresAt: string
    /** Whether it has one */
    readonly secret: boolean
  }
  /** RFC 3339, UTC */
  readonly createdAt: string
  readonly connected: boolean
  /** RFC 3339, UTC */
  readonly connectedAt?: string
  /** RFC 3339, UTC */
  readonly disconnectedAt?: string
  readonly home?: {
    readonly id: string
    readonly name: string
    readonly email?: string
  }
  /** RFC 3339, UTC */
  readonly ownedSince?: string
  /** Whether a key from its box would be good now */
  readonly boxKey: boolean
  /** Whether the code printed on it would be good now */
  readonly claimMode: boolean
  /** Whether it has an X.509 certificate */
  readonly certificate: boolean
  readonly claimingAllowed?: boolean
}

export type Person = {
  readonly id: string
  readonly email?: string
  readonly phone?: string
  readonly name?: string
  readonly role: 'maker' | 'customer'
  readonly home: string
  readonly claimDevices: boolean
  readonly verified: boolean
  /** RFC 3339, UTC */
  readonly createdAt: string
}

export type House = {
  readonly id: string
  readonly number: number
  readonly name: string
  readonly personal: boolean
  /** RFC 3339, UTC */
  readonly createdAt: string
}

export type Counts = {
  /** When the minute or hour began */
  readonly at: string
  /** Halves that were left: windows, links, codes */
  readonly opened: number
  /** Tries to claim: claimed and refused */
  readonly redeemed: number
  readonly claimed: number
  /** By reason */
  readonly refused: Readonly<Record<string, number>>
  readonly released: number
}

/** RFC 9457, with a stable `reason` */
export type Problem = {
  /** `urn:latchkey:problem:` and the reason */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly reason: Reason | 'unavailable'
  /** For a person */
  readonly detail?: string
  readonly retryAfterMs?: number
  /** What is wrong with the members that were sent */
  readonly errors?: readonly {
    /** JSON Pointer */
    readonly path: string
    readonly message: string
  }[]
}

/** Why something was refused. Stable: programs branch on it */
export type Reason =
  | 'no-window'
  | 'window-expired'
  | 'wrong-secret'
  | 'secret-required'
  | 'claiming-not-allowed'
  | 'already-yours'
  | 'owned-by-another'
  | 'code-unknown'
  | 'code-expired'
  | 'code-used'
  | 'token-unknown'
  | 'token-expired'
  | 'token-used'
  | 'link-contested'
  | 'link-expired'
  | 'device-unknown'
  | 'device-not-in-project'
  | 'not-a-member'
  | 'not-permitted'
  | 'gateway-not-entitled'
  | 'too-many-attempts'
  | 'bad-request'
  | 'epoch-changed'
  | 'provisioning-closed'
  | 'name-taken'

/** Something that happened */
export type CloudEvent = {
  readonly specversion: '1.0'
  /** UUIDv7: go on behind it with `after` */
  readonly id: string
  readonly source: string
  readonly type:
    | 'latchkey.device.event'
    | 'latchkey.device.claimed'
    | 'latchkey.device.released'
    | 'latchkey.device.connected'
    | 'latchkey.device.disconnected'
    | 'latchkey.device.key-value'
    | 'latchkey.home.event'
    | 'latchkey.home.key-value'
    | 'latchkey.claim.changed'
    | 'latchkey.code.used'
    | 'latchkey.code.refused'
    | 'latchkey.command.acknowledged'
    | 'latchkey.command.dropped'
  /** The device */
  readonly subject?: string
  readonly time: string
  readonly datacontenttype: 'application/json'
  /** Of the device, at that time */
  readonly epoch?: number
  readonly home?: string
  readonly data: Readonly<Record<string, unknown>>
}
