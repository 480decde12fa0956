import { randomUUID } from 'node:crypto'
import { createPresence } from '../shared/delivery/presence.ts'
import { StoreDown } from '../shared/errors.ts'
import { DEFAULT_LIMITS } from '../shared/limits.ts'
import type { DeviceId } from '../shared/model/ids.ts'
import type { Notice } from '../shared/model/records.ts'
import { type Arrival, type ArrivalOptions, createArrivals, refuse } from './arrivals.ts'
import { type Connection, cut, grantedQos } from './connection.ts'
import type { BrokerContext, MqttDialect } from './dialect.ts'
import { REASON_CODES } from './front/fault.ts'
import { createGuests, type Guest } from './guests.ts'
import { blank, createHandling, HANDLED } from './handling.ts'
import { createInbox } from './inbox.ts'
import { createNewcomers, type Newcomer } from './newcomers.ts'
import { createOutbox } from './outbox.ts'
import { asBrokerPort, type BrokerPort, type Client, type PublishPacket } from './port.ts'

/** The CONNACK code of an outage. */
const UNAVAILABLE = 3

export type AttachOptions = BrokerContext &
  ArrivalOptions & {
    readonly dialects: readonly MqttDialect[]
    /** Told of each notice (a change of hands, a key-value) once a device has heard it. */
    readonly onHanded?: (notice: Notice) => void
  }

export type Attached = {
  /** Ends the watches and gives the broker its own hooks back. Does not close it. */
  readonly detach: () => Promise<void>
  /** How many devices are connected here. */
  readonly connected: () => number
}

/**
 * Adds device claiming to an Aedes broker: identity by credential, the dialects' virtual topics, deny by default.
 * Nothing that a device publishes is routed to another client. Hooks that the broker had go on for everybody
 * else when `strangers` is `pass`.
 */
