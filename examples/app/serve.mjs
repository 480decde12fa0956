import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

// The page, its script, and the client as the package has it. Your bundler or web server does this in earnest.
const { LATCHKEY_URL = 'http://127.0.0.1:8080', PORT = '3000' } = process.env
const HERE = new URL('.', import.meta.url)
const CLIENT = new URL('.', import.meta.resolve('latchkey/client'))

const FILES = new Map([
  ['/', ['text/html', new URL('index.html', HERE)]],
  ['/app.js', ['text/javascript', new URL('app.js', HERE)]],
])

/** A file that there is to serve. Names of the client have no slash, so that nothing else is reached. */
const fileOf = (path) => {
  const [, name] = /^\/client\/(\w+\.js)$/.exec(path) ?? []
  return name === undefined ? FILES.get(path) : ['text/javascript', new URL(name, CLIENT)]
}

const server = createServer(async ({ url = '/' }, reply) => {
  if (url === '/server.json') {
    reply.setHeader('content-type', 'application/json')
    return reply.end(JSON.stringify({ server: LATCHKEY_URL }))
  }
  const [type, file] = fileOf(url) ?? []
  const content = file && (await readFile(fileURLToPath(file)).catch(() => undefined))
  if (content === undefined) return reply.writeHead(404).end()
  reply.setHeader('content-type', `${type}; charset=utf-8`)
  reply.end(content)
})

server.listen(Number(PORT), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${server.address().port}`),
)
process.on('SIGTERM', () => process.exit(0))
