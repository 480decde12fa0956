import { createServer } from 'node:http'

/** What a request of the simulation looked like. */
export type Request = {
  method: string
  path: string
  body: string
  authorization: string | undefined
  xAuthorization: string | undefined
}

/** One reply of the script: status, body, and headers if any. */
export type Scripted = [status: number, body?: unknown, headers?: Record<string, string>]

/** An HTTP server that answers by a table of `METHOD path` and records what was asked. */
export const startServer = async (script: Record<string, Scripted | (() => Scripted)>) => {
  const asked: Request[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const xAuthorization = headers['x-authorization']
      asked.push({
        method,
        path,
        body: Buffer.concat(parts).toString(),
        authorization: headers.authorization,
        xAuthorization: typeof xAuthorization === 'string' ? xAuthorization : undefined,
      })
      const row = script[`${method} ${path}`] ?? [404, 'no such path']
      const [status, body, extra] = typeof row === 'function' ? row() : row
      response.writeHead(status, { 'content-type': 'application/json', ...extra })
      response.end(body === undefined ? undefined : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
