import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Connections that would hold a closing server up until they time out, because Node takes them for busy: those on which
 * nothing was asked yet (clients open them ahead), and those whose answer was under way, which nobody looks at again
 * when it is done. Answers what ends the first, those that still come too, and the second as soon as they are answered.
 */
export const watchUnused = (server: Server, isTls: boolean): (() => void) => {
  const unused = new Set<Socket>()
  const answering = new Map<ServerResponse, Socket>()
  let isClosing = false
  const drop = (socket: Socket): void => void unused.delete(socket)
  const endAfter = (response: ServerResponse, socket: Socket): void => {
    // Says `Connection: close`, where the head was not sent yet.
    response.shouldKeepAlive = false
    response.once('finish', () => socket.end())
  }
  server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    if (isClosing) return void socket.destroy()
    unused.add(socket)
    socket.once('close', () => drop(socket))
  })
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    drop(socket)
    if (isClosing) return endAfter(response, socket)
    answering.set(response, socket)
    response.once('close', () => answering.delete(response))
  })
  server.on('upgrade', ({ socket }) => drop(socket))
  return () => {
    isClosing = true
    for (const socket of unused) socket.destroy()
    for (const [response, socket] of answering) endAfter(response, socket)
  }
}
