/** What the native API answers, as far as the console shows it: `/openapi.json` has the whole of it. */
export type Page<T> = { readonly items: readonly T[]; readonly next?: string }

export type FleetDevice = {
  readonly id: string
  readonly number: number
  readonly thingId: string
  readonly name: string
  readonly deviceClass?: string
  readonly tag?: string
  readonly ids?: { readonly particle?: string }
  readonly gateway: boolean
  readonly claimed: boolean
  readonly owner?: string
  readonly home?: { readonly id: string; readonly name: string; readonly email?: string }
  readonly ownedSince?: string
  readonly epoch: number
  readonly window?: { readonly expiresAt: string; readonly secret: boolean }
  readonly connected: boolean
  readonly connectedAt?: string
  readonly disconnectedAt?: string
  readonly boxKey: boolean
  readonly claimMode: boolean
  readonly certificate: boolean
  readonly claimingAllowed?: boolean
  readonly createdAt: string
  /** Of one device alone. */
  readonly project?: string
}

export type HistoryLine = {
  readonly at: string
  readonly type: string
  readonly epoch?: number
  readonly home?: string
  readonly claim?: string
  readonly by?: string
  readonly via?: string
}

export type Attempt = {
  readonly id: string
  readonly state: 'claimed' | 'waiting' | 'refused'
  readonly asked: string
  readonly reason?: string
  readonly detail?: string
  readonly nextStep?: string
  readonly user: string
  readonly via: string
  readonly at: string
}

export type CloudEvent = {
  readonly id: string
  readonly type: string
  readonly subject?: string
  readonly time: string
  readonly epoch?: number
  readonly data: Readonly<Record<string, unknown>>
}

export type CommandState = 'queued' | 'sent' | 'acknowledged' | 'expired' | 'dropped'
export type Command = {
  readonly id: string
  readonly action: string
  readonly state: CommandState
  readonly createdAt: string
  readonly result?: unknown
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
  readonly createdAt: string
}
export type PersonStory = Person & {
  readonly homes: readonly House[]
  readonly open: {
    readonly links: readonly string[]
    readonly codes: readonly string[]
    readonly provisioningTokens: readonly string[]
  }
}

export type House = {
  readonly id: string
  readonly number: number
  readonly name: string
  readonly personal: boolean
  readonly createdAt: string
}
export type HouseStory = House & {
  readonly members: readonly {
    readonly user: string
    readonly email?: string
    readonly name?: string
    readonly role: 'owner' | 'member'
    readonly joinedAt: string
  }[]
  readonly devices: readonly {
    readonly id: string
    readonly name: string
    readonly epoch: number
  }[]
}

export type Policy = Readonly<Record<string, number | boolean | undefined>>
export type Project = {
  readonly id: string
  readonly number: number
  readonly name: string
  readonly accounts: 'email' | 'phone' | 'byou'
  readonly provisioning: 'pre' | 'on-demand'
  readonly policy: Policy
  readonly createdAt: string
}

export type KnownKey = {
  readonly id: string
  readonly name: string
  readonly grants: readonly string[]
  readonly createdAt: string
}

export type Counts = {
  readonly at: string
  readonly opened: number
  readonly redeemed: number
  readonly claimed: number
  readonly refused: Readonly<Record<string, number>>
  readonly released: number
}
export type Statistics = { readonly connected: number; readonly items: readonly Counts[] }
