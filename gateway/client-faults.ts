import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

/** What Node's parser refuses before there is a request, by its code; all else is 400 (RFC 9112 2.2). */
const STATUS_OF: ReadonlyMap<string | undefined, number> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_HEADER_OVERFLOW', 431],
])
const LINGER_MS = 1000

const answerOf = (status: number): string => {
  const title = STATUS_CODES[status] ?? 'Error'
  const type = 'urn:latchkey:problem:bad-request'
  const body = JSON.stringify({ type, title, status, reason: 'bad-request' })
  return [
    `HTTP/1.1 ${status} ${title}`,
    'content-type: application/problem+json; charset=utf-8',
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n')
}

/**
 * Answers bytes that are no request, and ends the connection: whatever follows them could be read as another request than
 * somebody before us has read (research/security.md S112). No path is known, so there are no platform's words.
 */
export const answerNoRequest = ({ code }: NodeJS.ErrnoException, socket: Socket): void => {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  socket.end(answerOf(STATUS_OF.get(code) ?? 400))
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}
