import { randomUUID } from 'node:crypto'
import { StoreDown } from '../shared/errors.ts'
import { DEFAULT_LIMITS, type Limits } from '../shared/limits.ts'
import type { DeviceId } from '../shared/model/ids.ts'
import type { Device } from '../shared/model/records.ts'
import { type Connection, grantedQos, newConnection, type Reply } from './connection.ts'
import type { Crowd } from './crowd.ts'
import type { BrokerContext, Handler, LevelHandler, MqttDialect } from './dialect.ts'
import { REASON_CODES } from './front/fault.ts'
import type { Front } from './front/front.ts'
import { createGuests, type Guest } from './guests.ts'
import { createInbox } from './inbox.ts'
import { createOutbox } from './outbox.ts'
import {
  type AuthError,
  asBrokerPort,
  type BrokerPort,
  type Client,
  type PublishPacket,
} from './port.ts'
import { createPresence } from './presence.ts'
import type { Visitor } from './sockets/visitor.ts'

export type AttachOptions = BrokerContext & {
  readonly dialects: readonly MqttDialect[]
  /** `refuse`: only devices may connect. `pass`: who is no device of ours is left to the broker's own hooks. */
  readonly strangers: 'refuse' | 'pass'
  /** What stands before a connection, where something does: it knows the client's version and can say why. */
  readonly frontOf?: (client: Client) => Front | undefined
  /** Where a connection comes from and whose certificate it holds, where that is known. */
  readonly visitorOf?: (client: Client) => Visitor | undefined
  /** Who holds back those that come too often; absent: nobody is. */
  readonly crowd?: Crowd
  /** What a connection may ask of us. */
  readonly limits?: Limits
}

export type Attached = {
  /** Ends the watches and gives the broker its own hooks back. Does not close it. */
  readonly detach: () => Promise<void>
  /** How many devices are connected here. */
  readonly connected: () => number
}

/** A handled publish goes no further: it has this topic then, and no payload. */
const HANDLED = '$latchkey/handled'
const NOTHING = Buffer.alloc(0)
/** A device's credential is 43 base64url characters. */
const CREDENTIAL = /^[A-Za-z0-9_-]{43}$/

/** Where an MQTT 5 client wants the answer (4.10): its Response Topic and Correlation Data. */
const replyOf = ({ mqtt5 }: PublishPacket): Reply | undefined => {
  const topic = mqtt5?.get('responseTopic')
  if (typeof topic !== 'string') return undefined
  return { topic, correlationData: mqtt5?.get('correlationData') as Buffer | undefined }
}

const refuse = (returnCode: number): AuthError =>
  Object.assign(new Error('refused'), { returnCode })

/**
 * `certificate`: the one that says which device it is, if it was not its credential. A guest has shown nothing, and may
 * still show credentials in topics.
 */
type Arrival =
  | {
      readonly kind: 'device'
      readonly connection: Connection
      readonly certificate: string | undefined
    }
  | { readonly kind: 'guest' }
  | { readonly kind: 'refused'; readonly returnCode: number }

/**
 * Adds device claiming to an Aedes broker: identity by credential, the dialects' virtual topics, deny by default.
 * Nothing that a device publishes is routed to another client. Hooks that the broker had go on for everybody
 * else when `strangers` is `pass`.
 */
