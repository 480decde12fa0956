import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api } from '../support/api.ts'
import { documentAt, type OpenApi } from '../support/documents.ts'
import { type Edge, edgesOf, isBland, WORDS_UNDER } from '../support/edges.ts'
import { askRaw } from '../support/raw.ts'
import { startServer, type TestServer } from '../support/server.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'

let server: TestServer
let edges: readonly Edge[]
let document: OpenApi
beforeAll(async () => {
  server = await startServer()
  edges = await edgesOf(server)
  document = await documentAt<OpenApi>(server.httpUrl, '/openapi.json')
})
afterAll(async () => {
  expect((await api(server.httpUrl).get('/healthz')).status).toBe(200)
  await server.close()
})

/** Everything that a path may have in the place of a name, and what is no name. */
const ODD_NAMES = [
  '%zz',
  '%',
  '%e0%a4%a',
  '%c3%28',
  '%ff',
  '%00',
  '%0d%0aset-cookie:%20a=b',
  '__proto__',
  'constructor',
  'toString',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e',
  '%25%32%65',
  '*',
  ':id',
  '{{7*7}}',
  '%24%7bjndi:ldap:x%7d',
  "'%20or%201=1--",
  '<script>',
  'a'.repeat(1025),
  'a'.repeat(8000),
]

describe('a name that nobody can read is refused in the words of the dialect it lies under', () => {
  test.each(WORDS_UNDER)('%s', async (path, words) => {
    for (const method of ['GET', 'POST', 'DELETE'])
      for (const name of ODD_NAMES) {
        const answer = await askRaw(server.httpUrl, { method, path: `${path}/${name}` })
        expect([name.slice(0, 40), answer.status >= 400 && answer.status < 500]).toEqual([
          name.slice(0, 40),
          true,
        ])
        words(answer)
        isBland(answer)
        expect(answer.text).not.toMatch(/jndi|<script|passwd|aaaa|7\*7/)
      }
  })
})

/** Other ways to write a path; a proxy may have checked it in one way, and the router read it in another. */
const VARIANTS: readonly ((path: string) => string)[] = [
  (path) => `/${path}`,
  (path) => `//${path}`,
  (path) => `${path}/`,
  (path) => `${path}//`,
  (path) => `${path};`,
  (path) => `${path};jsessionid=1`,
  (path) => `${path}.json`,
  (path) => `${path}%20`,
  (path) => `${path}%00`,
  (path) => `${path}%2f`,
  (path) => `${path}?`,
  (path) => `${path}?access_token=x&token=x&authToken=x`,
  (path) => `${path}#x`,
  (path) => path.toUpperCase(),
  (path) => path.replace('/', '/./'),
  (path) => path.replace('/', '/x/../'),
  (path) => path.replace('/', '/%2e%2e/'),
  (path) => path.replace('/', '\\'),
  (path) => path.replace(/\/(\w)/, (_, letter: string) => `/%${letter.charCodeAt(0).toString(16)}`),
  (path) => path.replaceAll('/', '%2f').replace('%2f', '/'),
]

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']

/** Headers by which some frameworks let a request say that it is another one. */
const OVERRIDES = {
  'X-HTTP-Method-Override': 'DELETE',
  'X-Method-Override': 'DELETE',
  'X-Original-URL': '/healthz',
  'X-Rewrite-URL': '/healthz',
  'X-Forwarded-Prefix': '/healthz',
}

// research/security.md S114.
describe('without a token no way of writing a call does it', () => {
  test('of the native API', async () => {
    const guarded = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { security }]) =>
        security.length === 0 ? [] : [[method, path.replace(/\{\w+\}/g, NOBODY)] as const],
      ),
    )
    expect(guarded.length).toBeGreaterThan(50)
    for (const [method, path] of guarded)
      for (const vary of VARIANTS) {
        const wanted = { method: method.toUpperCase(), path: vary(path), headers: OVERRIDES }
        const { status } = await askRaw(server.httpUrl, wanted)
        expect([vary(path), [400, 401, 404]]).toEqual([
          vary(path),
          expect.arrayContaining([status]),
        ])
      }
  })

  test('of the platforms', async () => {
    const paths = [
      ...[
        '/api/device',
        '/api/tenant/devices?pageSize=1&page=0',
        '/api/auth/user',
        '/api/customers',
      ],
      ...[`/api/customer/device/${NOBODY}/claim`, `/api/device/${NOBODY}/credentials`],
      ...[
        '/v1/devices',
        '/v1/access_tokens',
        '/v1/user',
        '/v1/device_claims',
        '/v1/products/x/devices',
      ],
      ...['/homes', '/homes/1', '/homes/1/members', '/devices/1', '/userSession', '/users/1'],
      ...['/v2/me/things', '/v2/me/things/x', '/v2/me/resources', '/logout'],
    ]
    for (const path of paths)
      for (const vary of VARIANTS)
        for (const method of METHODS) {
          const answer = await askRaw(server.httpUrl, {
            method,
            path: vary(path),
            headers: OVERRIDES,
          })
          // What may be asked of a path from another page is no secret: MODE's preflight.
          if (method === 'OPTIONS' && answer.status === 204) continue
          // Who ends no token has done so: research/particle.md 6.10.
          if (method === 'DELETE' && path === '/v1/access_tokens' && answer.status === 200) continue
          expect([method, vary(path), answer.status >= 400 && answer.status < 500]).toEqual([
            method,
            vary(path),
            true,
          ])
        }
  })

  test('and no method that is not named does what another does', async () => {
    for (const edge of edges)
      for (const method of METHODS.filter((one) => !['POST', 'OPTIONS'].includes(one))) {
        const { path, headers } = edge
        const body = method === 'HEAD' ? '' : JSON.stringify(edge.body)
        const all = { ...headers, ...OVERRIDES, 'X-HTTP-Method-Override': 'POST' }
        const answer = await askRaw(server.httpUrl, { method, path, headers: all, body })
        // A list lies under the same path as what adds to it.
        if (answer.status === 200) expect(['GET', 'HEAD']).toContain(method)
        else expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(answer.status).toBeLessThan(500)
      }
  })
})
