import { describe, expect, test } from '@jest/globals'
import { createPhoton } from '../../firmware-sim/platforms/particle-photon.ts'
import { type SoftAp, serveHttp, serveTcp } from '../../firmware-sim/platforms/particle-softap.ts'
import { newDevice, newEmail, newProduct, PASSWORD } from '../support/particle.ts'
import { type ParticleClient, particleClient } from '../support/particle-clients.ts'
import type { TestServer } from '../support/server.ts'
import { softApSetup } from '../support/softap-setup.ts'
import { onEachStore } from '../support/stores.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}
const SERVERS = { tcp: serveTcp, http: serveHttp } as const

onEachStore(ready, () => {
  const photonOf = ({ particleId: id, token }: { particleId: string; token: string }) =>
    createPhoton({ id, token, url: server.mqttUrl })

  /** What a phone does while it is on the device's network, and what the device does then. */
  const setUp = async (
    protocol: 'tcp' | 'http',
    device: { particleId: string; token: string },
    code: string,
  ) => {
    const photon = photonOf(device)
    let softAp: SoftAp | undefined
    try {
      softAp = await SERVERS[protocol](photon)
      const setup = softApSetup(protocol, softAp)
      expect(await setup.deviceInfo()).toEqual({ id: device.particleId, claimed: false })
      expect(await setup.publicKey()).toContain('BEGIN PUBLIC KEY')
      expect(await setup.version()).toEqual({ v: 2 })
      const [network] = await setup.scan()
      await setup.setClaimCode(code)
      const security = { ssid: network?.ssid, security: 'wpa2_aes', password: 'of-the-network' }
      expect(await setup.configure(security)).toEqual({ r: 0 })
      await setup.connect()
      const online = await photon.online
      return { online, info: await setup.deviceInfo() }
    } finally {
      await photon.close()
      await softAp?.close()
    }
  }

  // Seed 004: "your server creates the customer, the device gets the claim code, the customer has the device".
  describe.each(['tcp', 'http'] as const)(
    'the customer’s whole way, SoftAP over %s',
    (protocol) => {
      const signedIn = async (app: ParticleClient, product: string) => {
        const email = newEmail()
        await app.createCustomer({ email, password: PASSWORD, product })
        const { access_token: auth } = (await app.login({ username: email, password: PASSWORD }))
          .body
        return { email, auth }
      }

      test('claimed, shown with its owner, unclaimed, and claimed by another customer', async () => {
        const product = await newProduct(server.httpUrl)
        const { slug, maker, client } = product
        const app = particleClient(12, {
          ...{ baseUrl: server.httpUrl, clientId: client.id, clientSecret: client.secret },
        })
        const device = await newDevice(maker, slug)
        const deviceId = device.particleId
        const [jane, joe] = [await signedIn(app, slug), await signedIn(app, slug)]
        const codeOf = async (auth: string) =>
          (await app.getClaimCode({ auth, product: slug })).body.claim_code as string
        const ids = async (auth: string) =>
          (await app.listDevices({ auth })).body.map(({ id }: { id: string }) => id)
        const ownerOf = async () =>
          (await app.getDevice({ auth: maker.token, deviceId, product: slug })).body.owner

        const first = await setUp(protocol, device, await codeOf(jane.auth))
        expect(first.online).toEqual({ presented: true, confirmed: true })
        expect(first.info).toEqual({ id: deviceId, claimed: true })
        expect([await ids(jane.auth), await ownerOf()]).toEqual([[deviceId], jane.email])

        // Possession is not enough in a product; the code stays good: research/particle.md 2.1.
        const code = await codeOf(joe.auth)
        const refused = await setUp(protocol, device, code)
        expect(refused.online).toEqual({ presented: true, confirmed: false })
        expect([await ids(joe.auth), await ownerOf()]).toEqual([[], jane.email])

        await app.removeDeviceOwner({ auth: maker.token, deviceId, product: slug })
        expect([await ids(jane.auth), await ownerOf()]).toEqual([[], null])
        const second = await setUp(protocol, device, code)
        expect(second.online).toEqual({ presented: true, confirmed: true })
        expect([await ids(joe.auth), await ids(jane.auth), await ownerOf()]).toEqual([
          [deviceId],
          [],
          joe.email,
        ])
      }, 20_000)
    },
  )

  test('a device without a code goes online and presents nothing', async () => {
    const product = await newProduct(server.httpUrl)
    const photon = photonOf(await newDevice(product.maker, product.slug))
    expect(photon.answer('set', '{"k":"cc","v":1}')).toEqual({ r: -1 })
    expect(photon.answer('set', `{"k":"cc","v":"${'x'.repeat(64)}"}`)).toEqual({ r: -1 })
    expect(photon.answer('set', 'x')).toEqual({ r: 0 })
    expect(photon.answer('reset', '')).toBeUndefined()
    photon.answer('connect-ap', '{"idx":0}')
    expect(await photon.online).toEqual({ presented: false, confirmed: false })
    await photon.close()
  })
})
