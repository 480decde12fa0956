import type { Duplex } from 'node:stream'

/** A packet as Aedes hands it to a hook. Hooks may change it. */
export type PublishPacket = {
  cmd: 'publish'
  topic: string
  payload: Buffer | string
  qos: 0 | 1 | 2
  retain: boolean
  dup: boolean
}

export type ConnectPacket = {
  clientId: string
  username?: string
  password?: Buffer
  clean?: boolean
  will?: unknown
  protocolVersion?: number
}

export type Subscription = { topic: string; qos: 0 | 1 | 2 }

/** One connection of Aedes 1.2. */
export type Client = {
  id: string
  readonly conn: Duplex
  readonly closed: boolean
  readonly connected: boolean
  will: unknown
  publish(packet: PublishPacket, done: (error?: Error | null) => void): void
  close(done?: () => void): void
}

export type Done = (error?: Error | null) => void
/** `returnCode`: the CONNACK code to refuse with, 2 to 5. */
export type AuthError = Error & { returnCode: number }

/**
 * What we use of Aedes 1.2.0, so that its types' holes (research/tech.md 1.1) are crossed in one place and a later
 * Aedes can take its stead.
 */
export type BrokerPort = {
  preConnect: (
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, ok?: boolean) => void,
  ) => void
  authenticate: (
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
    done: (error: AuthError | null, ok: boolean | null) => void,
  ) => void
  authorizePublish: (client: Client | null, packet: PublishPacket, done: Done) => void
  authorizeSubscribe: (
    client: Client | null,
    subscription: Subscription,
    done: (error: Error | null, granted?: Subscription | null) => void,
  ) => void
  authorizeForward: (client: Client, packet: PublishPacket) => PublishPacket | null | undefined
  publish: (packet: PublishPacket, client: Client | Done | undefined, done?: Done) => void
  handle(stream: Duplex): Client
  on(event: string, listener: (...args: never[]) => void): unknown
  close(done?: () => void): void
}

/** The only place where a real Aedes becomes our port. */
export const asBrokerPort = (aedes: object): BrokerPort => aedes as unknown as BrokerPort
