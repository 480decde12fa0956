import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { startServer } from '../support/server.ts'

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
