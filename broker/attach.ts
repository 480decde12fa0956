import { randomUUID } from 'node:crypto'
import { StoreDown } from '../shared/errors.ts'
import { DEFAULT_LIMITS } from '../shared/limits.ts'
import type { DeviceId } from '../shared/model/ids.ts'
import { type Arrival, type ArrivalOptions, createArrivals, refuse } from './arrivals.ts'
import { type Connection, grantedQos } from './connection.ts'
import type { BrokerContext, MqttDialect } from './dialect.ts'
import { REASON_CODES } from './front/fault.ts'
import { createGuests, type Guest } from './guests.ts'
import { blank, createHandling, HANDLED } from './handling.ts'
import { createInbox } from './inbox.ts'
import { createOutbox } from './outbox.ts'
import { asBrokerPort, type BrokerPort, type Client, type PublishPacket } from './port.ts'
import { createPresence } from './presence.ts'

export type AttachOptions = BrokerContext &
  ArrivalOptions & { readonly dialects: readonly MqttDialect[] }

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

  const { identify, arrive, heldBack } = createArrivals({
    ...options,
    limits,
    guestsAreWelcome: guests.areWelcome,
    presence,
    outbox,
  })

  const connectionOf = (client: Client | null): Connection | undefined => {
    const arrival = client === null ? undefined : arrivals.get(client)
    return arrival?.kind === 'device' ? arrival.connection : undefined
  }

  /** Who speaks on a client: a device, or a guest. `undefined`: somebody else's. */
  const speakerOf = (client: Client | null): Connection | Guest | undefined =>
    connectionOf(client) ?? (client === null ? undefined : guestsBy.get(client))

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
