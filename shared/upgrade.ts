import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Takes an HTTP request that wants to become a WebSocket, at once: `taken` (the socket is its own from now on),
 * `not-mine` (nothing was done), or the status to refuse it with.
 */
export type UpgradeTaker = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
) => 'taken' | 'not-mine' | number
