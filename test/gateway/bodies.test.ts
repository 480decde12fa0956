import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api } from '../support/api.ts'
import {
  bodyAs,
  EDGE_NAMES,
  type Edge,
  type EdgeName,
  edgesOf,
  isBland,
  sendTo,
} from '../support/edges.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let edges: ReadonlyMap<string, Edge>

beforeAll(async () => {
  server = await startServer()
  edges = new Map((await edgesOf(server)).map((edge) => [edge.name, edge]))
})
afterAll(async () => {
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  expect((await api(server.httpUrl).get('/healthz')).status).toBe(200)
  await server.close()
})

const edgeOf = (name: EdgeName): Edge => {
  const edge = edges.get(name)
  if (edge === undefined) throw new Error(name)
  return edge
}

const isNative = (name: EdgeName) => name.startsWith('a native')

test('the table has every edge', () => {
  expect([...edges.keys()]).toEqual([...EDGE_NAMES])
})

/** A member of a wrong type, in JSON that is good. */
const mistyped = ({ body, member }: Edge) => JSON.stringify({ ...body, [member]: { no: 'text' } })

/** research/security.md S101: what slipped past a schema in Fastify's own advisories. */
const TYPES: readonly (string | undefined)[] = [
  undefined,
  'application/json',
  'APPLICATION/JSON',
  'application/json; charset=utf-8',
  'application/json;',
  'application/json\t',
  '\tapplication/json',
  ' application/json',
  'application/json ; charset=utf-8',
  'application/json\ta',
  'application/json\u00a0',
  'application/json;x="',
  'application/problem+json',
  'text/json',
  'text/plain',
  'text/plain;application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  'nonsense',
  '/',
  ';',
  'x'.repeat(4000),
]

const FORM = 'application/x-www-form-urlencoded'

/** JSON that nobody should take, whatever stands in it beside (research/security.md S102, S103; RFC 8259). */
const BAD_JSON = ({ body, member }: Edge): readonly (string | Buffer)[] => {
  const rest = JSON.stringify(body).slice(1)
  return [
    `{"__proto__":{"polluted":true},${rest}`,
    `{"\\u005f_proto__":{"polluted":true},${rest}`,
    `{"constructor":{"prototype":{"polluted":true}},${rest}`,
    `{"a":{"b":[{"__proto__":{"polluted":true}}]},${rest}`,
    `{"${member}":"\\u0000"}`,
    `{"${member}":"\\ud800"}`,
    `{"\\udc00":1,${rest}`,
    `{"a":${'['.repeat(100)}${']'.repeat(100)},${rest}`,
    '['.repeat(100_000),
    `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`,
    Buffer.concat([Buffer.from(`{"${member}":"`), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
    Buffer.concat([
      Buffer.from(`{"${member}":"`),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}'),
    ]),
    Buffer.from(`{${rest}`, 'utf16le'),
    ...['{', '{"a":1,}', "{'a':1}", '{a:1}', '// {}', 'NaN', 'undefined', '{}{}', '\0', '{"a":01}'],
    ...['[]', '"text"', '1', 'true', '[1,[2,[3]]]', '1e400', '-'],
  ]
}

describe.each(EDGE_NAMES)('%s', (name) => {
  test('takes no bad JSON', async () => {
    const edge = edgeOf(name)
    for (const body of BAD_JSON(edge)) {
      const answer = await sendTo(server, edge, 'application/json', body)
      const shown = String(body).slice(0, 60)
      expect([shown, answer.status >= 400 && answer.status < 500]).toEqual([shown, true])
      edge.words(answer)
      isBland(answer)
    }
  })

  test('takes nothing that is too large', async () => {
    const edge = edgeOf(name)
    const large = JSON.stringify({ ...edge.body, [edge.member]: 'x'.repeat(1.1 * 1024 * 1024) })
    const many = JSON.stringify(
      Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`member ${i}`, i])),
    )
    for (const body of [large, many]) {
      const answer = await sendTo(server, edge, 'application/json', body)
      expect([403, 413]).toContain(answer.status)
      edge.words(answer)
    }
    const long = JSON.stringify({ ...edge.body, [edge.member]: 'x'.repeat(200_000) })
    const answer = await sendTo(server, edge, 'application/json', long)
    expect([400, 401, 403, 404, 413]).toContain(answer.status)
    edge.words(answer)
  })

  test('takes of a member that stands there twice the last', async () => {
    const edge = edgeOf(name)
    const body = JSON.stringify(edge.body).replace('{', `{"${edge.member}":{"no":"text"},`)
    const twice = await sendTo(server, edge, 'application/json', body)
    const once = await sendTo(server, edge, 'application/json', JSON.stringify(edge.body))
    expect(twice.status).toBe(once.status)
    const reversed = JSON.stringify(edge.body).replace(/}$/, `,"${edge.member}":{"no":"text"}}`)
    const refused = await sendTo(server, edge, 'application/json', reversed)
    expect([400, 401, 403, 404, 422]).toContain(refused.status)
    edge.words(refused)
  })

  test('takes no odd form, and no file', async () => {
    const edge = edgeOf(name)
    const forms = [
      '__proto__=1&__proto__[polluted]=true&constructor[prototype][polluted]=true',
      `${edge.member}=a&${edge.member}=b`,
      `${edge.member}[]=a`,
      `${edge.member}=%zz`,
      `${edge.member}=%c3%28`,
      `${edge.member}=%00`,
      '&=&'.repeat(10_000),
      'a=1&'.repeat(50_000),
    ]
    for (const body of forms) {
      const answer = await sendTo(server, edge, FORM, body)
      // The URL Standard, 5.1: what is no escape stands for itself, and any text is a link id.
      if (name === 'a thethings.io link' && /%(zz|c3)/.test(body)) {
        expect(answer.status).toBeLessThan(500)
        continue
      }
      expect([body.slice(0, 40), answer.status >= 400 && answer.status < 500]).toEqual([
        body.slice(0, 40),
        true,
      ])
      edge.words(answer)
      isBland(answer)
    }
    const part = (name: string, value: string, more = '') =>
      `--x\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
    const parts = [
      part('__proto__', 'x'),
      part('constructor', 'x'),
      part(edge.member, 'x', '; filename="../../etc/passwd"'),
      part(edge.member, 'x').repeat(1000),
      part(edge.member, 'x'.repeat(200_000)),
      '--x\r\n',
      'no boundary at all',
    ]
    for (const body of parts) {
      const type = 'multipart/form-data; boundary=x'
      const answer = await sendTo(server, edge, type, `${body}--x--\r\n`)
      expect([body.slice(0, 60), answer.status >= 400 && answer.status < 500]).toEqual([
        body.slice(0, 60),
        true,
      ])
      edge.words(answer)
      isBland(answer)
    }
  })

  test('is never believed to be of its form because of its Content-Type', async () => {
    const edge = edgeOf(name)
    for (const type of TYPES) {
      const answer = await sendTo(server, edge, type, mistyped(edge))
      expect([type, answer.status >= 400 && answer.status < 500]).toEqual([type, true])
      edge.words(answer)
      if (isNative(name))
        expect([type, [400, 415]]).toEqual([type, expect.arrayContaining([answer.status])])
    }
  })

  test('is understood as its own clients send it', async () => {
    const edge = edgeOf(name)
    const answer = await sendTo(server, edge, edge.type, bodyAs(edge.type, edge.body))
    expect([400, 415].includes(answer.status) && !/FAILURE|"invalid_grant"/.test(answer.text)).toBe(
      false,
    )
  })
})
