import { once } from 'node:events'
import { connect } from 'node:net'

/** An answer as it stood on the wire. */
export type RawAnswer = {
  readonly status: number
  /** Names as they were written, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly text: string
}

/** A header by its name in small letters. */
export const headerOf = ({ headers }: RawAnswer, wanted: string): string | undefined =>
  headers.find(([name]) => name.toLowerCase() === wanted)?.[1]

const answerIn = (came: string): RawAnswer | undefined => {
  const end = came.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [start = '', ...lines] = came.slice(0, end).split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  return { status: Number(start.split(' ')[1]), headers, text: came.slice(end + 4) }
}

/** Sends bytes as they are, and answers all that comes until the server hangs up (or `until` says that it is enough). */
export const spoken = async (
  httpUrl: string,
  bytes: string | Buffer,
  until: (came: string) => boolean = () => false,
): Promise<string> => {
  const { hostname, port } = new URL(httpUrl)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  let came = ''
  socket.on('data', (part: Buffer) => {
    came += part.toString('latin1')
    if (until(came)) socket.destroy()
  })
  const closed = once(socket, 'close')
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  await closed
  return came
}

export type RawRequest = {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** A request of which nothing is corrected on the way. */
export const bytesOf = ({ method, path, headers = {}, body = '' }: RawRequest): Buffer => {
  const content = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
  const length =
    content.length === 0 && method === 'GET' ? {} : { 'Content-Length': content.length }
  const all = { Host: 'latchkey.test', Connection: 'close', ...length, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  const head = [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')
  return Buffer.concat([Buffer.from(head, 'latin1'), content])
}

/** Asks over a connection of its own. Throws when nothing that is HTTP comes back. */
export const askRaw = async (httpUrl: string, request: RawRequest): Promise<RawAnswer> => {
  const answer = answerIn(await spoken(httpUrl, bytesOf(request)))
  if (answer === undefined) throw new Error(`no answer to ${request.method} ${request.path}`)
  return answer
}