export const attachClaiming = async (aedes: object, options: AttachOptions): Promise<Attached> => {
  const {
    dialects,
    strangers,
    frontOf,
    visitorOf,
    crowd,
    limits = DEFAULT_LIMITS,
    ...context
  } = options
  const { registry, log, store, now } = context
  const broker = asBrokerPort(aedes)
  const theirs = { ...hooksOf(broker) }
  const arrivals = new WeakMap<Client, Arrival>()
  const handlers = new Map<string, Handler>(dialects.flatMap((d) => [...d.publishes]))
  const below = new Map<string, LevelHandler>(
    dialects.flatMap((d) => [...(d.publishesBelow ?? [])]),
  )
  const filters = new Map<string, MqttDialect>(
    dialects.flatMap((d) => [...d.subscribes].map((filter) => [filter, d] as const)),
  )
  const presence = createPresence({ store, node: randomUUID(), now, log })
  const guestsBy = new WeakMap<Client, Guest>()
  const holdersOf = (device: DeviceId): readonly Connection[] => {
    const holder = presence.holder(device)
    return holder === undefined ? guests.of(device) : [holder, ...guests.of(device)]
  }
  const outbox = createOutbox({ context, holdersOf, dialects })
  const openTopics = dialects.flatMap((dialect) => dialect.openTopics ?? [])
  const guests = createGuests({ context, openTopics, outbox, frontOf, visitorOf, crowd })
  const all = () => [...presence.all(), ...guests.all()]
  const inbox = createInbox({ context, dialects, holdersOf, all })

  const connectionOf = (client: Client | null): Connection | undefined => {
    const arrival = client === null ? undefined : arrivals.get(client)
    return arrival?.kind === 'device' ? arrival.connection : undefined
  }

  /** Who speaks on a client: a device, or a guest. `undefined`: somebody else's. */
  const speakerOf = (client: Client | null): Connection | Guest | undefined =>
    connectionOf(client) ?? (client === null ? undefined : guestsBy.get(client))

  const connect = (client: Client, device: Device): Connection =>
    newConnection(client, device, frontOf?.(client), limits)

  /** The device that a client's certificate stands for. Its record decides: it may have another one by now. */
  const certified = async (certificate: string | undefined): Promise<Device | undefined> =>
    certificate === undefined ? undefined : registry.certificates.find(certificate)

  const credentialed = async (username: string | undefined): Promise<Device | undefined> => {
    if (username === undefined || !CREDENTIAL.test(username)) return undefined
    return crowd?.isKnownWrong(username) ? undefined : registry.devices.findByToken(username)
  }

  /** Who is coming. `undefined`: nobody of ours. Never throws. */
  const identify = async (
    client: Client,
    username: string | undefined,
  ): Promise<Arrival | undefined> => {
    const nobody: Arrival | undefined =
      strangers === 'refuse' ? { kind: 'refused', returnCode: 5 } : undefined
    try {
      const certificate = visitorOf?.(client)?.certificate
      const proven = await certified(certificate)
      if (proven !== undefined)
        return { kind: 'device', connection: connect(client, proven), certificate }
      if (username === undefined && strangers === 'refuse' && guests.areWelcome)
        return { kind: 'guest' }
      const device = await credentialed(username)
      if (device === undefined) return nobody
      return { kind: 'device', connection: connect(client, device), certificate: undefined }
    } catch (cause) {
      if (!(cause instanceof StoreDown))
        log.error({ err: cause }, 'a device could not be identified')
      return { kind: 'refused', returnCode: 3 }
    }
  }

  broker.preConnect = (client, packet, done) => {
    void identify(client, packet.username).then((arrival) => {
      if (client.closed) return done(new Error('closed meanwhile'))
      if (arrival === undefined) return theirs.preConnect.call(broker, client, packet, done)
      arrivals.set(client, arrival)
      // Nothing of a device's session is kept by the broker, and its will would go to other clients.
      packet.clean = true
      delete packet.will
      done(null, true)
    })
  }

  type Coming = Extract<Arrival, { kind: 'device' }>

  const arrive = async ({ connection, certificate }: Coming): Promise<AuthError | undefined> => {
    const { client } = connection
    try {
      const isNewest = (await crowd?.arrived(connection.device)) ?? true
      if (!isNewest || client.closed) return refuse(2)
      // Client ids belong to the device: another device may use the same one, so the broker gets our own.
      client.id = `${connection.device}:${randomUUID()}`
      await outbox.follow(connection.project)
      if (!(await presence.take(connection))) return refuse(2)
      // Whoever takes a certificate back ends the connections that are there by then: this one may just have missed it.
      if (certificate === undefined || (await certified(certificate))?.id === connection.device)
        return undefined
      presence.leave(connection)
      return refuse(5)
    } catch (cause) {
      presence.leave(connection)
      if (!(cause instanceof StoreDown))
        log.error({ err: cause }, 'a connection could not be taken')
      return refuse(3)
    }
  }

  /** Resolves when a refusal may be said. An outage is nobody's fault. */
  const heldBack = async (client: Client, username: string | undefined, returnCode: number) => {
    const visitor = visitorOf?.(client)
    if (visitor !== undefined && returnCode !== 3) await crowd?.wrong(visitor.address, username)
  }

  broker.authenticate = (client, username, password, done) => {
    const arrival = arrivals.get(client)
    if (arrival === undefined)
      return theirs.authenticate.call(broker, client, username, password, done)
    if (arrival.kind === 'refused') {
      void heldBack(client, username, arrival.returnCode).then(() =>
        done(refuse(arrival.returnCode), null),
      )
      return
    }
    if (arrival.kind === 'guest') {
      guestsBy.set(client, guests.welcome(client))
      return done(null, true)
    }
    const { connection } = arrival
    client.conn.once('close', () => presence.leave(connection))
    void arrive(arrival).then((error) => {
      if (error !== undefined) return done(error, null)
      if (connection.isGateway) connection.front?.setPacketLimit(limits.gatewayPacketBytes)
      log.debug(
        { device: connection.device, generation: connection.generation },
        'device connected',
      )
      done(null, true)
    })
  }

  const handlerOf = (topic: string): Handler | undefined => {
    const exact = handlers.get(topic)
    if (exact !== undefined) return exact
    const end = topic.lastIndexOf('/') + 1
    const handler = below.get(topic.slice(0, end))
    return handler && ((...[c, on, payload]) => handler(c, on, payload, topic.slice(end)))
  }

  /** From here on the packet carries nothing: no payload, no topic of anybody's. */
  const blank = (packet: PublishPacket): void => {
    packet.topic = HANDLED
    packet.payload = NOTHING
    packet.retain = false
  }

  const handle = async (handler: Handler, connection: Connection, packet: PublishPacket) => {
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    blank(packet)
    const verdict = await handler(context, connection, payload, replyOf(packet))
    switch (verdict) {
      case 'acknowledged':
        return undefined
      case 'malformed':
        connection.front?.answer(packet.messageId, REASON_CODES.payloadFormatInvalid)
        return undefined
      case 'unacknowledged':
        // Aedes answers QoS 0 with nothing and keeps the connection.
        packet.qos = 0
        return undefined
      case 'dismissed':
        connection.front?.answer(packet.messageId, REASON_CODES.implementationSpecificError)
        // After this turn, in which Aedes writes the PUBACK.
        setImmediate(() => connection.client.conn.end())
        return undefined
      case 'closed':
        // Only 3.1.1 has no other way to say that a payload is malformed.
        if (connection.front?.version() !== 5)
          return new Error('closed by the rules of the protocol')
        connection.front.answer(packet.messageId, REASON_CODES.payloadFormatInvalid)
        return undefined
    }
  }

  /** Handles a publish on a topic of a dialect. On any other it is acknowledged, and an MQTT 5 client is told 0x87. */
  const takePublish = async (speaker: Connection | Guest, packet: PublishPacket) => {
    const { topic } = packet
    const handler = handlerOf(topic)
    if (handler !== undefined && 'device' in speaker) return handle(handler, speaker, packet)
    const spoken = await guests.resolve(speaker, topic)
    if (spoken === undefined) {
      frontOf?.(speaker.client)?.answer(packet.messageId, REASON_CODES.notAuthorized)
      blank(packet)
      return undefined
    }
    const { topics, connection } = spoken
    return handle(
      (...[c, on, payload]) => topics.publish(c, on, payload, topic),
      connection,
      packet,
    )
  }

  broker.authorizePublish = (client, packet, done) => {
    const speaker = speakerOf(client)
    if (speaker === undefined) {
      if (strangers === 'refuse') return done(new Error('not a device'))
      if (handlerOf(packet.topic) !== undefined || guests.isOpen(packet.topic))
        return done(new Error('topic of a device'))
      return theirs.authorizePublish.call(broker, client, packet, done)
    }
    const device = 'device' in speaker ? { device: speaker.device } : {}
    takePublish(speaker, packet).then(
      (error) => done(error ?? null),
      (cause: unknown) => {
        if (cause instanceof StoreDown)
          log.warn({ ...device, err: cause }, 'a publish stays unacknowledged: the store is down')
        else log.error({ ...device, err: cause }, 'a publish could not be handled')
        done(new Error('not handled'))
      },
    )
  }

  broker.authorizeSubscribe = (client, subscription, done) => {
    const { topic } = subscription
    const speaker = speakerOf(client)
    if (speaker === undefined) {
      if (strangers === 'refuse' || filters.has(topic) || guests.isOpen(topic))
        return done(null, null)
      return theirs.authorizeSubscribe.call(broker, client, subscription, done)
    }
    if (filters.has(topic) && 'device' in speaker) {
      subscription.qos = subscription.qos > 0 ? 1 : 0
      speaker.subscribed.set(topic, subscription.qos)
      return done(null, subscription)
    }
    if (!guests.isOpen(topic)) return done(null, null)
    guests.grant(speaker, subscription).then(
      (qos) => done(null, qos === undefined ? null : { ...subscription, qos }),
      (cause: unknown) => {
        if (!(cause instanceof StoreDown)) log.error({ err: cause }, 'a subscription failed')
        done(null, null)
      },
    )
  }

  broker.authorizeForward = (client, packet) => {
    const speaker = speakerOf(client)
    if (speaker === undefined)
      return strangers === 'refuse' ? null : theirs.authorizeForward.call(broker, client, packet)
    const hears =
      'device' in speaker
        ? grantedQos(speaker, packet.topic) !== undefined
        : guests.hears(speaker, packet.topic)
    return hears ? packet : null
  }

  broker.publish = (packet, client, done) => {
    if (packet.topic !== HANDLED) return theirs.publish.call(broker, packet, client, done)
    const finish = typeof client === 'function' ? client : done
    finish?.()
  }

  broker.on('subscribe', (subscriptions: readonly { topic: string }[], client: Client) => {
    const guest = guestsBy.get(client)
    if (guest !== undefined) for (const { topic } of subscriptions) guests.answer(guest, topic)
    const connection = connectionOf(client)
    if (connection === undefined) return
    for (const { topic } of subscriptions) {
      const tell = filters.get(topic)?.onSubscribed?.(context, connection, topic)
      tell?.catch((cause: unknown) => {
        log.warn({ device: connection.device, err: cause }, 'the state could not be told')
        client.conn.destroy()
      })
    }
  })
  broker.on('keepaliveTimeout', (client: Client) => {
    if (speakerOf(client) !== undefined) frontOf?.(client)?.end(REASON_CODES.keepAliveTimeout)
  })
  broker.on('unsubscribe', (topics: readonly string[], client: Client) => {
    const guest = guestsBy.get(client)
    for (const topic of topics) {
      connectionOf(client)?.subscribed.delete(topic)
      if (guest !== undefined) guests.leave(guest, topic)
    }
  })

  const stopOutbox = await outbox.start()
  const stopInbox = await inbox.start()
  const unlisten = await presence.listen()
  return {
    connected: presence.size,
    detach: async () => {
      Object.assign(broker, theirs)
      await Promise.all([stopOutbox(), stopInbox(), unlisten()])
    },
  }
}

const hooksOf = (broker: BrokerPort) => {
  const {
    preConnect,
    authenticate,
    authorizePublish,
    authorizeSubscribe,
    authorizeForward,
    publish,
  } = broker
  return {
    preConnect,
    authenticate,
    authorizePublish,
    authorizeSubscribe,
    authorizeForward,
    publish,
  }
}
