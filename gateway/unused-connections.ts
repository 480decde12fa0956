import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Connections on which nothing was asked yet: clients open them ahead. Node takes them for busy when a server closes, so
 * they would hold it up until they time out. Answers what ends them, those that still come too.
 */
export const watchUnused = (server: Server, isTls: boolean): (() => void) => {
  const unused = new Set<Socket>()
  let isClosing = false
  const drop = (socket: Socket): void => void unused.delete(socket)
  server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    if (isClosing) return void socket.destroy()
    unused.add(socket)
    socket.once('close', () => drop(socket))
  })
  server.on('request', ({ socket }) => drop(socket))
  server.on('upgrade', ({ socket }) => drop(socket))
  return () => {
    isClosing = true
    for (const socket of unused) socket.destroy()
  }
}
