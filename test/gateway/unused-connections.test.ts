import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { ADMIN, startServer } from '../support/server.ts'

test('a connection on which nothing was asked does not hold up the end', async () => {
  const server = await startServer()
  const { hostname, port } = new URL(server.httpUrl)
  const silent = connect(Number(port), hostname)
  await once(silent, 'connect')
  const closed = once(silent, 'close')
  // Node alone would wait for it as long as for a header: 15 s, longer than this test may take.
  await server.close()
  await closed
  expect(silent.destroyed).toBe(true)
})

test('a request that is under way is answered, and its connection does not hold up the end', async () => {
  const server = await startServer()
  const { hostname, port } = new URL(server.httpUrl)
  const client = connect(Number(port), hostname)
  const body = JSON.stringify(ADMIN)
  let heard = ''
  client.setEncoding('utf8').on('data', (text: string) => {
    heard += text
  })
  client.write(
    [
      'POST /latchkey/v1/sessions HTTP/1.1',
      `host: ${hostname}:${port}`,
      'content-type: application/json',
      `content-length: ${body.length}`,
      'expect: 100-continue',
      '\r\n',
    ].join('\r\n'),
  )
  // Now it is under way.
  await once(client, 'data')
  const ended = once(client, 'close')
  client.write(body)
  await server.close()
  await ended
  expect(heard).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 Created\r\n/)
  expect(heard.toLowerCase()).toContain('\r\nconnection: close\r\n')
})
