import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Photon } from './particle-photon.ts'

/** Where the access point of a simulated Photon can be reached, on this machine alone. */
export type SoftAp = {
  readonly host: string
  readonly port: number
  readonly close: () => Promise<void>
}

const HOST = '127.0.0.1'
const LONGEST_BODY = 4096
const IDLE_MS = 10_000
const HEAD = /^([a-z-]{1,32})\n(\d{1,4})\n\n/

const listening = async (server: Server): Promise<SoftAp> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, HOST, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    host: HOST,
    port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** The command and its body, when they are all there; `undefined`: not yet. `'malformed'`: they never will be. */
const commandIn = (said: string) => {
  const head = HEAD.exec(said)
  if (head === null) return said.length > LONGEST_BODY ? 'malformed' : undefined
  const length = Number(head[2])
  if (length > LONGEST_BODY) return 'malformed'
  const body = said.slice(head[0].length)
  return body.length < length ? undefined : { name: head[1] ?? '', body: body.slice(0, length) }
}

const serveOne = (photon: Photon, socket: Socket): void => {
  let said = ''
  socket.setTimeout(IDLE_MS, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString()
    const command = commandIn(said)
    if (command === undefined) return
    if (command === 'malformed') return void socket.destroy()
    socket.end(JSON.stringify(photon.answer(command.name, command.body) ?? { r: -1 }))
  })
}

/** The protocol of the first Photons: `name⏎length⏎⏎body`, one command a connection. */
export const serveTcp = (photon: Photon): Promise<SoftAp> =>
  listening(createServer((socket) => serveOne(photon, socket)))

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = ''
  for await (const chunk of request) {
    body += String(chunk)
    if (body.length > LONGEST_BODY) break
  }
  return body
}

/** The protocol of the later ones: the command is the path, the body is JSON whatever its type says. */
export const serveHttp = (photon: Photon): Promise<SoftAp> =>
  listening(
    createHttpServer((request, response) => {
      response.setHeader('connection', 'close')
      bodyOf(request).then(
        (body) => {
          const answer = photon.answer((request.url ?? '').slice(1), body)
          response.writeHead(answer === undefined ? 404 : 200)
          response.end(JSON.stringify(answer ?? { r: -1 }))
        },
        () => response.destroy(),
      )
    }),
  )
