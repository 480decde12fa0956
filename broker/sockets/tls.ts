import type { Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import type { TlsFiles } from '../../shared/tls-files.ts'
import { TLS_POLICY } from '../../shared/tls-policy.ts'
import type { Accept, Guest } from './visitor.ts'

type SecurityOptions = {
  readonly tls: TlsFiles
  readonly accept: Accept
  /** From the connection to the whole CONNECT. */
  readonly connectMs: number
}

/** TLS for connections that are already there. */
export type Security = {
  /** Shakes hands on a fresh connection, and gives what is inside to the broker. */
  readonly greet: (socket: Socket, address: string) => void
  /** Ends all that have not shaken hands yet. */
  readonly close: () => void
}

type Greeting = { readonly socket: Socket; readonly address: string; guest?: Guest }

/** The digest of the client's certificate, if our CA vouches for it: 64 hex digits in small letters. */
const certificateOf = (socket: TLSSocket): string | undefined => {
  // `authorized` is false without a certificate, too.
  if (!socket.authorized) return undefined
  return socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
}

/**
 * The handshake of MQTT over TLS 1.2 or later. With a CA a client may show a certificate; one that is not good is as
 * none: the user name may still say who it is.
 */
export const createSecurity = ({ tls, accept, connectMs }: SecurityOptions): Security => {
  const { ca, ...own } = tls
  /** By the port of the peer, which the socket inside has, too. */
  const greetings = new Map<string, Greeting>()
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`

  const server = createServer({
    ...own,
    ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: false }),
    ...TLS_POLICY,
    handshakeTimeout: connectMs,
  })
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy())
    const greeting = greetings.get(nameOf(socket))
    if (greeting === undefined) {
      socket.destroy()
      return
    }
    const certificate = certificateOf(socket)
    const visitor = { address: greeting.address }
    greeting.guest = accept(
      socket,
      certificate === undefined ? visitor : { ...visitor, certificate },
    )
  })
  // Node ends the socket by itself.
  server.on('tlsClientError', () => undefined)

  const greet = (socket: Socket, address: string): void => {
    const name = nameOf(socket)
    const greeting: Greeting = { socket, address }
    greetings.set(name, greeting)
    const late = setTimeout(() => {
      if (!greeting.guest?.hasSpoken()) socket.destroy()
    }, connectMs)
    socket.once('close', () => {
      clearTimeout(late)
      greetings.delete(name)
    })
    server.emit('connection', socket)
  }

  const close = (): void => {
    for (const { socket, guest } of greetings.values()) if (guest === undefined) socket.destroy()
  }

  return { greet, close }
}
