import type { Reply, Send } from '../http.ts'

/** Stands in a topic for the token of the device that speaks or listens there. */
export const OWN_TOKEN = '{token}'

/** What a client publishes, always with QoS 1. */
export type Message = { readonly topic: string; readonly payload: string }

/** The claim window that a device asks for. Both parts optional: a platform has its defaults. */
export type Window = {
  readonly secret?: string | undefined
  readonly durationMs?: number | undefined
}

/** One device behind a gateway, with the window that the gateway opens for it. */
export type Child = Window & { readonly device: string }

/** What the platform told a device, in words common to all platforms. */
export type Heard =
  | {
      readonly kind: 'result'
      readonly state: string
      readonly id: string | undefined
      readonly reason: string | undefined
      readonly expiresAt: string | undefined
      readonly epoch: number | undefined
    }
  | {
      readonly kind: 'owner'
      readonly claimed: boolean
      readonly epoch: number | undefined
      readonly home: string | undefined
    }
  | { readonly kind: 'command'; readonly id: string; readonly action: string }

/** What became of one child's window. `unknown` where the platform tells a gateway nothing. */
export type ChildOutcome = {
  readonly device: string
  readonly state: string
  readonly reason: string | undefined
}

/** What a gateway hears of a batch: an outcome for each child, in order, or one for the whole. */
export type BatchResult =
  | { readonly kind: 'each'; readonly outcomes: readonly Omit<ChildOutcome, 'device'>[] }
  | { readonly kind: 'whole'; readonly outcome: Omit<ChildOutcome, 'device'> }

/** A refusal over HTTP. `attempt` is the claim that `explain` can speak about. */
export type Refusal = {
  readonly state: 'refused'
  readonly status: number
  readonly reason: string
  readonly attempt: string | undefined
}

/** What came of a claim by an app. */
export type ClaimOutcome =
  | {
      readonly state: 'claimed'
      readonly id: string | undefined
      readonly device: string | undefined
      readonly epoch: number | undefined
    }
  | { readonly state: 'waiting'; readonly id: string; readonly expiresAt: string | undefined }
  | Refusal

/** An answer with content of its own, or a refusal. */
export type Answer<T> = { readonly state: 'done'; readonly value: T } | Refusal

/** A device as an app or a maker sees it in a list. */
export type Listed = { readonly id: string; readonly name: string }

/** What came of a token for a device that is not there yet. */
export type Provisioned =
  | { readonly state: 'made'; readonly id: string; readonly token: string }
  | { readonly state: 'refused'; readonly reason: string }

/** How a device that is not there yet asks to be made, as an MQTT client of that user name. */
export type ProvisionSide = {
  readonly userName: string
  readonly subscriptions: readonly string[]
  readonly ask: (token: string) => Message
  readonly read: (topic: string, payload: string) => Provisioned | undefined
}

/** How a device of this platform speaks MQTT. */
export type DeviceSide = {
  readonly subscriptions: readonly string[]
  /** The token stands in the topics (`OWN_TOKEN`), and the device connects without a user name. */
  readonly hasTokenInTopics?: boolean
  /** Whether the platform tells the device what became of its window and who owns it. */
  readonly answers: boolean
  readonly open: (window: Window) => Message
  /** Brings a code that an account made. Absent: there are none here. */
  readonly present?: (code: string) => Message
  readonly provision?: ProvisionSide
  readonly event: (count: number) => Message
  readonly ack: (command: string) => Message
  readonly read: (topic: string, payload: string) => Heard | undefined
}

/** How a gateway of this platform speaks MQTT for its children. */
export type GatewaySide = {
  readonly subscriptions: readonly string[]
  readonly answers: boolean
  /** The largest batch that the platform takes in one publish. */
  readonly batch: { readonly items: number; readonly bytes: number }
  readonly connect: (device: string) => Message
  readonly open: (children: readonly Child[]) => Message
  readonly read: (topic: string, payload: string) => BatchResult | undefined
}

/** How an app, or the maker's own tool, of this platform speaks HTTP. */
export type AppSide = {
  readonly signIn: (send: Send, who: { email: string; password: string }) => Promise<Answer<string>>
  readonly authorize: (token: string) => Readonly<Record<string, string>>
  readonly claim: (
    send: Send,
    half: { device: string; secret?: string | undefined },
  ) => Promise<ClaimOutcome>
  /** Claims by the device's own token, as it is printed on its box. Absent: not possible here. */
  readonly claimByToken?: (send: Send, token: string) => Promise<ClaimOutcome>
  /** Looks at a claim again, waiting up to `waitMs` for a change. Absent: claims never wait here. */
  readonly look?: (send: Send, claim: string, waitMs: number) => Promise<ClaimOutcome>
  readonly explain?: (send: Send, claim: string) => Promise<Answer<unknown>>
  readonly release: (send: Send, device: string) => Promise<Answer<undefined>>
  readonly devices: (send: Send) => Promise<Answer<readonly Listed[]>>
  /** Creates a device and learns its token, signed in as a maker. Absent: makers have no API here. */
  readonly create?: (
    send: Send,
    device: { name: string; gateway?: boolean },
  ) => Promise<Answer<{ id: string; token: string }>>
}

/** A row of the table of platforms: everything the simulation knows about one. */
export type Platform = {
  readonly device: DeviceSide
  /** Absent: a gateway is nothing of its own here. */
  readonly gateway?: GatewaySide
  readonly app: AppSide
  /** The text of the claim's QR code. */
  readonly code: (device: string, secret: string | undefined) => string
}

/** A refusal from a reply. `reason` is the platform's own word; without one the status stands for it. */
export const refusal = (
  reply: Reply,
  reason: string | undefined,
  attempt?: string | undefined,
): Refusal => ({
  state: 'refused',
  status: reply.status,
  reason: reason === undefined || reason === '' ? `status ${reply.status}` : reason,
  attempt,
})
