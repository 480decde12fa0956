import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Log } from '../../shared/log.ts'
import type { TlsFiles } from '../../shared/tls-files.ts'
import type { Doors } from './doors.ts'
import { createSecurity } from './tls.ts'
import type { Accept } from './visitor.ts'

type TcpOptions = {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  readonly tls?: TlsFiles | undefined
  readonly doors: Doors
  readonly accept: Accept
  readonly log: Log
  /** From the connection to the whole CONNECT. */
  readonly connectMs: number
}

/** A listener for MQTT, with or without TLS. */
export type TcpListener = {
  readonly port: number
  /** Accepts nobody any more, and ends who is no guest yet. Resolves when all sockets are closed. */
  readonly close: () => Promise<void>
}

/** After so long without a word the kernel asks whether the peer is still there. */
export const KEEP_ALIVE_MS = 60_000

/** A whole fleet comes back at once after an outage; the system cuts this to what it allows. */
const BACKLOG = 65_535

const SOCKETS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS } as const

/** Listens for MQTT. Rejects with what the system says when it cannot. */
export const listenOnTcp = async (options: TcpOptions): Promise<TcpListener> => {
  const { host, port, tls, doors, accept, connectMs, log } = options
  const security = tls === undefined ? undefined : createSecurity({ tls, accept, connectMs })

  const admit = (socket: Socket): void => {
    socket.on('error', () => socket.destroy())
    const address = socket.remoteAddress
    const leave = address === undefined ? undefined : doors.enter(address)
    if (address === undefined || leave === undefined) {
      socket.destroy()
      return
    }
    socket.once('close', leave)
    if (security === undefined) accept(socket, { address })
    else security.greet(socket, address)
  }

  const server = createServer(SOCKETS, admit)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.on('error', (error) => log.error({ err: error }, 'listener'))

  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      security?.close()
      return closed
    },
  }
}
