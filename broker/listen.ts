import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes } from 'aedes'
import { type Attached, attachClaiming } from './attach.ts'
import type { BrokerContext, MqttDialect } from './dialect.ts'
import { REASON_CODES } from './front/fault.ts'
import { type Front, type FrontEvent, standBefore } from './front/front.ts'
import { DEFAULT_LIMITS, type Limits } from './front/limits.ts'
import { asBrokerPort, type Client, packetSinkOf } from './port.ts'

export type BrokerOptions = BrokerContext & {
  readonly dialects: readonly MqttDialect[]
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
  readonly limits?: Limits
}

export type RunningBroker = {
  readonly host: string
  readonly port: number
  readonly connected: () => number
  /** Stops accepting and ends all connections. Idempotent. */
  readonly close: () => Promise<void>
}

/** A socket without a whole CONNECT is closed after this time; promised are 10 s. */
const CONNECT_MS = 8_000
/** A reader that takes nothing for so long is cut. */
const DRAIN_MS = 5_000
const SAID_ONCE_MS = 60_000

/** The MQTT edge in a process of ours: an Aedes with claiming attached, behind a limited socket. */
export const startBroker = async (options: BrokerOptions): Promise<RunningBroker> => {
  const { host, port, tls, limits = DEFAULT_LIMITS, ...rest } = options
  const { log } = rest
  const aedes = await Aedes.createBroker({
    connectTimeout: CONNECT_MS,
    drainTimeout: DRAIN_MS,
    maxTopicLevels: 10,
  })
  const broker = asBrokerPort(aedes)
  const fronts = new WeakMap<Client, Front>()
  const sockets = new Map<Socket, Front>()
  broker.on('error', (error: Error) => log.error({ err: error }, 'broker'))
  const attached: Attached = await attachClaiming(aedes, {
    ...rest,
    strangers: 'refuse',
    frontOf: (client) => fronts.get(client),
    gatewayPacketBytes: limits.gatewayPacketBytes,
  })

  let saidAt = 0
  const onEvent = ({ what, rule }: FrontEvent) => {
    const now = Date.now()
    if (now < saidAt + SAID_ONCE_MS) return
    saidAt = now
    log.info({ what, rule }, 'a client did what it may not (said once a minute)')
  }

  const accept = (socket: Socket) => {
    socket.on('error', () => socket.destroy())
    const client = broker.handle(socket)
    const front = standBefore(packetSinkOf(client), socket, { limits, onEvent })
    fronts.set(client, front)
    sockets.set(socket, front)
    socket.once('close', () => sockets.delete(socket))
  }

  const server: Server =
    tls === undefined
      ? createServer({ noDelay: true }, accept)
      : createTlsServer({ ...tls, minVersion: 'TLSv1.2', noDelay: true } as object, accept)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.on('error', (error) => log.error({ err: error }, 'listener'))

  let closing: Promise<void> | undefined
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const front of sockets.values()) front.end(REASON_CODES.serverShuttingDown)
    await closed
    await attached.detach()
    await new Promise<void>((resolve) => broker.close(() => resolve()))
  }
  const address = server.address() as AddressInfo
  return {
    host,
    port: address.port,
    connected: attached.connected,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
