import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { UpgradeTaker } from '../shared/upgrade.ts'

/** Another listener has so long to begin an answer. */
const OTHERS_MS = 5000
const LINGER_MS = 1000
/** What made a request an offer to speak something else. */
const OFFER = new Set(['upgrade', 'connection', 'http2-settings'])

const refuse = (socket: Duplex, status: number): void => {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
  )
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

/**
 * RFC 9110, 7.8: who does not know the protocol that is offered answers as if nothing were. Node has let go of
 * the request by now (Java's own client offers h2c with every first one), so it is given back without the offer.
 */
const answerPlainly = (server: Server, request: IncomingMessage, socket: Duplex, head: Buffer) => {
  const { rawHeaders } = request
  const lines = rawHeaders.flatMap((name, place) =>
    place % 2 === 1 || OFFER.has(name.toLowerCase()) ? [] : [`${name}: ${rawHeaders[place + 1]}`],
  )
  const start = `${request.method} ${request.url} HTTP/${request.httpVersion}`
  const plain = Buffer.from([start, ...lines, '', ''].join('\r\n'), 'latin1')
  socket.unshift(Buffer.concat([plain, head]))
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket)
}

/**
 * Hands each request for a WebSocket to the first taker that wants it. What none wants is left to the server's other
 * `upgrade` listeners, and refused with 404 if none of them answers.
 */
export const handUpgrades = (server: Server, takers: readonly UpgradeTaker[]): void => {
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      return answerPlainly(server, request, socket, head)
    socket.on('error', () => socket.destroy())
    for (const take of takers) {
      const answer = take(request, socket, head)
      if (answer === 'taken') return
      if (answer !== 'not-mine') return refuse(socket, answer)
    }
    if (server.listenerCount('upgrade') === 1) return refuse(socket, 404)
    const written = socket.bytesWritten
    const look = () => socket.bytesWritten === written && refuse(socket, 404)
    setTimeout(look, OTHERS_MS).unref()
  })
}
