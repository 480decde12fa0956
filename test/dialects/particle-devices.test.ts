import { describe, expect, test } from '@jest/globals'
import { type Api, api, signIn } from '../support/api.ts'
import {
  CONFIRM,
  claimWithCode,
  errorOf,
  form,
  newCode,
  newCustomer,
  newDevice,
  newProduct,
  newUser,
  online,
} from '../support/particle.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}
const COMMANDS = 'latchkey/v1/commands'

onEachStore(ready, () => {
  const owned = async () => {
    const user = await newUser(server.httpUrl)
    const target = await newDevice(await signIn(server.httpUrl))
    await claimWithCode(server, target, user)
    return { user, target }
  }

  describe('a device of a user', () => {
    test('is listed in a bare array, with both words for its connection', async () => {
      const { user, target } = await owned()
      const device = await online(server, target)
      const { body } = await user.get('/v1/devices')
      expect(body).toEqual([
        expect.objectContaining({
          ...{ id: target.particleId, online: true, connected: true, product_id: 6 },
          ...{ platform_id: 6, cellular: false, status: 'normal' },
          last_handshake_at: expect.any(String),
        }),
      ])
      await device.end()
    })

    test('comes first in the list when it was connected last', async () => {
      const { user, target } = await owned()
      const second = await newDevice(await signIn(server.httpUrl))
      await claimWithCode(server, second, user)
      const ids = async () =>
        (await user.get('/v1/devices')).body.map(({ id }: { id: string }) => id)
      expect(await ids()).toEqual([second.particleId, target.particleId])
      await (await online(server, target)).end()
      expect(await ids()).toEqual([target.particleId, second.particleId])
    })

    test('is found in any case of its id, and looks to strangers as if it were not there', async () => {
      const { user, target } = await owned()
      const found = await user.get(`/v1/devices/${target.particleId.toUpperCase()}`)
      expect([found.status, found.body.id]).toEqual([200, target.particleId])
      const stranger = await newUser(server.httpUrl)
      const foreign = await stranger.get(`/v1/devices/${target.particleId}`)
      const absent = await stranger.get('/v1/devices/0123456789abcdef01234567')
      expect([foreign.status, foreign.body]).toEqual([403, errorOf('Permission Denied')])
      expect([absent.status, absent.text]).toEqual([foreign.status, foreign.text])
      for (const odd of ['x', '..', '%00', 'a'.repeat(500), '__proto__'])
        expect((await stranger.get(`/v1/devices/${odd}`)).status).toBeLessThan(500)
    })

    test('gets a name of its owner’s, which may be anybody else’s too', async () => {
      const [one, two] = [await owned(), await owned()]
      for (const { user, target } of [one, two]) {
        const named = await user.put(`/v1/devices/${target.particleId}`, { name: 'lamp' })
        expect([named.status, named.body]).toEqual([
          200,
          { id: target.particleId, name: 'lamp', updated_at: expect.any(String) },
        ])
        expect((await user.get(`/v1/devices/${target.particleId}`)).body.name).toBe('lamp')
      }
      for (const name of ['', 'x'.repeat(256), 'a\nb'])
        expect((await one.user.put(`/v1/devices/${one.target.particleId}`, { name })).status).toBe(
          400,
        )
      expect(
        (await one.user.put(`/v1/devices/${two.target.particleId}`, { name: 'x' })).status,
      ).toBe(403)
    })

    test('keeps an owner’s name no longer than its owner', async () => {
      const { user, target } = await owned()
      await user.put(`/v1/devices/${target.particleId}`, { name: 'of-jane' })
      await user.delete(`/v1/devices/${target.particleId}`)
      const next = await newUser(server.httpUrl)
      await claimWithCode(server, target, next)
      const seen = await next.get(`/v1/devices/${target.particleId}`)
      expect(seen.body.name).not.toBe('of-jane')
    })

    test('is given up by its owner alone, connected or not', async () => {
      const { user, target } = await owned()
      const stranger = await newUser(server.httpUrl)
      expect((await stranger.delete(`/v1/devices/${target.particleId}`)).status).toBe(403)
      const gone = await user.delete(`/v1/devices/${target.particleId}`)
      expect([gone.status, gone.body]).toEqual([200, { ok: true }])
      expect((await user.get('/v1/devices')).body).toEqual([])
      expect((await user.delete(`/v1/devices/${target.particleId}`)).status).toBe(403)
    })

    test('answers to a ping whether it is online', async () => {
      const { user, target } = await owned()
      const ping = () => user.put(`/v1/devices/${target.particleId}/ping`)
      expect((await ping()).body).toEqual({ ok: true, online: false })
      const device = await online(server, target)
      expect((await ping()).body).toEqual({ ok: true, online: true })
      await device.end()
    })
  })

  describe('a function', () => {
    test.each([['args'], ['arg']])('is a command; its argument is %s', async (member) => {
      const { user, target } = await owned()
      const device = await online(server, target, [COMMANDS])
      const called = user.post(`/v1/devices/${target.particleId}/led`, { [member]: 'on' })
      const command = await device.next(COMMANDS)
      expect(command).toMatchObject({ action: 'led', parameters: { args: 'on' } })
      await device.publish(`${COMMANDS}/${command.id}/ack`, { returnValue: 42 })
      const reply = await called
      expect([reply.status, reply.body]).toEqual([
        200,
        { id: target.particleId, name: expect.any(String), connected: true, return_value: 42 },
      ])
      await device.end()
    })

    test('of a device that is not connected is 408 at once, and never done later', async () => {
      const { user, target } = await owned()
      const reply = await user.post(`/v1/devices/${target.particleId}/led`, { args: 'on' })
      expect([reply.status, reply.body]).toEqual([408, errorOf('timed out')])
      const device = await online(server, target, [COMMANDS])
      await expect(device.next(COMMANDS, 100)).rejects.toThrow('nothing came')
      await device.end()
    })

    test('is for the owner, and for the team of the product', async () => {
      const product = await newProduct(server.httpUrl)
      const customer = await newCustomer(server.httpUrl, product)
      const target = await newDevice(product.maker, product.slug)
      await claimWithCode(server, target, customer, product.slug)
      const device = await online(server, target, [COMMANDS])
      const stranger = await newCustomer(server.httpUrl, product)
      const foreign = await stranger.post(`/v1/devices/${target.particleId}/led`, { args: '' })
      expect([foreign.status, foreign.body]).toEqual([403, errorOf('Permission Denied')])
      const at = `/v1/products/${product.slug}/devices/${target.particleId}/led`
      expect((await customer.post(at, { args: '' })).status).toBe(403)
      const called = product.maker.post(at, { args: 'off' })
      const command = await device.next(COMMANDS)
      await device.publish(`${COMMANDS}/${command.id}/ack`, '')
      expect((await called).body).toMatchObject({ return_value: 0 })
      expect(
        (await customer.post(`/v1/devices/${target.particleId}/led`, { args: 'x'.repeat(2000) }))
          .status,
      ).toBe(400)
      await device.end()
    })
  })

  test('a variable is the last value that the device has sent, while it is connected', async () => {
    const { user, target } = await owned()
    const at = `/v1/devices/${target.particleId}/temp`
    expect((await user.get(at)).body).toEqual(errorOf('timed out'))
    const device = await online(server, target)
    const unknown = await user.get(at)
    expect([unknown.status, unknown.body]).toEqual([404, errorOf('Unknown Variable: temp')])
    await api(server.httpUrl).post(`/v2/things/${target.token}`, {
      values: [{ key: 'temp', value: 21.5 }],
    })
    expect((await user.get(at)).body).toMatchObject({
      ...{ name: 'temp', result: 21.5 },
      coreInfo: { deviceID: target.particleId, connected: true },
    })
    await device.end()
  })

  describe('a product', () => {
    const at = (slug: string, rest = '') => `/v1/products/${slug}/devices${rest}`

    test('shows all its devices with their owners, by pages and by filters', async () => {
      const product = await newProduct(server.httpUrl)
      const customer = await newCustomer(server.httpUrl, product)
      const devices = [
        await newDevice(product.maker, product.slug),
        await newDevice(product.maker, product.slug),
        await newDevice(product.maker, product.slug),
      ] as const
      await claimWithCode(server, devices[0], customer, product.slug)
      const all = (await product.maker.get(at(product.slug))).body
      expect(all.devices).toHaveLength(3)
      expect(all.meta).toEqual({ total_pages: 1 })
      expect(all.customers).toEqual([{ id: expect.any(String), username: customer.email }])
      const one = (await product.maker.get(at(product.slug, `/${devices[0].particleId}`))).body
      expect(one).toMatchObject({
        ...{ id: devices[0].particleId, owner: customer.email, product_id: product.number },
        ...{ quarantined: false, denied: false, development: false, groups: [] },
      })
      // research/particle.md 1.3: the docs say perPage, the client library per_page.
      for (const query of ['?page=2&per_page=2', '?page=2&perPage=2'])
        expect((await product.maker.get(at(product.slug, query))).body).toMatchObject({
          ...{ devices: [expect.anything()], meta: { total_pages: 2 } },
        })
      const { particleId } = devices[1]
      const query = `?deviceId=${particleId.slice(2, 20).toUpperCase()}`
      expect((await product.maker.get(at(product.slug, query))).body.devices).toMatchObject([
        { id: particleId, owner: null },
      ])
      const sorted = (await product.maker.get(at(product.slug, '?sortAttr=deviceId&sortDir=desc')))
        .body
      const ids = devices
        .map((device) => device.particleId)
        .sort()
        .reverse()
      expect(sorted.devices.map(({ id }: { id: string }) => id)).toEqual(ids)
      // What JS 10 sends without a filter.
      expect((await product.maker.get(at(product.slug, '?'))).status).toBe(200)
      expect((await product.maker.get(at(product.slug, '?page=-1'))).status).toBe(400)
    })

    test('is not there for strangers, and its team’s part not for its customers', async () => {
      const product = await newProduct(server.httpUrl)
      const stranger = await newUser(server.httpUrl)
      const foreign = await stranger.get(at(product.slug))
      const absent = await stranger.get(at('no-such-product'))
      expect([foreign.status, foreign.text]).toEqual([404, absent.text])
      expect((await stranger.get(at('default'))).text).toBe(absent.text)
      const customer = await newCustomer(server.httpUrl, product)
      const told = await customer.get(at(product.slug))
      expect([told.status, told.body]).toEqual([403, errorOf('forbidden')])
    })

    test('frees a device from its owner, who may be another one next', async () => {
      const product = await newProduct(server.httpUrl)
      const [jane, joe] = [
        await newCustomer(server.httpUrl, product),
        await newCustomer(server.httpUrl, product),
      ]
      const target = await newDevice(product.maker, product.slug)
      await claimWithCode(server, target, jane, product.slug)
      const owner = at(product.slug, `/${target.particleId}/owner`)
      expect((await jane.delete(owner)).status).toBe(403)
      const freed = await product.maker.delete(owner)
      expect([freed.status, freed.body]).toEqual([200, { ok: true }])
      expect((await jane.get('/v1/devices')).body).toEqual([])
      await claimWithCode(server, target, joe, product.slug)
      const seen = await product.maker.get(at(product.slug, `/${target.particleId}`))
      expect(seen.body.owner).toBe(joe.email)
    })

    describe('takes a device in', () => {
      const add = (maker: Api, slug: string, id: string) => maker.post(at(slug), { id })

      test('which keeps its credential and can then be claimed by a customer', async () => {
        const product = await newProduct(server.httpUrl)
        const customer = await newCustomer(server.httpUrl, product)
        const target = await newDevice(product.maker)
        const added = await add(product.maker, product.slug, target.particleId.toUpperCase())
        expect([added.status, added.body]).toMatchObject([
          200,
          { updated: 1, nonmemberDeviceIds: [], invalidDeviceIds: [] },
        ])
        expect((await add(product.maker, product.slug, target.particleId)).body.updated).toBe(1)
        await claimWithCode(server, target, customer, product.slug)
        expect((await customer.get('/v1/devices')).body).toMatchObject([
          { id: target.particleId, product_id: product.number },
        ])
      })

      test('but not what somebody owns, what is not there, nor what is another maker’s', async () => {
        const product = await newProduct(server.httpUrl)
        const { target } = await owned()
        expect((await add(product.maker, product.slug, target.particleId)).body).toMatchObject({
          ...{ updated: 0, nonmemberDeviceIds: [target.particleId] },
        })
        const unknown = '0123456789abcdef01234567'
        expect((await add(product.maker, product.slug, unknown)).body).toMatchObject({
          ...{ updated: 0, invalidDeviceIds: [unknown] },
        })
        const free = await newDevice(product.maker)
        const team = await form(server.httpUrl, '/oauth/token', {
          ...{ grant_type: 'client_credentials' },
          ...{ client_id: product.client.id, client_secret: product.client.secret },
        })
        const program = api(server.httpUrl, { token: team.body.access_token })
        expect((await add(program, product.slug, free.particleId)).body).toMatchObject({
          ...{ updated: 0, invalidDeviceIds: [free.particleId] },
        })
        expect((await product.maker.post(at(product.slug), {})).status).toBe(400)
      })
    })

    test.each([
      ['a file of nothing', '\n\n,'],
      ['a file of a thousand ids and one', Array.from({ length: 1001 }, (_, n) => n).join('\n')],
      ['a line that is too long for an id', 'x'.repeat(65)],
      ['a file that is too long', 'x\n'.repeat(1024 * 1024)],
    ])('is not given %s', async (_words, text) => {
      const product = await newProduct(server.httpUrl)
      const body = new FormData()
      body.set('file', new Blob([text]), 'devices.txt')
      const at = `${server.httpUrl}/v1/products/${product.slug}/devices`
      const headers = { authorization: `Bearer ${product.maker.token}` }
      const reply = await fetch(at, { method: 'POST', headers, body })
      expect([reply.status, await reply.json()]).toEqual([400, errorOf('invalid_request')])
      expect((await product.maker.get('/v1/devices')).status).toBe(200)
    })

    test('lets a device go: 204, no owner any more, and its code is another project’s', async () => {
      const product = await newProduct(server.httpUrl)
      const customer = await newCustomer(server.httpUrl, product)
      const target = await newDevice(product.maker, product.slug)
      await claimWithCode(server, target, customer, product.slug)
      const gone = await fetch(`${server.httpUrl}${at(product.slug, `/${target.particleId}`)}`, {
        method: 'DELETE',
        headers: {
          authorization: `Bearer ${product.maker.token}`,
          'content-type': 'application/json',
        },
        body: '{"deny":true}',
      })
      expect([gone.status, await gone.text()]).toEqual([204, ''])
      expect((await customer.get('/v1/devices')).body).toEqual([])
      expect((await product.maker.get(at(product.slug))).body.devices).toEqual([])
      const user = await newUser(server.httpUrl)
      const device = await online(server, target)
      await device.present(await newCode(customer, product.slug))
      await expect(device.nextText(CONFIRM, 100)).rejects.toThrow('nothing came')
      await device.present(await newCode(user))
      expect(await device.nextText(CONFIRM)).toBe('')
      await device.end()
    })
  })

  test('what is nowhere is 404 with a body that every client can read', async () => {
    const user = await newUser(server.httpUrl)
    for (const [method, path] of [
      ['GET', '/v1/nothing'],
      ['PATCH', '/v1/devices'],
      ['GET', '/oauth/token'],
      ['POST', '/v1/a/b/c/d/e/f'],
    ] as const) {
      const reply = await fetch(`${server.httpUrl}${path}`, {
        ...{ method, headers: { authorization: `Bearer ${user.accessToken}` } },
      })
      expect([path, reply.status, await reply.json()]).toEqual([path, 404, errorOf('not_found')])
    }
  })

  test('what is too large or no form at all is refused, and the next request is answered', async () => {
    const user = await newUser(server.httpUrl)
    const large = await user.post('/v1/device_claims', { blank: 'x'.repeat(300_000) })
    expect([large.status, large.body]).toEqual([413, errorOf('request_too_large')])
    const bytes = await fetch(`${server.httpUrl}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: Buffer.from([0xff, 0xfe, 0, 1]),
    })
    expect([bytes.status, await bytes.json()]).toEqual([400, errorOf('invalid_request')])
    expect((await user.get('/v1/devices')).status).toBe(200)
  })
})
