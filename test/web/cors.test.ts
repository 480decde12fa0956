import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { api, customer } from '../support/api.ts'
import { startServer, type TestServer } from '../support/server.ts'

const APP = 'https://app.example'
const V1 = '/latchkey/v1'

let server: TestServer
let closed: TestServer
beforeAll(async () => {
  server = await startServer({ LATCHKEY_ORIGINS: `${APP},http://localhost:5173` })
  closed = await startServer()
})
afterAll(() => Promise.all([server.close(), closed.close()]))

const preflight = (httpUrl: string, origin: string, path = `${V1}/claims`) =>
  fetch(`${httpUrl}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })

const allowed = ({ headers }: { headers: Headers }) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'))

describe('web pages of other origins', () => {
  test('may call the native API when they are on the list, without credentials', async () => {
    for (const origin of [APP, 'http://localhost:5173']) {
      const reply = await preflight(server.httpUrl, origin)
      expect(reply.status).toBe(204)
      expect(reply.headers.get('access-control-allow-origin')).toBe(origin)
      expect(reply.headers.get('access-control-allow-methods')).toBe(
        'GET, POST, PUT, PATCH, DELETE',
      )
      expect(reply.headers.get('access-control-allow-headers')).toContain('authorization')
      expect(reply.headers.get('access-control-allow-credentials')).toBeNull()
      expect(reply.headers.get('vary')).toBe('origin')
    }
  })

  test.each([
    'https://evil.example',
    'null',
    `${APP}.evil.example`,
    'https://evil-app.example',
    'http://app.example',
    `${APP}:8443`,
    `${APP}/`,
    `${APP}, https://evil.example`,
    '*',
  ])('are answered as if they had asked for nothing when they are not: %s', async (origin) => {
    expect(allowed(await preflight(server.httpUrl, origin))).toEqual([])
    expect(
      allowed(await api(server.httpUrl, { headers: { origin } }).get(`${V1}/devices`)),
    ).toEqual([])
  })

  test('may call nothing where there is no list', async () => {
    expect(allowed(await preflight(closed.httpUrl, APP))).toEqual([])
  })

  test('may call nothing but the native API', async () => {
    for (const path of ['/api/auth/login', '/v2/login', '/metrics', '/latchkey/v1x'])
      expect(allowed(await preflight(server.httpUrl, APP, path))).toEqual([])
  })

  test('can read refusals, where they are told of, and streams', async () => {
    const ada = await customer(server.httpUrl)
    const app = api(server.httpUrl, { token: ada.token as string, headers: { origin: APP } })
    const refused = await app.post(`${V1}/claims`, { device: 'nobody', secret: 'x' })
    expect(refused.status).toBe(403)
    expect(refused.headers.get('access-control-allow-origin')).toBe(APP)
    expect(refused.headers.get('access-control-expose-headers')).toContain('location')
    const nobody = api(server.httpUrl, { headers: { origin: APP } })
    const strange = await nobody.post(`${V1}/claims`, { device: 'nobody' })
    expect([strange.status, strange.headers.get('access-control-allow-origin')]).toEqual([401, APP])
    const { ticket } = (await app.post(`${V1}/tickets`)).body
    const stream = await fetch(`${server.httpUrl}${V1}/events?ticket=${ticket}`, {
      headers: { origin: APP, accept: 'text/event-stream' },
    })
    expect([stream.status, stream.headers.get('access-control-allow-origin')]).toEqual([200, APP])
    await stream.body?.cancel()
  })
})
