import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { signIn } from '../support/api.ts'
import {
  asClient,
  basic,
  claimWithCode,
  newCustomer,
  newDevice,
  newEmail,
  newParticleId,
  newProduct,
  newUser,
  newWord,
  online,
  PASSWORD,
} from '../support/particle.ts'
import { particleClient } from '../support/particle-clients.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

// The methods that research/particle.md 3.1 and 3.2 name beside those of particle-clients.test.ts.

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}
const COMMANDS = 'latchkey/v1/commands'

onEachStore(ready, () => {
  describe.each([12, 11, 10, 9] as const)('particle-api-js %i, unmodified', (version) => {
    const client = (more: { clientId?: string; clientSecret?: string } = {}) =>
      particleClient(version, { baseUrl: server.httpUrl, ...more })

    test('sendOtp is refused in the words of a wrong code: nobody is asked for one', async () => {
      const otp = client().sendOtp({ mfaToken: 'mfa.jwt', otp: '123456' })
      await expect(otp).rejects.toMatchObject({
        ...{ statusCode: 400, body: { error: 'invalid_grant' } },
        shortErrorDescription: expect.any(String),
      })
    })

    test('createUser with a name, loginAsClientOwner, trackingIdentity', async () => {
      const particle = client()
      const username = newEmail()
      const accountInfo = { first_name: 'Jane' }
      await particle.createUser({ username, password: PASSWORD, accountInfo })
      const auth = (await particle.login({ username, password: PASSWORD })).body.access_token
      const info = await particle.getUserInfo({ auth })
      expect(info.body.account_info.first_name).toBe('Jane')
      const short = await particle.trackingIdentity({ auth })
      expect(short.body).toEqual({ id: expect.any(String) })
      const full = await particle.trackingIdentity({ auth, full: true })
      expect(full.body).toEqual({ id: short.body.id, email: username })
      await expect(particle.trackingIdentity({ auth: 'x' })).rejects.toMatchObject({
        statusCode: 401,
      })
    })

    test('getClaimCode with an iccid is refused with a reason, and no promotion is known', async () => {
      const user = await newUser(server.httpUrl)
      const [particle, auth] = [client(), user.accessToken]
      const iccid = '8934076500002589174'
      await expect(particle.getClaimCode({ auth, iccid })).rejects.toMatchObject({
        ...{ statusCode: 400, body: { ok: false } },
      })
      // 12.x does not send it any more.
      const promotion = particle.validatePromoCode?.({ auth, promoCode: 'FREE' })
      if (promotion !== undefined)
        await expect(promotion).rejects.toMatchObject({ statusCode: 404, body: { ok: false } })
    })

    test('lookupSerialNumber: the name that the maker gave, for the owner and the team alone', async () => {
      const product = await newProduct(server.httpUrl)
      const [jane, joe] = [
        await newCustomer(server.httpUrl, product),
        await newCustomer(server.httpUrl, product),
      ]
      const target = await newDevice(product.maker, product.slug)
      await claimWithCode(server, target, jane, product.slug)
      const particle = client()
      const listed = await particle.listDevices({ auth: jane.accessToken })
      const serialNumber = listed.body[0].serial_number
      expect(serialNumber).toBe(target.name)
      const found = await particle.lookupSerialNumber({ auth: jane.accessToken, serialNumber })
      expect(found.body).toMatchObject({
        ...{ ok: true, serial_number: serialNumber, iccid: null },
        ...{ deviceID: target.particleId, device_id: target.particleId },
      })
      const foreign = particle.lookupSerialNumber({ auth: joe.accessToken, serialNumber })
      await expect(foreign).rejects.toMatchObject({ statusCode: 404 })
      const absent = particle.lookupSerialNumber({ auth: joe.accessToken, serialNumber: 'PH1234' })
      await expect(absent).rejects.toMatchObject({ statusCode: 404 })
      const team = particleClient(version, {
        ...{ baseUrl: server.httpUrl, clientId: product.client.id },
        clientSecret: product.client.secret,
      })
      const auth = (await team.loginAsClientOwner({})).body.access_token
      const theirs = await team.lookupSerialNumber({ auth, serialNumber })
      expect(theirs.body.deviceID).toBe(target.particleId)
    })

    test('addDeviceToProduct by a file of ids: what was known, owned, or no id is told apart', async () => {
      const product = await newProduct(server.httpUrl)
      const auth = product.maker.token
      const [one, two, owned] = [
        await newDevice(product.maker),
        await newDevice(product.maker),
        await newDevice(product.maker),
      ]
      await claimWithCode(server, owned, await newUser(server.httpUrl))
      const unknown = newParticleId()
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-ids-'))
      const file = join(folder, 'devices.txt')
      const lines = [
        one.particleId,
        two.particleId.toUpperCase(),
        owned.particleId,
        unknown,
        '',
        'x',
      ]
      writeFileSync(file, `${lines.join('\r\n')}\r\n`)
      try {
        const added = await client().addDeviceToProduct({ auth, product: product.slug, file })
        expect(added.body).toMatchObject({
          updated: 2,
          updatedDeviceIds: [one.particleId, two.particleId],
          nonmemberDeviceIds: [owned.particleId],
          invalidDeviceIds: [unknown, 'x'],
        })
      } finally {
        rmSync(folder, { recursive: true })
      }
      const list = await client().listDevices({
        auth,
        product: product.slug,
        deviceId: one.particleId,
      })
      expect(list.body.devices).toMatchObject([{ id: one.particleId }])
    })

    test('of a product: a filtered page, a function, a variable, an event, a denied device', async () => {
      const product = await newProduct(server.httpUrl)
      const [particle, auth] = [client(), product.maker.token]
      const of = { auth, product: product.slug }
      const target = await newDevice(product.maker, product.slug)
      await newDevice(product.maker, product.slug)
      const deviceId = target.particleId
      const page = await particle.listDevices({
        ...{ ...of, deviceId: deviceId.slice(2, 20), sortAttr: 'deviceId', sortDir: 'desc' },
        ...{ page: 1, perPage: 1 },
      })
      expect(page.body).toMatchObject({ devices: [{ id: deviceId }], meta: { total_pages: 1 } })
      const named = await particle.listDevices({ ...of, serialNumber: target.name })
      expect(named.statusCode).toBe(200)
      const device = await online(server, target, [COMMANDS])
      const called = particle.callFunction({ ...of, deviceId, name: 'led', argument: 'on' })
      const command = await device.next(COMMANDS)
      await device.publish(`${COMMANDS}/${command.id}/ack`, { returnValue: 1 })
      expect((await called).body).toMatchObject({ return_value: 1 })
      const variable = particle.getVariable({ ...of, deviceId, name: 'temp' })
      await expect(variable).rejects.toMatchObject({ statusCode: 404 })
      const sent = await particle.publishEvent({ ...of, name: 'hello', data: 'all' })
      expect(sent.body).toEqual({ ok: true })
      await device.end()
      const denied = await particle.removeDevice({ ...of, deviceId, deny: true })
      expect(denied.statusCode).toBe(204)
    })

    test('getEventStream of everything is refused with the reason', async () => {
      const { accessToken: auth } = await newUser(server.httpUrl)
      await expect(client().getEventStream({ auth })).rejects.toMatchObject({
        ...{ statusCode: 400, body: { error: 'event prefix filter is required' } },
      })
    })

    test('the generic methods: scoped and renewed tokens, a shadow customer, a token’s own story', async () => {
      const product = await newProduct(server.httpUrl)
      const own = asClient(product)
      const particle = client()
      const email = newEmail()
      const customers = `/v1/products/${product.slug}/customers`
      const post = (uri: string, form: object, headers = {}) =>
        particle.request({ ...{ uri, method: 'post', form, headers } })
      const shadow = await post(customers, { email, no_password: true, ...own })
      expect(shadow).toMatchObject({ statusCode: 201, body: { scope: `customer=${email}` } })
      const asked = { grant_type: 'client_credentials', scope: `customer=${email}` }
      const scoped = await post('/oauth/token', { ...asked, ...own })
      expect(scoped.body).toMatchObject({ scope: `customer=${email}`, token_type: 'bearer' })
      const { id, secret } = product.client
      expect((await post('/oauth/token', asked, basic(id, secret))).statusCode).toBe(200)
      const renewed = await post('/oauth/token', {
        ...{ grant_type: 'refresh_token', refresh_token: scoped.body.refresh_token },
        ...own,
      })
      const auth = renewed.body.access_token
      const current = await particle.get({ uri: '/v1/access_tokens/current', auth })
      expect(current.body).toMatchObject({ client: id, client_id: id, scopes: expect.any(Array) })
      const forgotten = await particle.post({ uri: `${customers}/reset_password`, data: { email } })
      expect(forgotten.body).toEqual({ ok: true })
    })
  })

  describe('where a client is pointed', () => {
    test('may be told later, and may end with a slash', async () => {
      const { accessToken: auth } = await newUser(server.httpUrl)
      const later = particleClient(12, { baseUrl: 'http://127.0.0.1:1' })
      later.setBaseUrl?.(server.httpUrl)
      expect((await later.listDevices({ auth })).body).toEqual([])
      const slashed = particleClient(12, { baseUrl: `${server.httpUrl}/` })
      expect((await slashed.getClaimCode({ auth })).body.claim_code).toHaveLength(63)
    })

    test('a tool and a project in the headers change nothing', async () => {
      const { accessToken: auth } = await newUser(server.httpUrl)
      const particle = particleClient(12, { baseUrl: server.httpUrl })
      const context = {
        tool: { name: 'cli', version: '1.2.3' },
        project: { name: newWord('blinky'), version: '0.0.1' },
      }
      expect((await particle.getClaimCode({ auth, context })).statusCode).toBe(200)
    })

    test('a form of 5.x says its truths as texts', async () => {
      const [owner, user] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
      const target = await newDevice(await signIn(server.httpUrl))
      await claimWithCode(server, target, owner)
      const particle = particleClient(12, { baseUrl: server.httpUrl })
      const claim = (request_transfer: string) =>
        particle.request({
          ...{ uri: '/v1/devices', method: 'post', auth: user.accessToken },
          form: { id: target.particleId, request_transfer },
        })
      await expect(claim('false')).rejects.toMatchObject({
        statusCode: 403,
        shortErrorDescription: expect.stringContaining('belongs to someone else'),
      })
      expect((await claim('true')).body).toEqual({ transfer_id: expect.any(String) })
    })
  })
})
