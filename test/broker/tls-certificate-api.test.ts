import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { createAuthority, describeWithOpenssl } from '../support/certificates.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const DIGEST = 'ab'.repeat(32)

let server: TestServer
let maker: Api
beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())

const placeOf = (device: { id: string }) => `${V1}/devices/${device.id}/certificate`

describeWithOpenssl('a PEM', () => {
  test('is registered by its digest', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-pem-'))
    const { cert } = createAuthority(folder)
    rmSync(folder, { recursive: true })
    const device = await makeDevice(maker)
    const reply = await maker.put(placeOf(device), { pem: cert.toString() })
    const sha256 = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()
    expect([reply.status, reply.body]).toEqual([200, { sha256 }])
  })
})

test('a digest is taken as tools write it, and kept in one form', async () => {
  const device = await makeDevice(maker)
  const written = Array(32).fill('0C').join(':')
  const reply = await maker.put(placeOf(device), { sha256: written })
  expect([reply.status, reply.body]).toEqual([200, { sha256: '0c'.repeat(32) }])
})

test('what another device has is refused as taken, until it is given back', async () => {
  const [one, two] = [await makeDevice(maker), await makeDevice(maker)]
  expect((await maker.put(placeOf(one), { sha256: DIGEST })).status).toBe(200)
  const refused = await maker.put(placeOf(two), { sha256: DIGEST })
  expect([refused.status, refused.body.reason]).toEqual([409, 'name-taken'])
  expect((await maker.put(placeOf(one), { sha256: DIGEST })).status).toBe(200)
  expect((await maker.delete(placeOf(one))).status).toBe(204)
  expect((await maker.put(placeOf(two), { sha256: DIGEST })).status).toBe(200)
})

test.each([
  {},
  { pem: 'nonsense' },
  { pem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
  { sha256: 'ab' },
  { sha256: 'zz'.repeat(32) },
  { sha256: DIGEST, pem: 'x' },
  { sha256: [DIGEST] },
])('%j is no certificate', async (body) => {
  const device = await makeDevice(maker)
  const reply = await maker.put(placeOf(device), body)
  expect([reply.status, reply.body.reason]).toEqual([400, 'bad-request'])
})

test('only the maker sets a certificate, and only on a device of his', async () => {
  const device = await makeDevice(maker)
  const ada = await customer(server.httpUrl)
  expect((await ada.put(placeOf(device), { sha256: DIGEST })).status).toBe(403)
  expect((await ada.delete(placeOf(device))).status).toBe(403)
  expect((await maker.put(placeOf({ id: 'nothing' }), { sha256: DIGEST })).status).toBe(404)
})
