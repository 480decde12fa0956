import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api, customer } from '../support/api.ts'
import { askRaw, bytesOf, headerOf, spoken } from '../support/raw.ts'
import { startServer, type TestServer } from '../support/server.ts'

const CLAIMS = '/latchkey/v1/claims'

let server: TestServer
let token: string
beforeAll(async () => {
  server = await startServer()
  token = (await customer(server.httpUrl)).token as string
})
afterAll(() => server.close())

const statusesIn = (came: string): number[] =>
  [...came.matchAll(/(?:^|\r\n|})HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

const lines = (...all: readonly string[]) => [...all, '', ''].join('\r\n')
const HOST = 'Host: latchkey.test'
const POST = `POST ${CLAIMS} HTTP/1.1`
const JSON_TYPE = 'Content-Type: application/json'
const CHUNKED = 'Transfer-Encoding: chunked'
const SMUGGLED = lines(`GET /healthz HTTP/1.1`, HOST, 'Connection: close')

/** RFC 9112: what two readers could read as two different requests. `SMUGGLED` is what only one of them would see. */
const AMBIGUOUS: readonly (readonly [string, string])[] = [
  // 6.1, 6.3: a length and a transfer coding.
  ['CL.TE', `${lines(POST, HOST, JSON_TYPE, 'Content-Length: 4', CHUNKED)}0\r\n\r\n${SMUGGLED}`],
  ['TE.CL', `${lines(POST, HOST, JSON_TYPE, CHUNKED, 'Content-Length: 4')}0\r\n\r\n${SMUGGLED}`],
  [
    'two lengths',
    `${lines(POST, HOST, 'Content-Length: 0', `Content-Length: ${SMUGGLED.length}`)}${SMUGGLED}`,
  ],
  ['a list of lengths', `${lines(POST, HOST, 'Content-Length: 0, 0')}${SMUGGLED}`],
  ['a length with a sign', `${lines(POST, HOST, 'Content-Length: +0')}${SMUGGLED}`],
  ['a negative length', `${lines(POST, HOST, 'Content-Length: -1')}${SMUGGLED}`],
  ['a length in hex', `${lines(POST, HOST, 'Content-Length: 0x0')}${SMUGGLED}`],
  ['a length of 30 digits', `${lines(POST, HOST, `Content-Length: ${'9'.repeat(30)}`)}${SMUGGLED}`],
  [
    'another coding after chunked',
    `${lines(POST, HOST, 'Transfer-Encoding: chunked, identity')}0\r\n\r\n${SMUGGLED}`,
  ],
  ['chunked misspelt', `${lines(POST, HOST, 'Transfer-Encoding: xchunked')}0\r\n\r\n${SMUGGLED}`],
  [
    'chunked twice',
    `${lines(POST, HOST, 'Transfer-Encoding: chunked, chunked')}0\r\n\r\n${SMUGGLED}`,
  ],
  // 5.1: no whitespace before the colon; 5.2: no folding.
  [
    'a space before the colon',
    `${lines(POST, HOST, 'Transfer-Encoding : chunked')}0\r\n\r\n${SMUGGLED}`,
  ],
  ['a folded header', `${lines(POST, HOST, 'Transfer-Encoding:', ' chunked')}0\r\n\r\n${SMUGGLED}`],
  [
    'a header that begins with a space',
    `${lines(POST, HOST, ' Transfer-Encoding: chunked')}0\r\n\r\n${SMUGGLED}`,
  ],
  ['a NUL in a header', `${lines(POST, HOST, 'X: a\0b')}${SMUGGLED}`],
  ['a bare CR in a header', `${lines(POST, HOST, 'X: a\rTransfer-Encoding: chunked')}${SMUGGLED}`],
  ['bare LFs', `${POST}\n${HOST}\nTransfer-Encoding: chunked\n\n0\n\n${SMUGGLED}`],
  // 7.1: a chunk.
  [
    'a chunk size with a sign',
    `${lines(POST, HOST, JSON_TYPE, CHUNKED)}+2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  [
    'a chunk size in 0x',
    `${lines(POST, HOST, JSON_TYPE, CHUNKED)}0x2\r\n{}\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  [
    'a chunk that is longer than it says',
    `${lines(POST, HOST, JSON_TYPE, CHUNKED, 'Authorization: Bearer TOKEN')}1\r\n{}\r\n0\r\n\r\n${SMUGGLED}`,
  ],
  [
    'a chunk size without end',
    `${lines(POST, HOST, JSON_TYPE, CHUNKED)}${'f'.repeat(40)}\r\n${SMUGGLED}`,
  ],
  // 3: the request line.
  ['HTTP/0.9', 'GET /healthz\r\n\r\n'],
  ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a version of its own', lines('GET /healthz HTTP/1.2', HOST)],
  ['a method of its own', lines('CLAIM / HTTP/1.1', HOST)],
  ['a space in the path', lines('GET /health z HTTP/1.1', HOST)],
  ['a TLS handshake', '\x16\x03\x01\x00\x05hello'],
  // 3.2: one Host.
  ['no Host', lines('GET /healthz HTTP/1.1', 'Connection: close')],
  ['two Hosts', lines('GET /healthz HTTP/1.1', HOST, 'Host: other.test', 'Connection: close')],
  ['headers without end', lines('GET /healthz HTTP/1.1', HOST, `X: ${'x'.repeat(64 * 1024)}`)],
]

// research/security.md S112.
describe('what can be read in two ways is refused, and nothing behind it is done', () => {
  test.each(AMBIGUOUS)('%s', async (_, bytes) => {
    const came = await spoken(server.httpUrl, bytes.replace('TOKEN', token))
    const statuses = statusesIn(came)
    expect(statuses).toHaveLength(1)
    expect([400, 405, 431, 505]).toContain(statuses[0])
    expect(came).not.toContain('alive')
    expect(came).not.toMatch(/Client Error|HPE_|llhttp|Parse Error/)
    expect(came).toContain('application/problem+json')
  })

  test('the whole of a target is a path, too, and its host does not count (RFC 9112 3.2.2)', async () => {
    const ask = (target: string) =>
      askRaw(server.httpUrl, { method: 'GET', path: target, headers: {} })
    const absolute = await ask('http://evil.test/latchkey/v1/devices')
    expect([401, 404]).toContain(absolute.status)
    for (const target of ['*', 'evil.test:443', '//evil.test/latchkey/v1/devices', '\\evil'])
      expect([400, 401, 404]).toContain((await ask(target)).status)
  })

  test('a right request in chunks is read, and the one behind it, too', async () => {
    const body = '{"device":"none","secret":"x"}'
    const chunks = `${body.length.toString(16)};ext=1\r\n${body}\r\n0\r\nX-Trailer: 1\r\n\r\n`
    const head = lines(POST, HOST, JSON_TYPE, CHUNKED, `Authorization: Bearer ${token}`)
    const came = await spoken(server.httpUrl, `${head}${chunks}${SMUGGLED}`)
    expect([statusesIn(came), came.includes('alive')]).toEqual([[403, 200], true])
  })

  test('an expectation that nobody knows is refused', async () => {
    const headers = { Expect: 'the-spanish-inquisition' }
    const answer = await askRaw(server.httpUrl, { method: 'POST', path: CLAIMS, headers })
    expect(answer.status).toBe(417)
  })

  test('a body that is longer than anybody reads is refused before it is there', async () => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    const huge = bytesOf({
      ...{ method: 'POST', path: CLAIMS },
      headers: { ...headers, 'Content-Length': '999999999999' },
    })
    const came = await spoken(server.httpUrl, huge)
    expect(statusesIn(came)).toEqual([413])
    const chunked = `${lines(POST, HOST, JSON_TYPE, CHUNKED, `Authorization: Bearer ${token}`)}`
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`
    const endless = await spoken(server.httpUrl, `${chunked}${chunk.repeat(20)}`, (text) =>
      text.includes('\r\n\r\n'),
    )
    expect(statusesIn(endless)).toEqual([413])
  })
})

// research/security.md S111: whoever sends it byte by byte, a request has 14 s, and is looked at once a second.
test('whoever never ends his request is cut, and everybody else is served meanwhile', async () => {
  const { hostname, port } = new URL(server.httpUrl)
  const begun = [
    '',
    'G',
    `POST ${CLAIMS} HTTP/1.1\r\n${HOST}\r\n`,
    lines(POST, HOST, JSON_TYPE, 'Content-Length: 100', `Authorization: Bearer ${token}`),
    lines(POST, HOST, JSON_TYPE, CHUNKED, `Authorization: Bearer ${token}`),
    lines('POST /login HTTP/1.1', HOST, 'Content-Length: 100'),
    lines('POST /oauth/token HTTP/1.1', HOST, 'Content-Length: 100'),
  ]
  const slow = begun.flatMap((start) => Array.from({ length: 40 }, () => start))
  const sockets = slow.map((start) => {
    const socket = connect(Number(port), hostname)
    let came = ''
    socket.on('error', () => undefined)
    socket.on('data', (part: Buffer) => {
      came += part.toString('latin1')
    })
    socket.write(start)
    const drip = setInterval(() => socket.write('a'), 1000)
    const closed = once(socket, 'close').then(() => clearInterval(drip))
    return { closed, said: () => came, start }
  })
  let isOver = false
  const over = Promise.all(sockets.map(({ closed }) => closed)).then(() => {
    isOver = true
  })
  let served = 0
  while (!isOver) {
    expect((await api(server.httpUrl, { token }).get('/latchkey/v1/devices')).status).toBe(200)
    served += 1
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 200))])
  }
  expect(served).toBeGreaterThan(1)
  for (const { said } of sockets)
    if (said() !== '') expect(statusesIn(said())[0]).toBeGreaterThanOrEqual(400)
  const after = await askRaw(server.httpUrl, { method: 'GET', path: '/healthz' })
  expect([after.status, headerOf(after, 'x-content-type-options')]).toEqual([200, 'nosniff'])
}, 60_000)
