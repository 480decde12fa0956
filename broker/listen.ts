import type { Duplex } from 'node:stream'
import { Aedes } from 'aedes'
import { type IsProxy, noProxy } from '../shared/guard/proxies.ts'
import { DEFAULT_LIMITS, type Limits } from '../shared/limits.ts'
import type { Metrics } from '../shared/metrics.ts'
import type { TlsFiles } from '../shared/tls-files.ts'
import type { UpgradeTaker } from '../shared/upgrade.ts'
import { type Attached, attachClaiming } from './attach.ts'
import { createCrowd } from './crowd.ts'
import type { BrokerContext, MqttDialect } from './dialect.ts'
import { REASON_CODES } from './front/fault.ts'
import { type Front, standBefore } from './front/front.ts'
import { asBrokerPort, type Client, packetSinkOf } from './port.ts'
import { createDoors } from './sockets/doors.ts'
import { listenOnTcp } from './sockets/tcp.ts'
import type { Guest, Visitor } from './sockets/visitor.ts'
import { createWebSockets } from './sockets/websocket.ts'
import { createTally } from './tally.ts'

export type BrokerOptions = BrokerContext & {
  readonly dialects: readonly MqttDialect[]
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  readonly tls?: TlsFiles
  readonly limits?: Limits
  /** Web pages of other hosts that may connect over WebSocket: `https://app.example`. */
  readonly origins?: readonly string[]
  /** Whose `X-Forwarded-For` is believed, for MQTT over WebSocket. */
  readonly isProxy?: IsProxy
  readonly metrics: Pick<Metrics, 'limited'> & Partial<Pick<Metrics, 'noticed'>>
}

export type RunningBroker = {
  readonly host: string
  readonly port: number
  readonly connected: () => number
  /** MQTT over WebSocket, for an HTTP server that has a port already. */
  readonly acceptWebSocket: UpgradeTaker
  /** Stops accepting and ends all connections. Idempotent. */
  readonly close: () => Promise<void>
}

/** The MQTT edge in a process of ours: an Aedes with claiming attached, behind limited sockets. */
export const startBroker = async (options: BrokerOptions): Promise<RunningBroker> => {
  const { host, port, tls, limits = DEFAULT_LIMITS, metrics, ...others } = options
  const { origins = [], isProxy = noProxy, ...rest } = others
  const { log, now } = rest
  const aedes = await Aedes.createBroker({
    connectTimeout: limits.connectMs,
    drainTimeout: limits.drainMs,
    maxTopicLevels: limits.topicLevels,
    maxInflightInbound: limits.receiveMaximum,
  })
  const broker = asBrokerPort(aedes)
  broker.on('error', (error: Error) => log.error({ err: error }, 'broker'))
  const onEvent = createTally({ log, metrics, now })
  const visitors = new WeakMap<Client, Visitor>()
  const fronts = new WeakMap<Client, Front>()
  const open = new Map<Duplex, Front>()
  let closing: Promise<void> | undefined

  const attached: Attached = await attachClaiming(aedes, {
    ...rest,
    strangers: 'refuse',
    frontOf: (client) => fronts.get(client),
    visitorOf: (client) => visitors.get(client),
    crowd: createCrowd({ limits, now, onEvent }),
    onHanded: ({ at }) => metrics.noticed?.((now() - at) / 1000),
    limits,
  })

  const accept = (stream: Duplex, visitor: Visitor): Guest => {
    stream.on('error', () => stream.destroy())
    const client = broker.handle(stream)
    const front = standBefore(packetSinkOf(client), stream, { limits, onEvent })
    visitors.set(client, visitor)
    fronts.set(client, front)
    open.set(stream, front)
    stream.once('close', () => open.delete(stream))
    return {
      hasSpoken: () => front.version() !== undefined,
      isWelcome: () => client.connected,
    }
  }

  const doors = createDoors({ limits, onEvent })
  const webSockets = createWebSockets({ limits, origins, isProxy, doors, accept, onEvent })
  const listener = await listenOnTcp({
    host,
    port,
    tls,
    doors,
    accept,
    connectMs: limits.connectMs,
    log,
  })

  const close = async () => {
    const closed = listener.close()
    for (const front of open.values()) front.end(REASON_CODES.serverShuttingDown)
    await closed
    await attached.detach()
    await new Promise<void>((resolve) => broker.close(() => resolve()))
  }
  return {
    host,
    port: listener.port,
    connected: attached.connected,
    acceptWebSocket: (...upgrade) => (closing === undefined ? webSockets(...upgrade) : 503),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
