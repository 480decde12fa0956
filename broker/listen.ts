import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes } from 'aedes'
import { type Attached, attachClaiming, DEVICE_PACKET_BYTES } from './attach.ts'
import type { BrokerContext, MqttDialect } from './dialect.ts'
import { limitPackets, type PacketLimit } from './front/packet-limit.ts'
import { asBrokerPort, type Client } from './port.ts'

export type BrokerOptions = BrokerContext & {
  readonly dialects: readonly MqttDialect[]
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
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
const LIMITS = { connect: 4 * 1024, packet: DEVICE_PACKET_BYTES }
const SAID_ONCE_MS = 60_000

/** The MQTT edge in a process of ours: an Aedes with claiming attached, behind a limited socket. */
export const startBroker = async (options: BrokerOptions): Promise<RunningBroker> => {
  const { host, port, tls, ...rest } = options
  const { log } = rest
  const aedes = await Aedes.createBroker({
    connectTimeout: CONNECT_MS,
    drainTimeout: DRAIN_MS,
    maxTopicLevels: 10,
  })
  const broker = asBrokerPort(aedes)
  const limits = new WeakMap<Client, PacketLimit>()
  const sockets = new Set<Socket>()
  broker.on('error', (error: Error) => log.error({ err: error }, 'broker'))
  const attached: Attached = await attachClaiming(aedes, {
    ...rest,
    strangers: 'refuse',
    limitOf: (client) => limits.get(client),
  })

  let saidAt = 0
  const sayRefused = () => {
    const now = Date.now()
    if (now < saidAt + SAID_ONCE_MS) return
    saidAt = now
    log.info({}, 'a client was cut: its packet is too long or malformed (said once a minute)')
  }

  const accept = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const limit = limitPackets(socket, LIMITS, sayRefused)
    limits.set(broker.handle(socket), limit)
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
    for (const socket of sockets) socket.destroy()
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