export const attachClaiming = async (aedes: object, options: AttachOptions): Promise<Attached> => {
  const {
    dialects,
    onHanded,
    strangers,
    frontOf,
    visitorOf,
    crowd,
    limits = DEFAULT_LIMITS,
    ...context
  } = options
  const { log, store, now } = context
  const broker = asBrokerPort(aedes)
  const theirs = { ...hooksOf(broker) }
  const arrivals = new WeakMap<Client, Arrival>()
  const { handlerOf, handle } = createHandling(context, dialects)
  const filters = new Map<string, MqttDialect>(
    dialects.flatMap((d) => [...d.subscribes].map((filter) => [filter, d] as const)),
  )
  /** Whose filter this is, for a device. */
  const dialectFor = (connection: Connection, topic: string): MqttDialect | undefined =>
    filters.get(topic) ??
    dialects.find(({ subscribesOwn }) => subscribesOwn?.(connection).includes(topic))

  const presence = createPresence<Connection>({
    ...{ store, now, log },
    carrier: 'mqtt',
    cut: (connection) => cut(connection, REASON_CODES.sessionTakenOver),
    node: randomUUID(),
    newId: () => randomUUID(),
    wakeFeed: context.delivery.events.wake,
  })
  const holdersOf = (device: DeviceId): readonly Connection[] => {
    const holder = presence.holder(device)
    return holder === undefined ? guests.of(device) : [holder, ...guests.of(device)]
  }
  const outbox = createOutbox({ context, holdersOf, dialects, onHanded })
  const openTopics = dialects.flatMap((dialect) => dialect.openTopics ?? [])
  const guests = createGuests({ context, openTopics, outbox, frontOf, visitorOf, crowd })
  const ways = dialects.flatMap(({ provisioning }) => provisioning ?? [])
  const newcomers = createNewcomers({ context, ways, limits, frontOf, visitorOf, crowd })
  const all = () => [...presence.all(), ...guests.all()]
  const inbox = createInbox({ context, dialects, holdersOf, all })

  const { identify, arrive, heldBack } = createArrivals({
    ...options,
    limits,
    guestsAreWelcome: guests.areWelcome,
    wayOf: newcomers.wayOf,
    presence,
    outbox,
  })

  const connectionOf = (client: Client | null): Connection | undefined => {
    const arrival = client === null ? undefined : arrivals.get(client)
    return arrival?.kind === 'device' ? arrival.connection : undefined
  }

  /** Who speaks on a client: a device, a guest, or a newcomer. `undefined`: somebody else's. */
  const speakerOf = (client: Client | null): Connection | Guest | Newcomer | undefined => {
    if (client === null) return undefined
    const guest = guests.in(client)
    return connectionOf(client) ?? newcomers.in(client) ?? (guest?.isFenced ? guest : undefined)
  }

  /** The same on a topic: somebody else's client, too, may speak where a credential stands in the topic. */
  const speakerOn = (client: Client | null, topic: string) => {
    const speaker = speakerOf(client)
    if (speaker !== undefined || strangers === 'refuse' || client === null) return speaker
    return guests.isOpen(topic) ? guests.beside(client) : undefined
  }

  /** Asks the hooks that the broker had. Whom they refuse and who gave no user name is a guest of ours. */
  const askTheirs: BrokerPort['authenticate'] = (client, username, password, done) =>
    theirs.authenticate.call(broker, client, username, password, (error, isIn) => {
      const isRefused = error ? error.returnCode !== UNAVAILABLE : !isIn
      if (!isRefused || username !== undefined || !guests.areWelcome) return done(error, isIn)
      guests.welcome(client)
      done(null, true)
    })

  broker.preConnect = (client, packet, done) => {
    void identify(client, packet.username, packet.password).then((arrival) => {
      if (client.closed) return done(new Error('closed meanwhile'))
      if (arrival === undefined) return theirs.preConnect.call(broker, client, packet, done)
      arrivals.set(client, arrival)
      frontOf?.(client)?.confine()
      // Nothing of a device's session is kept by the broker, and its will would go to other clients: but where a
      // credential stands in the topic it is what a thing says, like all that it publishes there.
      packet.clean = true
      if (packet.will !== undefined && !guests.isOpen(packet.will.topic)) delete packet.will
      done(null, true)
    })
  }

  broker.authenticate = (client, username, password, done) => {
    const arrival = arrivals.get(client)
    if (arrival === undefined) return askTheirs(client, username, password, done)
    if (arrival.kind === 'refused') {
      const { credential = username } = arrival
      void heldBack(client, credential, arrival.returnCode).then(() =>
        done(refuse(arrival.returnCode), null),
      )
      return
    }
    if (arrival.kind === 'guest') {
      guests.welcome(client)
      return done(null, true)
    }
    if (arrival.kind === 'newcomer') {
      const isIn = newcomers.welcome(client, arrival.way)
      return isIn ? done(null, true) : done(refuse(UNAVAILABLE), null)
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

  /** Handles a publish on a topic of a dialect. On any other it is acknowledged, and an MQTT 5 client is told 0x87. */
  const takePublish = async (speaker: Connection | Guest | Newcomer, packet: PublishPacket) => {
    const { topic } = packet
    if ('way' in speaker) {
      await newcomers.take(speaker, packet)
      return undefined
    }
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
    const speaker = speakerOn(client, packet.topic)
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
    const speaker = speakerOn(client, topic)
    if (speaker === undefined) {
      if (strangers === 'refuse' || filters.has(topic) || guests.isOpen(topic))
        return done(null, null)
      return theirs.authorizeSubscribe.call(broker, client, subscription, done)
    }
    if ('way' in speaker) return done(null, newcomers.grant(speaker, subscription))
    if ('device' in speaker && dialectFor(speaker, topic) !== undefined) {
      const { subscribed } = speaker
      if (subscribed.size >= limits.subscriptions && !subscribed.has(topic)) return done(null, null)
      subscription.qos = subscription.qos > 0 ? 1 : 0
      subscribed.set(topic, subscription.qos)
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
    if ('way' in speaker) return newcomers.hears(speaker, packet.topic) ? packet : null
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
    const newcomer = newcomers.in(client)
    if (newcomer !== undefined) void newcomers.answer(newcomer)
    const guest = guests.in(client)
    if (guest !== undefined) for (const { topic } of subscriptions) guests.answer(guest, topic)
    const connection = connectionOf(client)
    if (connection === undefined) return
    for (const { topic } of subscriptions) {
      const tell = dialectFor(connection, topic)?.onSubscribed?.(context, connection, topic)
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
    const guest = guests.in(client)
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
