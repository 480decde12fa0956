import { get } from 'node:http'
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api, signIn } from '../support/api.ts'
import { folder, startProcess } from '../support/process.ts'
import { startServer, type TestServer } from '../support/server.ts'

const FRAMER = 'https://shop.example'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

type Raw = { status: number; headers: Record<string, string | undefined>; body: Buffer }

/** Not `fetch`: it unpacks what came. */
const ask = (url: string, headers: Record<string, string> = {}): Promise<Raw> =>
  new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Raw['headers'],
          body: Buffer.concat(chunks),
        }),
      )
    }).once('error', reject)
  })

const FILES = [
  ['/claim', 'text/html; charset=utf-8'],
  ['/c', 'text/html; charset=utf-8'],
  ['/claim.css', 'text/css; charset=utf-8'],
  ['/claim.js', 'text/javascript; charset=utf-8'],
  ['/widget.js', 'text/javascript; charset=utf-8'],
  ['/latchkey/verify-email', 'text/html; charset=utf-8'],
  ['/latchkey/reset-password', 'text/html; charset=utf-8'],
  ['/latchkey/member-invite', 'text/html; charset=utf-8'],
  ['/latchkey/transfer', 'text/html; charset=utf-8'],
  ['/letters.css', 'text/css; charset=utf-8'],
  ['/letters.js', 'text/javascript; charset=utf-8'],
] as const

describe.each(FILES)('%s', (path, type) => {
  test('comes plain, as gzip and as brotli, each with its own tag', async () => {
    const url = `${server.httpUrl}${path}`
    const plain = await ask(url)
    expect(plain.status).toBe(200)
    expect(plain.headers).toMatchObject({
      'content-type': type,
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
    })
    expect(plain.headers['content-encoding']).toBeUndefined()
    const gzip = await ask(url, { 'accept-encoding': 'gzip, deflate' })
    expect(gzip.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true)
    const br = await ask(url, { 'accept-encoding': 'gzip;q=1.0, br;q=0.5' })
    expect(br.headers['content-encoding']).toBe('br')
    expect(brotliDecompressSync(br.body).equals(plain.body)).toBe(true)
    const refused = await ask(url, { 'accept-encoding': 'br;q=0, gzip;q=0.000, *' })
    expect(refused.headers['content-encoding']).toBeUndefined()
    const tags = [plain, gzip, br].map(({ headers }) => headers.etag)
    expect(new Set(tags).size).toBe(3)
  })

  test('is not sent again to who has it', async () => {
    const url = `${server.httpUrl}${path}`
    const { etag = '' } = (await ask(url)).headers
    expect(etag).toMatch(/^"[^"]+"$/)
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask(url, { 'if-none-match': known })
      expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, etag])
    }
    expect((await ask(url, { 'if-none-match': '"other"' })).status).toBe(200)
  })
})

test.each([
  ['/claim', 'camera=(self)'],
  ['/latchkey/transfer', 'camera=()'],
])(
  '%s loads nothing but our own files, runs no script within it, and stands in no frame',
  async (path, camera) => {
    const { headers, body } = await ask(`${server.httpUrl}${path}`)
    const policy = new Map(
      (headers['content-security-policy'] ?? '').split('; ').map((rule) => {
        const [name = '', ...values] = rule.split(' ')
        return [name, values.join(' ')]
      }),
    )
    expect(Object.fromEntries(policy)).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'connect-src': "'self'",
      'img-src': "'self' data: blob:",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
      'trusted-types': "'none'",
    })
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
    })
    expect(headers['permissions-policy']).toContain(camera)
    expect(body.toString()).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i)
  },
)

test('a page of another host may show it in a frame where a setting says so', async () => {
  const open = await startServer({ LATCHKEY_FRAME_ORIGINS: FRAMER })
  try {
    const { headers } = await ask(`${open.httpUrl}/c`)
    expect(headers['content-security-policy']).toContain(`; frame-ancestors ${FRAMER};`)
    expect(headers['x-frame-options']).toBeUndefined()
    // What is asked there is answered with one tap: nobody lays his own page over it.
    const letter = await ask(`${open.httpUrl}/latchkey/transfer`)
    expect(letter.headers['x-frame-options']).toBe('DENY')
  } finally {
    await open.close()
  }
})

test('the page behind a letter is small', async () => {
  const { body } = await ask(`${server.httpUrl}/letters.js`)
  expect(gzipSync(body, { level: 9 }).length).toBeLessThan(10_000)
})

test('the element is one file of less than 40 KB, which any page may load', async () => {
  const { headers, body } = await ask(`${server.httpUrl}/widget.js`)
  expect(gzipSync(body, { level: 9 }).length).toBeLessThan(40_000)
  expect(body.toString()).not.toMatch(/\bimport\s*[("'{*]/)
  expect(headers).toMatchObject({
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
  })
})

test('/claim.json says whether anyone may make an account, and nothing of projects that are not there', async () => {
  const maker = await signIn(server.httpUrl)
  const make = (name: string, more: object) =>
    maker.post('/latchkey/v1/projects', { name, provisioning: 'pre', accounts: 'email', ...more })
  await make('open', {})
  await make('closed', { policy: { signUp: false } })
  await make('phones', { accounts: 'phone' })
  const asked = async (query: string) => {
    const { status, body } = await api(server.httpUrl).get(`/claim.json${query}`)
    return [status, body]
  }
  expect(await asked('')).toEqual([200, { signUp: true }])
  expect(await asked('?project=open')).toEqual([200, { signUp: true }])
  for (const project of ['closed', 'phones', 'nobody'])
    expect(await asked(`?project=${project}`)).toEqual([200, { signUp: false }])
  for (const query of [
    '?project=',
    '?other=1',
    `?project=${'x'.repeat(256)}`,
    '?project=a&project=b',
  ])
    expect((await asked(query))[0]).toBe(400)
})

test('the built program serves them, and an app can import the element', async () => {
  const { path, drop } = folder()
  const running = await startProcess(path)
  try {
    for (const [file] of FILES) expect((await ask(`${running.httpUrl}${file}`)).status).toBe(200)
    const name = 'latchkey/widget'
    // Where there is no DOM, a server that renders can load it all the same.
    expect(Object.keys(await import(name))).toEqual(['LatchkeyClaim', 'readFragment'])
  } finally {
    running.kill('SIGKILL')
    await running.exited
    drop()
  }
})
