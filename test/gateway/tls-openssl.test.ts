import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'mqtt-packet'
import { normalDigest } from '../../shared/registry/certificates.ts'
import { type BrokerAlone, startBrokerAlone } from '../support/broker.ts'
import {
  type Authority,
  type Certificate,
  createAuthority,
  describeWithOpenssl,
} from '../support/certificates.ts'
import { startServer, type TestServer } from '../support/server.ts'

let folder: string
let authority: Authority
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-openssl-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What `openssl s_client` says, and what came through it, `enough` bytes at most; `input` is sent after the handshake. */
const speak = async (
  port: number,
  args: readonly string[],
  input: string | Buffer = '',
  enough = Number.POSITIVE_INFINITY,
) => {
  const to = ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', authority.certPath]
  const child = spawn('openssl', [...to, '-verify_return_error', ...args])
  const out: Buffer[] = []
  let said = ''
  child.stdout.on('data', (part: Buffer) => {
    out.push(part)
    if (Buffer.concat(out).length >= enough) child.kill()
  })
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString()
  })
  child.stdin.on('error', () => undefined)
  if (input === '') child.stdin.end()
  else child.stdin.write(input)
  const [code] = await once(child, 'close')
  return { code: code as number, out: Buffer.concat(out), said }
}

type Row = readonly [
  what: string,
  args: readonly string[],
  protocol: 'TLSv1.2' | 'TLSv1.3' | undefined,
]

/** The client is willing to do anything, so that it is the server who refuses. */
const ANYTHING = 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'
const with12 = (cipher: string) => ['-tls1_2', '-cipher', `${cipher}:@SECLEVEL=0`]

/** research/security.md S138; RFC 9325 3.1.1, 4.1, 4.2. */
const HANDSHAKES: readonly Row[] = [
  ['TLS 1.0', ['-tls1', '-cipher', ANYTHING], undefined],
  ['TLS 1.1', ['-tls1_1', '-cipher', ANYTHING], undefined],
  ['TLS 1.2', ['-tls1_2'], 'TLSv1.2'],
  ['TLS 1.3', ['-tls1_3'], 'TLSv1.3'],
  ['the best of both', [], 'TLSv1.3'],
  ['AES-GCM with forward secrecy', with12('ECDHE-RSA-AES128-GCM-SHA256'), 'TLSv1.2'],
  ['ChaCha20', with12('ECDHE-RSA-CHACHA20-POLY1305'), 'TLSv1.2'],
  ['CBC with forward secrecy, for old devices', with12('ECDHE-RSA-AES128-SHA256'), 'TLSv1.2'],
  ['no encryption', with12('eNULL'), undefined],
  ['no certificate', with12('aNULL'), undefined],
  ['no forward secrecy, GCM', with12('AES256-GCM-SHA384'), undefined],
  ['no forward secrecy, CBC', with12('AES128-SHA'), undefined],
  ['Camellia', with12('CAMELLIA'), undefined],
  ['ARIA', with12('ARIA'), undefined],
  ['a shared key', with12('PSK'), undefined],
  ['SRP', with12('SRP'), undefined],
  ['finite fields', with12('DHE-RSA-AES256-GCM-SHA384'), undefined],
]

describeWithOpenssl('openssl s_client', () => {
  let server: TestServer
  let broker: BrokerAlone
  beforeAll(async () => {
    authority = createAuthority(folder)
    const own = authority.issueRsa('server')
    server = await startServer({
      ...{ LATCHKEY_TLS_CERT: own.certPath, LATCHKEY_TLS_KEY: own.keyPath },
      LATCHKEY_TLS_CA: authority.certPath,
    })
    const { cert, key } = own
    broker = await startBrokerAlone({ tls: { cert, key, ca: authority.cert } })
  })
  afterAll(() => Promise.all([server.close(), broker.close()]))

  const portOf = (edge: 'HTTPS' | 'MQTTS') =>
    Number(new URL(edge === 'HTTPS' ? server.httpUrl : server.mqttUrl).port)

  test.each(HANDSHAKES)('%s', async (_, args, protocol) => {
    for (const edge of ['HTTPS', 'MQTTS'] as const) {
      const { code, said } = await speak(portOf(edge), ['-brief', ...args])
      if (protocol === undefined) {
        expect([edge, code]).toEqual([edge, 1])
        expect(said).toMatch(
          /handshake failure|protocol version|no protocols|no ciphers available|alert/i,
        )
      } else {
        expect([edge, code]).toEqual([edge, 0])
        expect(said).toContain(`Protocol version: ${protocol}`)
        expect(said).toContain('Verification: OK')
      }
    }
  })

  test('a renegotiation is refused', async () => {
    for (const edge of ['HTTPS', 'MQTTS'] as const) {
      const { said } = await speak(portOf(edge), ['-tls1_2'], 'R\n')
      expect(said).toMatch(/RENEGOTIATING[\s\S]*(no renegotiation|alert)/i)
    }
  })

  const CONNECT = generate({
    ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: 'c' },
  })
  const CONNACK_BYTES = 4
  const shown = ({ certPath, keyPath }: Certificate) => ['-cert', certPath, '-key', keyPath]

  /** The return code of the CONNACK. */
  const connack = async (certificate?: Certificate): Promise<number | undefined> => {
    const args = certificate === undefined ? [] : shown(certificate)
    const { out } = await speak(broker.port, ['-quiet', ...args], CONNECT, CONNACK_BYTES)
    return out[3]
  }

  const registered = async (certificate: Certificate) => {
    const { device } = await broker.makeDevice()
    const digest = normalDigest(new X509Certificate(certificate.cert).fingerprint256)
    expect(await broker.registry.certificates.set(device.project, device.id, digest)).toBe('set')
    return device
  }

  /** A client certificate, and whether the device is to be told who it is. [MQTT-3.2.2-5]: 5 is not authorised. */
  const strange: readonly (readonly [string, () => Certificate | undefined])[] = [
    ['none', () => undefined],
    ['of nobody', () => authority.issue('nobody')],
    ['that has expired', () => authority.issue('expired', 0)],
    ['of another CA', () => createAuthority(folder, 'elsewhere').issue('forged')],
    ['signed by itself', () => createAuthority(folder, 'itself')],
  ]
  test.each(strange)('a client certificate opens nothing: %s', async (what, make) => {
    const certificate = make()
    if (certificate !== undefined && what !== 'of nobody') await registered(certificate)
    expect(await connack(certificate)).toBe(5)
  })

  test('a client certificate that is good opens, and no longer when we have taken it back', async () => {
    const certificate = authority.issue('taken-back')
    const device = await registered(certificate)
    expect(await connack(certificate)).toBe(0)
    await broker.registry.certificates.set(device.project, device.id, undefined)
    expect(await connack(certificate)).toBe(5)
  })

  test('HTTPS asks nobody for a certificate, and who shows one is nobody', async () => {
    const request =
      'GET /latchkey/v1/devices HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'
    const asked = await speak(portOf('HTTPS'), ['-tls1_2'])
    expect(asked.out.toString()).toContain('No client certificate CA names sent')
    const offering = await speak(portOf('MQTTS'), ['-tls1_2'])
    expect(offering.out.toString()).toContain('Acceptable client certificate CA names')
    const certificate = authority.issue('browser')
    const { out } = await speak(portOf('HTTPS'), ['-quiet', ...shown(certificate)], request)
    expect(out.toString()).toMatch(/^HTTP\/1\.1 401 /)
  })
})
