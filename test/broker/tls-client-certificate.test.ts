import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
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
import { connectDevice } from '../support/device.ts'

const RESULT = 'latchkey/v1/claim/result'

let folder: string
let authority: Authority
let broker: BrokerAlone
let url: string

const digestOf = ({ cert }: Certificate) => normalDigest(new X509Certificate(cert).fingerprint256)

/** A device that has this certificate. */
const certified = async (certificate: Certificate) => {
  const made = await broker.makeDevice()
  const { project, id } = made.device
  expect(await broker.registry.certificates.set(project, id, digestOf(certificate))).toBe('set')
  return made
}

const showing = ({ cert, key }: Certificate) => ({ ca: authority.cert, cert, key })

/** Connects without a user name. */
const connectWith = (certificate: Certificate, protocolVersion: 4 | 5 = 4) =>
  connectDevice(url, undefined as never, [RESULT], { ...showing(certificate), protocolVersion })

describeWithOpenssl('with a CA', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-x509-'))
    authority = createAuthority(folder)
    const { cert, key } = authority.issue('server')
    broker = await startBrokerAlone({ tls: { cert, key, ca: authority.cert } })
    url = `mqtts://127.0.0.1:${broker.port}`
  })
  afterAll(async () => {
    await broker.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([4, 5] as const)(
    'a device is known by its certificate, without a user name (MQTT version %i)',
    async (version) => {
      const certificate = authority.issue(`lamp-${version}`)
      const { device } = await certified(certificate)
      const live = await connectWith(certificate, version)
      await live.publish('latchkey/v1/claim', { secret: 'open sesame' })
      expect(await live.next(RESULT)).toMatchObject({ state: 'open' })
      const record = await broker.registry.devices.get(device.project, device.id)
      expect(record?.window).toBeDefined()
      await live.end()
    },
  )

  test('the certificate says who it is, whatever the user name says', async () => {
    const certificate = authority.issue('kettle')
    const { device } = await certified(certificate)
    const other = await broker.makeDevice()
    const live = await connectDevice(url, other.token, [RESULT], showing(certificate))
    await live.publish('latchkey/v1/claim', { secret: 'open sesame' })
    await live.next(RESULT)
    const windowOf = async (id: typeof device.id) =>
      (await broker.registry.devices.get(device.project, id))?.window
    expect(await windowOf(device.id)).toBeDefined()
    expect(await windowOf(other.device.id)).toBeUndefined()
    await live.end()
  })

  test.each([
    ['nobody has registered', () => authority.issue('unregistered')],
    ['has expired', () => authority.issue('expired', 0)],
    ['another CA has signed', () => createAuthority(folder, 'evil').issue('forged')],
    ['has signed itself', () => createAuthority(folder, 'self-signed')],
  ])(
    'a certificate that %s gives no rights, and the user name still counts',
    async (what, make) => {
      const certificate = make()
      const { token } = what.startsWith('nobody')
        ? await broker.makeDevice()
        : await certified(certificate)
      await expect(connectWith(certificate)).rejects.toMatchObject({ code: 5 })
      const live = await connectDevice(url, token, [RESULT], showing(certificate))
      await live.publish('latchkey/v1/claim', { secret: 'open sesame' })
      expect(await live.next(RESULT)).toMatchObject({ state: 'open' })
      await live.end()
    },
  )

  test('without a certificate the user name counts, and nothing else', async () => {
    const { token } = await broker.makeDevice()
    const live = await connectDevice(url, token, [], { ca: authority.cert })
    await live.end()
    const nobody = connectDevice(url, undefined as never, [], { ca: authority.cert })
    await expect(nobody).rejects.toMatchObject({ code: 5 })
  })

  test('a replaced certificate ends the live connection, and only the new one opens', async () => {
    const former = authority.issue('former')
    const newer = authority.issue('newer')
    const { device } = await certified(former)
    const live = await connectWith(former)
    const { certificates } = broker.registry
    await certificates.set(device.project, device.id, digestOf(newer))
    await live.closed
    await expect(connectWith(former)).rejects.toMatchObject({ code: 5 })
    await (await connectWith(newer)).end()
  })

  test('a certificate that is taken back ends the live connection, and another device may have it', async () => {
    const certificate = authority.issue('taken-back')
    const { device } = await certified(certificate)
    const live = await connectWith(certificate)
    await broker.registry.certificates.set(device.project, device.id, undefined)
    await live.closed
    await expect(connectWith(certificate)).rejects.toMatchObject({ code: 5 })
    await certified(certificate)
    await (await connectWith(certificate)).end()
  })

  test('the same certificate set again ends nothing', async () => {
    const certificate = authority.issue('again')
    const { device } = await certified(certificate)
    const live = await connectWith(certificate)
    const { certificates } = broker.registry
    expect(await certificates.set(device.project, device.id, digestOf(certificate))).toBe('set')
    await live.publish('latchkey/v1/claim', { secret: 'still here' })
    expect(await live.next(RESULT)).toMatchObject({ state: 'open' })
    await live.end()
  })

  test('a certificate belongs to one device, also when two are set at once', async () => {
    const digest = digestOf(authority.issue('contested'))
    const devices = await Promise.all([1, 2, 3, 4].map(() => broker.makeDevice()))
    const { certificates } = broker.registry
    const outcomes = await Promise.all(
      devices.map(({ device }) => certificates.set(device.project, device.id, digest)),
    )
    expect(outcomes.sort()).toEqual(['name-taken', 'name-taken', 'name-taken', 'set'])
  })

  test('a device that is removed is disconnected, and its certificate is free', async () => {
    const certificate = authority.issue('removed')
    const { device } = await certified(certificate)
    const live = await connectWith(certificate)
    await broker.registry.devices.remove(device.project, device.id)
    await live.closed
    await certified(certificate)
  })

  /** A bare connection, so that its TLS session can be used again. */
  const connack = async (certificate: Certificate, session?: Buffer) => {
    const socket: TLSSocket = connectTls({
      ...{ host: '127.0.0.1', port: broker.port, ...showing(certificate) },
      ...(session === undefined ? {} : { session }),
    })
    const sessions: Buffer[] = []
    socket.on('session', (ticket: Buffer) => sessions.push(ticket))
    await once(socket, 'secureConnect')
    const isResumed = socket.isSessionReused()
    socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        clientId: 'c',
      }),
    )
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    return { code: bytes[3], isResumed, sessions }
  }

  test('a resumed TLS session is still the device of its certificate, and no longer when that is taken back', async () => {
    const certificate = authority.issue('resumed')
    const { device } = await certified(certificate)
    const first = await connack(certificate)
    const [session] = first.sessions
    expect([first.code, first.isResumed, session]).toEqual([0, false, expect.any(Buffer)])
    const second = await connack(certificate, session)
    expect([second.code, second.isResumed]).toEqual([0, true])
    await broker.registry.certificates.set(device.project, device.id, undefined)
    expect((await connack(certificate, session)).code).toBe(5)
  })
})
