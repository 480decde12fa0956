import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startServer, type TestServer } from '../support/server.ts'

const PUBLIC = 'https://claim.example'
/** What the whole console may weigh on the wire, as gzip: script and style. */
const HEAVIEST = 60 * 1024

let server: TestServer
beforeAll(async () => {
  server = await startServer({ LATCHKEY_PUBLIC_URL: PUBLIC })
})
afterAll(() => server.close())

const get = (path: string) => fetch(`${server.httpUrl}${path}`, { redirect: 'manual' })

test.each([
  '/console',
  '/console/',
  '/console/devices',
  '/console/devices/a%2Fb%3Cc',
  '/console/x/y',
])(
  '%s is the one page, which may load and ask nothing but its own host, in no frame',
  async (path) => {
    const reply = await get(path)
    expect(reply.status).toBe(200)
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = reply.headers.get('content-security-policy')?.split('; ')
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ]),
    )
    expect(reply.headers.get('x-frame-options')).toBe('DENY')
    expect(reply.headers.get('referrer-policy')).toBe('no-referrer')
    expect(reply.headers.get('permissions-policy')).toContain('camera=()')
    expect(await reply.text()).not.toMatch(/style=|<script(?! type="module" src="\/)/)
  },
)

test('the console is small', async () => {
  const files = ['/console.js', '/console-chunk.js', '/console-labels.js', '/console.css']
  const replies = await Promise.all(files.map(get))
  expect(replies.map(({ status }) => status)).toEqual(files.map(() => 200))
  const bytes = await Promise.all(
    replies.map(async (reply) => gzipSync(Buffer.from(await reply.arrayBuffer())).length),
  )
  expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(HEAVIEST)
})

test('what the console prints leads where people are to go', async () => {
  const reply = await get('/console.json')
  expect(await reply.json()).toEqual({ publicUrl: PUBLIC })
  expect(reply.headers.get('cache-control')).toBe('no-store')
})

test('nothing is changed by asking for a page', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
    expect((await fetch(`${server.httpUrl}/console`, { method })).status).toBe(404)
})
