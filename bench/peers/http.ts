import { createServer } from 'node:http'

/** The floor on the HTTP side: reads a JSON body and answers with the same members as a claim. */
const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (part: string) => {
    text += part
  })
  request.on('end', () => {
    const { device } = JSON.parse(text)
    const answer = JSON.stringify({ id: device, state: 'claimed', device, epoch: 1 })
    response.writeHead(201, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer),
    })
    response.end(answer)
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ msg: 'ready', http: server.address() })}\n`)
})
process.on('SIGTERM', () => process.exit(0))
