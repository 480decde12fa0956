import { randomUUID } from 'node:crypto'
import { StoreDown } from '../shared/errors.ts'
import type { Device } from '../shared/model/records.ts'
import type { Connection } from './connection.ts'
import type { BrokerContext, Handler, MqttDialect } from './dialect.ts'
import type { PacketLimit } from './front/packet-limit.ts'
import { createOutbox } from './outbox.ts'
import {
  type AuthError,
  asBrokerPort,
  type BrokerPort,
  type Client,
  type PublishPacket,
} from './port.ts'
import { createPresence } from './presence.ts'

/** Bytes of a packet from a gateway's device. */
export const GATEWAY_PACKET_BYTES = 1024 * 1024

export type AttachOptions = BrokerContext & {
  readonly dialects: readonly MqttDialect[]
  /** `refuse`: only devices may connect. `pass`: who is no device of ours is left to the broker's own hooks. */
  readonly strangers: 'refuse' | 'pass'
  /** The limit before a connection, where there is one: raised for gateways. */
  readonly limitOf?: (client: Client) => PacketLimit | undefined
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

const refuse = (returnCode: number): AuthError =>
  Object.assign(new Error('refused'), { returnCode })

type Arrival =
  | { readonly kind: 'device'; readonly connection: Connection }
  | { readonly kind: 'refused'; readonly returnCode: number }

/**
 * Adds device claiming to an Aedes broker: identity by credential, the dialects' virtual topics, deny by default.
 * Nothing that a device publishes is routed to another client. Hooks that the broker had go on for everybody
 * else when `strangers` is `pass`.
 */
export const attachClaiming = async (aedes: object, options: AttachOptions): Promise<Attached> => {
  const { dialects, strangers, limitOf, ...context } = options
  const { registry, log, store, now } = context
  const broker = asBrokerPort(aedes)
  const theirs = { ...hooksOf(broker) }
  const arrivals = new WeakMap<Client, Arrival>()
  const handlers = new Map<string, Handler>(dialects.flatMap((d) => [...d.publishes]))
  const filters = new Map<string, MqttDialect>(
    dialects.flatMap((d) => [...d.subscribes].map((filter) => [filter, d] as const)),
  )
  const presence = createPresence({ store, node: randomUUID(), now })
  const outbox = createOutbox({ context, presence, dialects })

  const connectionOf = (client: Client | null): Connection | undefined => {
    const arrival = client === null ? undefined : arrivals.get(client)
    return arrival?.kind === 'device' ? arrival.connection : undefined
  }

  const connect = (client: Client, device: Device): Connection => ({
    client,
    device: device.id,
    project: device.project,
    name: device.name,
    isGateway: device.gateway,
    generation: 0,
    subscribed: new Map(),
    toldEpoch: -1,
    order: Promise.resolve(),
  })

  /** Who is coming. `undefined`: nobody of ours. Never throws. */
  const identify = async (
    client: Client,
    username: string | undefined,
  ): Promise<Arrival | undefined> => {
    const nobody: Arrival | undefined =
      strangers === 'refuse' ? { kind: 'refused', returnCode: 5 } : undefined
    if (username === undefined || !CREDENTIAL.test(username)) return nobody
    try {
      const device = await registry.devices.findByToken(username)
      if (device === undefined) return nobody
      return { kind: 'device', connection: connect(client, device) }
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

  const arrive = async (connection: Connection): Promise<AuthError | undefined> => {
    const { client } = connection
    try {
      // Client ids belong to the device: another device may use the same one, so the broker gets our own.
      client.id = `${connection.device}:${randomUUID()}`
      await outbox.follow(connection.project)
      if (await presence.take(connection)) return undefined
      return refuse(2)
    } catch (cause) {
      presence.leave(connection)
      if (!(cause instanceof StoreDown))
        log.error({ err: cause }, 'a connection could not be taken')
      return refuse(3)
    }
  }

  broker.authenticate = (client, username, password, done) => {
    const arrival = arrivals.get(client)
    if (arrival === undefined)
      return theirs.authenticate.call(broker, client, username, password, done)
    if (arrival.kind === 'refused') return done(refuse(arrival.returnCode), null)
    const { connection } = arrival
    client.conn.once('close', () => presence.leave(connection))
    void arrive(connection).then((error) => {
      if (error !== undefined) return done(error, null)
      if (connection.isGateway) limitOf?.(client)?.raise(GATEWAY_PACKET_BYTES)
      log.debug(
        { device: connection.device, generation: connection.generation },
        'device connected',
      )
      done(null, true)
    })
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
    const verdict = await handler(context, connection, payload)
    switch (verdict) {
      case 'acknowledged':
      case 'malformed':
        return undefined
      case 'unacknowledged':
        // Aedes answers QoS 0 with nothing and keeps the connection.
        packet.qos = 0
        return undefined
      case 'closed':
        return new Error('closed by the rules of the protocol')
    }
  }

  broker.authorizePublish = (client, packet, done) => {
    const connection = connectionOf(client)
    if (connection === undefined) {
      if (strangers === 'refuse') return done(new Error('not a device'))
      if (handlers.has(packet.topic)) return done(new Error('topic of a device'))
      return theirs.authorizePublish.call(broker, client, packet, done)
    }
    const handler = handlers.get(packet.topic)
    if (handler === undefined) {
      blank(packet)
      return done(null)
    }
    handle(handler, connection, packet).then(
      (error) => done(error ?? null),
      (cause: unknown) => {
        if (cause instanceof StoreDown)
          log.warn(
            { device: connection.device, err: cause },
            'a publish stays unacknowledged: the store is down',
          )
        else log.error({ device: connection.device, err: cause }, 'a publish could not be handled')
        done(new Error('not handled'))
      },
    )
  }

  broker.authorizeSubscribe = (client, subscription, done) => {
    const connection = connectionOf(client)
    if (connection === undefined) {
      if (strangers === 'refuse' || filters.has(subscription.topic)) return done(null, null)
      return theirs.authorizeSubscribe.call(broker, client, subscription, done)
    }
    if (!filters.has(subscription.topic)) return done(null, null)
    const qos = subscription.qos > 0 ? 1 : 0
    subscription.qos = qos
    connection.subscribed.set(subscription.topic, qos)
    done(null, subscription)
  }

  broker.authorizeForward = (client, packet) => {
    const connection = connectionOf(client)
    if (connection === undefined)
      return strangers === 'refuse' ? null : theirs.authorizeForward.call(broker, client, packet)
    return connection.subscribed.has(packet.topic) ? packet : null
  }

  broker.publish = (packet, client, done) => {
    if (packet.topic !== HANDLED) return theirs.publish.call(broker, packet, client, done)
    const finish = typeof client === 'function' ? client : done
    finish?.()
  }

  broker.on('subscribe', (subscriptions: readonly { topic: string }[], client: Client) => {
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
  broker.on('unsubscribe', (topics: readonly string[], client: Client) => {
    for (const topic of topics) connectionOf(client)?.subscribed.delete(topic)
  })

  const stopOutbox = await outbox.start()
  const unlisten = await presence.listen()
  return {
    connected: presence.size,
    detach: async () => {
      Object.assign(broker, theirs)
      await Promise.all([stopOutbox(), unlisten()])
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
