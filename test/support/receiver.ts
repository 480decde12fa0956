import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a program of the maker was told. */
export type Told = {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test may look at any member of a message
  readonly body: any
}

/** A real HTTP server that takes what is posted to it, and answers as the test says. */
export const startReceiver = async () => {
  const came: Told[] = []
  const waiting: ((told: Told) => void)[] = []
  const answers: { status: number; headers?: Record<string, string> }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const { status, headers = {} } = answers.shift() ?? { status: 204 }
      response.writeHead(status, headers).end()
      const { url: path = '', headers: sent } = request
      const told = { path, headers: sent, text, body: JSON.parse(text) }
      const waiter = waiting.shift()
      if (waiter === undefined) came.push(told)
      else waiter(told)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    came,
    /** The next answers; then 204. */
    answer: (...next: (typeof answers)[number][]) => void answers.push(...next),
    next: (ms = 10_000): Promise<Told> =>
      new Promise((resolve, reject) => {
        const present = came.shift()
        if (present !== undefined) return resolve(present)
        const timer = setTimeout(() => reject(new Error('nothing came')), ms)
        waiting.push((told) => {
          clearTimeout(timer)
          resolve(told)
        })
      }),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>
