import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { readConfig } from '../../shared/config.ts'
import { addressIn, isLoopback, networkOf } from '../../shared/guard/network.ts'
import { clientBehind, readProxies } from '../../shared/guard/proxies.ts'
import { type Api, api, customer, signIn } from '../support/api.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'

describe('the network a client is counted under', () => {
  // RFC 4291 2.2, 2.5.5.2; RFC 5952.
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff::', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]:4711', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['2001:db8::192.0.2.1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s is %s', (ip, network) => expect(networkOf(ip)).toBe(network))

  test.each(['', 'unknown', '_hidden', '1.2.3', '1.2.3.4.5', ':::', '1:2', 'x'.repeat(99)])(
    'what is no address is counted with all that is none: %j',
    (text) => expect([addressIn(text), networkOf(text)]).toEqual([undefined, 'unknown']),
  )

  test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'])(
    '%s is this machine',
    (ip) => expect(isLoopback(ip)).toBe(true),
  )
  test.each(['128.0.0.1', '::2', '1.127.0.0', '127.example'])('%s is not', (ip) =>
    expect(isLoopback(ip)).toBe(false),
  )
})

describe('the client behind proxies', () => {
  const { isProxy } = readProxies('10.0.0.0/8, 2001:db8:aa::/48')
  test.each([
    ['a stranger says who he is', '198.51.100.1', '203.0.113.9', '198.51.100.1'],
    ['a proxy says for whom', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    [
      'a proxy says what its client said, too',
      '10.0.0.1',
      '203.0.113.9, 198.51.100.1',
      '198.51.100.1',
    ],
    ['two proxies', '10.0.0.1', '203.0.113.9,198.51.100.1 , 10.0.0.2', '198.51.100.1'],
    ['a proxy of IPv6', '2001:db8:aa::1', '2001:db8:bb::1', '2001:db8:bb::1'],
    ['a proxy as IPv4-mapped', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['a proxy says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['only proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['a proxy says nonsense', '10.0.0.1', 'localhost', 'unknown'],
  ])('%s', (_, peer, forwarded, client) =>
    expect(clientBehind(isProxy, peer, forwarded)).toBe(client),
  )
})

describe('the setting', () => {
  test.each([
    'true',
    '1',
    '*',
    'loopback',
    '10.0.0.1',
    '10.0.0.0/33',
    'proxy.example',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/8,all',
  ])('refuses "%s", in words', (text) => {
    const config = readConfig({ LATCHKEY_TRUST_PROXY: text }, tmpdir())
    expect('faults' in config && config.faults).toEqual([
      expect.stringMatching(/^LATCHKEY_TRUST_PROXY: "[^"]+" (is no network like|would trust)/),
    ])
  })

  test('believes nobody by itself', () => {
    const config = readConfig({}, mkdtempSync(join(tmpdir(), 'latchkey-')))
    if ('faults' in config) throw new Error(config.faults.join())
    expect(['127.0.0.1', '10.0.0.1', '::1'].map(config.isProxy)).toEqual([false, false, false])
  })
})

/** Strangers fail from one place, and say each time that they come from another. */
describe('what is counted by address', () => {
  const servers: TestServer[] = []
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  afterAll(async () => {
    for (const server of servers) await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const started = async (settings: Readonly<Record<string, string>> = {}) => {
    const server = await startServer({ LATCHKEY_AUDIT_ADDRESSES: 'full', ...settings })
    servers.push(server)
    return server
  }

  const guess = async (who: Api, forwarded: string) => {
    const headers = { 'x-forwarded-for': forwarded }
    const reply = await who.post(`${V1}/claims`, { device: 'no-such', secret: 'x' }, headers)
    return reply.status
  }

  /** An address has 200 wrong tries; every account 20 (docs/operations.md). `answers` of the last account's 40. */
  const afterTenFailed = async ({ httpUrl }: TestServer, from: (i: number) => string) => {
    let tries = 0
    for (let account = 0; account < 10; account++) {
      const eve = await customer(httpUrl)
      for (let i = 0; i < 20; i++) expect(await guess(eve, from(tries++))).toBe(403)
    }
    const last = await customer(httpUrl)
    const answers: number[] = []
    for (let i = 0; i < 40; i++) answers.push(await guess(last, from(tries++)))
    return answers.filter((status) => status === 403).length
  }

  const fake = (i: number) => `198.51.${100 + (i >> 8)}.${i & 255}`

  // research/security.md S107.
  test('is not evaded by saying another address each time', async () => {
    expect(await afterTenFailed(await started(), fake)).toBe(1)
  })

  test('behind a proxy that is believed is each client by itself', async () => {
    const server = await started({ LATCHKEY_TRUST_PROXY: '127.0.0.0/8' })
    expect(await afterTenFailed(server, fake)).toBe(20)
  })

  test('behind it is not evaded by what the client says before it', async () => {
    const server = await started({ LATCHKEY_TRUST_PROXY: '127.0.0.0/8' })
    expect(await afterTenFailed(server, (i) => `${fake(i)}, 203.0.113.7`)).toBe(1)
  })

  test('behind it is one /64 of IPv6, in whatever spelling', async () => {
    const server = await started({ LATCHKEY_TRUST_PROXY: '127.0.0.0/8' })
    const inOne64 = (i: number) => `2001:DB8:0:${i % 2 ? '7' : '0007'}:${i.toString(16)}::1`
    expect(await afterTenFailed(server, inOne64)).toBe(1)
  })

  const signInsIn = async ({ httpUrl }: TestServer) => {
    const maker = await signIn(httpUrl)
    const lines = (await maker.get(`${V1}/audit`)).text.split('\n').filter((line) => line !== '')
    return lines
      .map((line) => JSON.parse(line) as { type: string; from?: string })
      .filter(({ type }) => type === 'sign-in.ok')
      .map(({ from }) => from)
  }

  test('is what the audit says', async () => {
    const forwarded = { 'x-forwarded-for': '192.0.2.44' }
    const [open, closed] = [
      await started({ LATCHKEY_TRUST_PROXY: '127.0.0.1/32' }),
      await started(),
    ]
    for (const { httpUrl } of [open, closed])
      expect((await api(httpUrl).post(`${V1}/sessions`, ADMIN, forwarded)).status).toBe(201)
    expect(await signInsIn(open)).toContain('192.0.2.44')
    expect(await signInsIn(closed)).not.toContain('192.0.2.44')
  })

  test('the numbers of an operator are not for whom a proxy on this machine serves', async () => {
    for (const { httpUrl } of [
      await started(),
      await started({ LATCHKEY_TRUST_PROXY: '127.0.0.1/32' }),
    ]) {
      const from = async (headers: Record<string, string>) =>
        (await api(httpUrl).get('/metrics', headers)).status
      expect(await from({})).toBe(200)
      for (const address of ['192.0.2.44', '127.0.0.1', ''])
        expect(await from({ 'x-forwarded-for': address })).toBe(404)
      expect(await from({ forwarded: 'for=192.0.2.44' })).toBe(404)
    }
  })

  describe('of MQTT over WebSocket', () => {
    let httpUrl: string
    beforeAll(async () => {
      const server = await started({
        LATCHKEY_TRUST_PROXY: '127.0.0.1/32',
        LATCHKEY_LIMITS: '{"connectionsPerAddress":2}',
      })
      httpUrl = server.httpUrl
    })

    const open = async (forwarded: string) => {
      const socket = new WebSocket(`${httpUrl.replace('http', 'ws')}/mqtt`, 'mqtt', {
        headers: { 'x-forwarded-for': forwarded },
      })
      const outcome = await once(socket, 'open').then(
        () => 'open' as const,
        () => 'refused' as const,
      )
      return { outcome, socket }
    }

    test('is the one that the proxy says', async () => {
      const came = []
      for (const from of ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2', '1.1.1.1, 192.0.2.1'])
        came.push(await open(from))
      expect(came.map(({ outcome }) => outcome)).toEqual([
        'open',
        'open',
        'refused',
        'open',
        'refused',
      ])
      for (const { socket } of came) socket.terminate()
    })
  })
})
