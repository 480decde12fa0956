import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readTls, TlsUnfit } from '../../shared/tls-files.ts'
import {
  type Authority,
  type Certificate,
  createAuthority,
  describeWithOpenssl,
} from '../support/certificates.ts'
import { connectDevice } from '../support/device.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const RESULT = 'latchkey/v1/claim/result'
const V1 = '/latchkey/v1'

let folder: string
let authority: Authority
let own: Certificate

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describeWithOpenssl('with a certificate of its own the server', () => {
  let server: TestServer
  beforeAll(async () => {
    authority = createAuthority(folder)
    own = authority.issue('server')
    server = await startServer({
      LATCHKEY_TLS_CERT: own.certPath,
      LATCHKEY_TLS_KEY: own.keyPath,
    })
  })
  afterAll(() => server.close())

  const mqttPort = () => Number(new URL(server.mqttUrl).port)
  const httpPort = () => Number(new URL(server.httpUrl).port)

  /** A call over HTTPS whose certificate is checked. */
  const call = (method: string, path: string, body: unknown, token?: string) =>
    // biome-ignore lint/suspicious/noExplicitAny: a test may look at any member of a reply
    new Promise<{ status: number; body: any }>((resolve, reject) => {
      const asked = request(
        {
          ...{ host: '127.0.0.1', port: httpPort(), ca: authority.cert, method },
          path: `${V1}${path}`,
          headers: {
            'content-type': 'application/json',
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
        },
        (reply) => {
          let text = ''
          reply.on('data', (data: Buffer) => {
            text += data.toString()
          })
          reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: JSON.parse(text) }))
        },
      )
      asked.on('error', reject)
      asked.end(JSON.stringify(body))
    })

  test('serves a whole claim over mqtts and https, to clients that check its certificate', async () => {
    const { body: maker } = await call('POST', '/sessions', ADMIN)
    const { body: device } = await call('POST', '/devices', { name: 'lamp' }, maker.token)
    const url = `mqtts://127.0.0.1:${mqttPort()}`
    const live = await connectDevice(url, device.token, [RESULT], { ca: authority.cert })
    await live.publish('latchkey/v1/claim', { secret: 'open sesame' })
    expect(await live.next(RESULT)).toMatchObject({ state: 'open' })
    const ada = { email: 'ada@example.com', password: 'correct horse' }
    await call('POST', '/users', ada)
    const { body: session } = await call('POST', '/sessions', ada)
    const claim = { device: 'lamp', secret: 'open sesame' }
    expect((await call('POST', '/claims', claim, session.token)).status).toBe(201)
    expect(await live.next(RESULT)).toMatchObject({ state: 'claimed', epoch: 1 })
    await live.end()
  })

  test('is not believed by clients that trust somebody else', async () => {
    const other = createAuthority(folder, 'other')
    const url = `mqtts://127.0.0.1:${mqttPort()}`
    await expect(connectDevice(url, 'x', [], { ca: other.cert })).rejects.toThrow()
  })

  test('serves devices over wss, on the port of https', async () => {
    const { body: maker } = await call('POST', '/sessions', ADMIN)
    const { body: device } = await call('POST', '/devices', { name: 'kettle' }, maker.token)
    const url = `wss://127.0.0.1:${httpPort()}/mqtt`
    const trusting = { wsOptions: { ca: authority.cert } }
    const live = await connectDevice(url, device.token, [RESULT], trusting)
    await live.publish('latchkey/v1/claim', { secret: 'open sesame' })
    expect(await live.next(RESULT)).toMatchObject({ state: 'open' })
    await live.end()
    await expect(connectDevice(url, 'nobody', [], trusting)).rejects.toMatchObject({ code: 5 })
  })

  const handshake = (port: number, options: ConnectionOptions) =>
    new Promise<string | null>((resolve, reject) => {
      const socket = connectTls({ host: '127.0.0.1', port, ca: authority.cert, ...options })
      socket.once('secureConnect', () => {
        resolve(socket.getProtocol())
        socket.destroy()
      })
      socket.once('error', reject)
    })

  test.each(['mqtt', 'http'])('speaks TLS 1.2 and 1.3 on %s, and nothing older', async (edge) => {
    const port = edge === 'mqtt' ? mqttPort() : httpPort()
    const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(handshake(port, { ...old, maxVersion: 'TLSv1.1' })).rejects.toThrow()
    expect(await handshake(port, { ...old, maxVersion: 'TLSv1.2' })).toBe('TLSv1.2')
    expect(await handshake(port, {})).toBe('TLSv1.3')
  })

  test('closes within 10 s who never shakes hands, and who says nothing after it', async () => {
    const began = Date.now()
    const mute = connectSocket(mqttPort(), '127.0.0.1')
    const polite = connectTls({ host: '127.0.0.1', port: mqttPort(), ca: authority.cert })
    for (const socket of [mute, polite]) socket.on('error', () => undefined).resume()
    await Promise.all([once(mute, 'close'), once(polite, 'close')])
    expect(Date.now() - began).toBeLessThan(10_000)
  })

  test('cuts who speaks without TLS, and harms nobody by that', async () => {
    const plain = connectSocket(mqttPort(), '127.0.0.1')
    plain.on('error', () => undefined).resume()
    plain.write(Buffer.from([0x10, 0x0c, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 0]))
    await once(plain, 'close')
    expect(await handshake(mqttPort(), {})).toBe('TLSv1.3')
  })

  test('ends in time with somebody in the middle of a handshake', async () => {
    const brief = await startServer({
      LATCHKEY_TLS_CERT: own.certPath,
      LATCHKEY_TLS_KEY: own.keyPath,
    })
    const mute = connectSocket(Number(new URL(brief.mqttUrl).port), '127.0.0.1')
    mute.on('error', () => undefined).resume()
    await once(mute, 'connect')
    const closed = once(mute, 'close')
    await brief.close()
    await closed
  })
})

describeWithOpenssl('TLS files', () => {
  test('that are not what they should be are said by name, before anything listens', () => {
    const one = createAuthority(folder, 'one')
    const two = createAuthority(folder, 'two')
    const { certPath: cert, keyPath: key } = one
    expect(readTls({ cert, key, ca: two.certPath }).ca).toEqual(two.cert)
    expect(() => readTls({ cert, key: two.keyPath })).toThrow(TlsUnfit)
    expect(() => readTls({ cert: key, key })).toThrow(key)
    expect(() => readTls({ cert, key, ca: key })).toThrow(key)
    expect(() => readTls({ cert, key: join(folder, 'gone') })).toThrow('gone')
  })
})
