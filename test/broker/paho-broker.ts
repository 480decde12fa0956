import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Aedes } from 'aedes'
import { createExchange, type Exchange } from '../../broker/front/exchange.ts'
import { type Front, type FrontEvent, standBefore } from '../../broker/front/front.ts'
import { asBrokerPort, packetSinkOf } from '../../broker/port.ts'
import { DEFAULT_LIMITS, type Limits } from '../../shared/limits.ts'

/** An embedding program's broker of open topics behind our front: no device of ours is there. */
export type OpenBroker = {
  readonly port: number
  readonly events: readonly FrontEvent[]
  readonly fronts: ReadonlySet<Front>
  readonly exchange: Exchange
  readonly close: () => Promise<void>
}

type Options = {
  readonly limits?: Partial<Limits>
  /** How long a publish is looked at before it is allowed. */
  readonly thinkMs?: number
  /** A reader that takes nothing for so long is cut. */
  readonly drainMs?: number
  readonly port?: number
  /** Sessions that may last, and how long. */
  readonly sessions?: number
  readonly sessionSeconds?: number
  readonly now?: () => number
}

/** Starts it on the loopback. Subscriptions to `test/nosubscribe` and publishes to `test/nopublish` are refused. */
export const startOpenBroker = async (options: Options = {}): Promise<OpenBroker> => {
  const limits: Limits = {
    ...DEFAULT_LIMITS,
    topicLevels: 20,
    grantedQos: 2,
    ...options.limits,
  }
  const aedes = await Aedes.createBroker({
    connectTimeout: 2000,
    drainTimeout: options.drainMs ?? 5000,
  })
  const broker = asBrokerPort(aedes)
  const fronts = new Set<Front>()
  const sockets = new Map<Socket, Front>()
  const events: FrontEvent[] = []
  const { backlogBytes } = limits
  const { sessions = 100, sessionSeconds = 100_000, now = Date.now } = options
  const onEvent = (event: FrontEvent) => void events.push(event)
  const exchange = createExchange(aedes, { backlogBytes, sessions, sessionSeconds, onEvent, now })
  const frontOf = (conn: unknown) => sockets.get(conn as Socket)
  broker.on('error', () => undefined)
  broker.authorizeSubscribe = (_client, subscription, done) =>
    done(null, subscription.topic === 'test/nosubscribe' ? null : subscription)
  broker.authorizePublish = (client, packet, done) => {
    if (packet.topic === 'test/nopublish') {
      frontOf(client?.conn)?.answer(packet.messageId, 0x87)
      packet.topic = 'test/nobody'
    }
    if (options.thinkMs === undefined) done(null)
    else setTimeout(done, options.thinkMs, null)
  }
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    const front = standBefore(packetSinkOf(broker.handle(socket)), socket, {
      limits,
      onEvent,
      exchange,
    })
    fronts.add(front)
    sockets.set(socket, front)
    socket.once('close', () => {
      sockets.delete(socket)
      fronts.delete(front)
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    events,
    fronts,
    exchange,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets.keys()) socket.destroy()
      await closed
      exchange.close()
      await new Promise<void>((resolve) => broker.close(() => resolve()))
    },
  }
}
