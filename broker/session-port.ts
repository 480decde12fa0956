import type { BrokerPort, Client, PublishPacket } from './port.ts'

type Stored = {
  messageId?: number | undefined
  readonly brokerId?: string | undefined
  readonly brokerCounter?: number | undefined
}
type ForClient = { readonly clientId: string }

type Persistence = {
  cleanSubscriptions(client: { id: string }): Promise<unknown>
  cleanIncoming?: (client: { id: string }) => Promise<unknown>
  outgoingStream(client: { id: string }): AsyncIterable<Stored>
  outgoingUpdate(client: { id: string }, packet: Stored): Promise<unknown>
  outgoingClearMessageId(client: { id: string }, packet: Stored): Promise<unknown>
  outgoingEnqueueCombi(subscriptions: readonly ForClient[], packet: PublishPacket): Promise<unknown>
}

type Inside = BrokerPort & {
  readonly persistence: Persistence
  readonly clients: Record<string, Client>
  emit(event: 'error', error: Error): void
}

type Admit = (id: string, packet: PublishPacket) => boolean

/** What we use of the sessions that Aedes 1.2.0 stores (aedes-persistence 11). */
export type StoredSessions = {
  /** Forgets a session whose client is gone: its subscriptions and messages. What goes wrong, the broker emits. */
  readonly forget: (id: string) => void
  /** Asks before a message is stored for a session whose client is away. */
  readonly guard: (admit: Admit) => void
  /** Whoever was let in, through our front or past it. */
  readonly onReady: (listener: (client: Client) => void) => void
  /** Whose client id somebody else has just been let in with: the broker will end it now. */
  readonly onReplaced: (listener: (client: Client) => void) => void
}

const LARGEST_ID = 65_535
/** [MQTT-2.3.1-1]: no packet under way has it. */
const NO_ID = 0

/** The only place that knows how Aedes stores sessions. */
export const storedSessionsOf = (broker: BrokerPort): StoredSessions => {
  const inside = broker as Inside
  const { persistence } = inside

  const empty = async (client: { id: string }): Promise<void> => {
    let nextId = LARGEST_ID
    for await (const packet of persistence.outgoingStream(client)) {
      // As Aedes itself does it: a stored packet is found by its id only.
      if (packet.messageId === undefined) {
        packet.messageId = nextId
        nextId -= 1
        await persistence.outgoingUpdate(client, packet)
      }
      await persistence.outgoingClearMessageId(client, packet)
    }
  }

  /** For whom a message is stored. */
  const admitted = (subscriptions: readonly ForClient[], packet: PublishPacket, admit: Admit) => {
    const away = new Set<string>()
    return subscriptions.filter(({ clientId }) => {
      // Aedes stores one copy for each subscription that matches, and clears all but one as it delivers them: to who
      // is away it would deliver all of them later.
      if (inside.clients[clientId] !== undefined) return true
      if (away.has(clientId)) return false
      away.add(clientId)
      return admit(clientId, packet)
    })
  }

  return {
    forget: (id) => {
      const client = { id }
      Promise.all([
        persistence.cleanSubscriptions(client),
        persistence.cleanIncoming?.(client),
        empty(client),
      ]).catch((cause: Error) => inside.emit('error', cause))
    },
    guard: (admit) => {
      const enqueue = persistence.outgoingEnqueueCombi.bind(persistence)
      persistence.outgoingEnqueueCombi = (subscriptions, packet) => {
        if (subscriptions.length === 0) return enqueue(subscriptions, packet)
        return enqueue(admitted(subscriptions, packet, admit), packet)
      }
      const clear = persistence.outgoingClearMessageId.bind(persistence)
      persistence.outgoingClearMessageId = async (client, packet) => {
        if (packet.messageId !== undefined) return clear(client, packet)
        // Of a copy that it does not deliver Aedes would clear whichever message has no id yet.
        const { brokerId, brokerCounter } = packet
        const marked = { ...{ brokerId, brokerCounter }, messageId: NO_ID }
        await persistence.outgoingUpdate(client, marked).catch(() => undefined)
        return clear(client, marked)
      }
    },
    onReady: (listener) => {
      broker.on('clientReady', listener)
    },
    onReplaced: (listener) => {
      const authenticate = broker.authenticate.bind(broker)
      broker.authenticate = (client, username, password, done) =>
        authenticate(client, username, password, (error, isIn) => {
          const present = inside.clients[client.id]
          if (!error && isIn && present !== undefined) listener(present)
          done(error, isIn)
        })
    },
  }
}
