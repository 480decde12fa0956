import type { Duplex } from 'node:stream'
import type { Properties } from './front/properties.ts'

/** A packet as Aedes hands it to a hook. Hooks may change it. */
export type PublishPacket = {
  cmd: 'publish'
  topic: string
  payload: Buffer | string
  qos: 0 | 1 | 2
  retain: boolean
  dup: boolean
  messageId?: number
  /** The properties of a publish that came through our front from a client of MQTT 5. */
  mqtt5?: Properties
}

export type ConnectPacket = {
  clientId: string
  username?: string
  password?: Buffer
  clean?: boolean
  will?: { readonly topic: string }
  protocolVersion?: number
}

export type Subscription = { topic: string; qos: 0 | 1 | 2 }

/** One connection of Aedes 1.2. */
export type Client = {
  id: string
  readonly conn: Duplex
  readonly closed: boolean
  readonly connected: boolean
  /** Whether its session ends with the connection. */
  clean: boolean
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

/** The packets of one client, taken in the stead of the broker's own parser. */
export type PacketSink = {
  /** Every chunk that the broker reads goes to `take` from now on. */
  readonly take: (take: (chunk: Buffer) => void) => void
  /** Gives the broker a packet as if its parser had read it. */
  readonly emit: (packet: object) => void
  /** When the CONNACK that lets the client in was sent. */
  readonly onConnected: (listener: () => void) => void
  /** The broker reads no more until `resume`. */
  readonly pause: () => void
  readonly resume: () => void
  /** Whom the broker takes the client for; known when it is let in. */
  readonly id: () => string
  /** Whether the broker stores the session from now on. Only for a client that was let in. */
  readonly keep: (isLasting: boolean) => void
  /** Takes the will of a client that was let in from the broker. */
  readonly takeWill: () => Will | undefined
}

/** A will that the broker no longer sends. */
export type Will = {
  readonly topic: string
  readonly payload: Buffer
  readonly retain: boolean
  /** Sends it as the broker would have: if the hooks allow it. */
  readonly send: () => void
  /** The client has left as it should. */
  readonly drop: () => void
}

type Inside = {
  readonly _parser: {
    parse: (chunk: Buffer) => void
    emit: (event: 'packet', packet: object) => boolean
  }
  pause(): void
  resume(): void
  once(event: 'connected', listener: () => void): void
  readonly closed: boolean
  readonly broker: BrokerPort & {
    readonly clients: Record<string, Client>
    readonly id: string
    readonly persistence: {
      delWill(client: { id: string; brokerId: string }): Promise<unknown>
    }
    emit(event: 'error', error: Error): void
  }
  /** Packets of the last chunk that are not done yet: the next chunk is read when there are none. */
  _parsingBatch: number
}

/**
 * Takes the place of a client's parser. Aedes 1.2.0 gives `_parser.parse` every chunk and listens to its `packet` event
 * (lib/client.js), emits `connected`, and counts `_parsingBatch`: that is all we rely on of its inside, and it is tested.
 */
export const packetSinkOf = (client: Client): PacketSink => {
  const inside = client as unknown as Inside
  /** As Aedes stores a will for the case that it ends before the client does; that of a newer connection stays. */
  const forgetWill = () => {
    const { broker } = inside
    if ((broker.clients[client.id] ?? client) !== client) return
    broker.persistence
      .delWill({ id: client.id, brokerId: broker.id })
      .catch((cause: Error) => broker.emit('error', cause))
  }
  const sendWill = (will: PublishPacket) => {
    const { broker } = inside
    broker.authorizePublish(client, will, (error) => {
      if (error) forgetWill()
      else broker.publish(will, client, forgetWill)
    })
  }
  return {
    id: () => client.id,
    keep: (isLasting) => {
      client.clean = !isLasting
    },
    takeWill: () => {
      const will = client.will as (PublishPacket & { payload: Buffer }) | null
      if (!will) return undefined
      client.will = null
      const { topic, payload, retain } = will
      return { topic, payload, retain, send: () => sendWill(will), drop: forgetWill }
    },
    take: (take) => {
      inside._parser.parse = take
    },
    emit: (packet) => {
      inside._parser.emit('packet', packet)
    },
    onConnected: (listener) => inside.once('connected', listener),
    pause: () => inside.pause(),
    resume: () => {
      if (inside.closed) return
      // What was done during the pause was not counted down: the client would never be read again.
      inside._parsingBatch = 0
      inside.resume()
    },
  }
}
