import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What the network does to one request. `lose`: it is done, and its answer is lost. `hold`: nothing comes through before all has. */
export type Fate =
  | 'pass'
  | 'lose'
  | 'hold'
  | { readonly status: number; readonly headers: Record<string, string>; readonly body: string }

/** A network between a client and a server, on a port of its own. */
export type BadNetwork = {
  readonly url: string
  /** Method and path of every request, in order. */
  readonly seen: readonly string[]
  /** Decides about each request from now on. */
  readonly rule: (fateOf: (asked: string) => Fate) => void
  /** Cuts every connection there is. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

const forward = (
  to: string,
  asked: IncomingMessage,
  response: ServerResponse,
  answer: (reply: IncomingMessage) => void,
) => {
  const { host, ...headers } = asked.headers
  const sent = request(to + asked.url, { method: asked.method ?? 'GET', headers }, answer)
  sent.on('error', () => asked.socket.destroy())
  response.on('close', () => sent.destroy())
  asked.pipe(sent)
}

const passTo = (response: ServerResponse) => (reply: IncomingMessage) => {
  response.writeHead(reply.statusCode ?? 502, reply.headers)
  reply.pipe(response)
}

const holdFor = (response: ServerResponse) => (reply: IncomingMessage) => {
  const pieces: Buffer[] = []
  reply.on('data', (piece: Buffer) => pieces.push(piece))
  reply.on('end', () => {
    response.writeHead(reply.statusCode ?? 502, reply.headers).end(Buffer.concat(pieces))
  })
}

/** A proxy that does what a test says. */
export const startBadNetwork = async (upstream: string): Promise<BadNetwork> => {
  const seen: string[] = []
  const sockets = new Set<Socket>()
  let fateOf: (asked: string) => Fate = () => 'pass'
  const server = createServer((asked, response) => {
    const name = `${asked.method} ${asked.url}`
    seen.push(name)
    const fate = fateOf(name)
    switch (fate) {
      case 'pass':
        return forward(upstream, asked, response, passTo(response))
      case 'hold':
        return forward(upstream, asked, response, holdFor(response))
      case 'lose':
        return forward(upstream, asked, response, (reply) => {
          reply.resume().on('end', () => asked.socket.destroy())
        })
      default:
        asked.resume()
        response.writeHead(fate.status, fate.headers).end(fate.body)
    }
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    rule: (next) => {
      fateOf = next
    },
    cut,
    close: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
