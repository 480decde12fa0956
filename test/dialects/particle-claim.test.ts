import { describe, expect, test } from '@jest/globals'
import { api, signIn } from '../support/api.ts'
import { eventually } from '../support/mail.ts'
import {
  CONFIRM,
  claimWithCode,
  errorOf,
  form,
  lettersTo,
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
const CODES = '/latchkey/v1/claim-codes'

onEachStore(ready, () => {
  const lookAt = async (who: ReturnType<typeof api>, code: string) =>
    (await who.get(`${CODES}/${encodeURIComponent(code)}`)).body
  const idsOf = async (who: ReturnType<typeof api>) =>
    (await who.get('/v1/devices')).body.map(({ id }: { id: string }) => id)

  describe('a claim code', () => {
    // research/particle.md 2: three samples measured, 63 characters of base64 without padding.
    test('is 63 characters of base64, and comes with the devices that are owned', async () => {
      const user = await newUser(server.httpUrl)
      const device = await newDevice(await signIn(server.httpUrl))
      await claimWithCode(server, device, user)
      const made = await user.post('/v1/device_claims', {})
      expect(made.status).toBe(200)
      expect(made.body.claim_code).toMatch(/^[A-Za-z0-9+/]{63}$/)
      expect(made.body.device_ids).toEqual([device.particleId])
      expect(made.headers.get('cache-control')).toBe('no-store')
    })

    // research/particle.md 3.5: JS sends {}, curl nothing, Android a form.
    test('is made whatever the body is, but not of broken JSON', async () => {
      const user = await newUser(server.httpUrl)
      const send = (headers: Record<string, string>, body?: string) =>
        fetch(`${server.httpUrl}/v1/device_claims`, {
          method: 'POST',
          headers: { authorization: `Bearer ${user.accessToken}`, ...headers },
          ...(body === undefined ? {} : { body }),
        })
      const isForm = { 'content-type': 'application/x-www-form-urlencoded' }
      const isJson = { 'content-type': 'application/json' }
      expect((await send({})).status).toBe(200)
      expect((await send(isForm, 'blank=okhttp_appeasement')).status).toBe(200)
      expect((await send(isJson, '{}')).status).toBe(200)
      expect((await send(isJson)).status).toBe(200)
      for (const broken of ['{', '[]', '"x"', '{"__proto__":{}}']) {
        const reply = await send(isJson, broken)
        expect([reply.status, await reply.json()]).toEqual([400, errorOf('invalid_request')])
      }
      const iccid = await user.post('/v1/device_claims', { iccid: '8934076500002589174' })
      expect([iccid.status, iccid.body]).toEqual([400, errorOf('invalid_request')])
    })

    test('of a product is for its customers; others are told where they belong', async () => {
      const [product, other] = [await newProduct(server.httpUrl), await newProduct(server.httpUrl)]
      const at = `/v1/products/${product.slug}/device_claims`
      const customer = await newCustomer(server.httpUrl, product)
      expect((await customer.post(at, {})).status).toBe(200)
      const old = `/v1/orgs/anything/products/${product.slug}/device_claims`
      expect((await customer.post(old, {})).status).toBe(200)
      const team = await product.maker.post(at, {})
      expect([team.status, team.body]).toEqual([403, errorOf('forbidden')])
      expect(team.body.info).toContain('/v1/device_claims')
      const foreign = await newCustomer(server.httpUrl, other)
      expect((await foreign.post(at, {})).status).toBe(404)
      expect((await (await newUser(server.httpUrl)).post(at, {})).status).toBe(404)
    })
  })

  describe('a device that presents a code', () => {
    test('belongs to the code’s maker when it is confirmed, and is told nothing of the code', async () => {
      const user = await newUser(server.httpUrl)
      const target = await newDevice(await signIn(server.httpUrl))
      const device = await online(server, target)
      const code = await newCode(user)
      await device.present(code)
      expect(await device.nextText(CONFIRM)).toBe('')
      expect(await idsOf(user)).toEqual([target.particleId])
      expect(await lookAt(user, code)).toMatchObject({ state: 'used', device: target.id })
      await device.end()
    })

    test('is confirmed again for the same code, and nothing else happens', async () => {
      const user = await newUser(server.httpUrl)
      const maker = await signIn(server.httpUrl)
      const target = await newDevice(maker)
      const device = await online(server, target)
      const code = await newCode(user)
      await device.present(code)
      await device.nextText(CONFIRM)
      await device.present(code)
      expect(await device.nextText(CONFIRM)).toBe('')
      const seen = await maker.get(`/latchkey/v1/devices/${target.id}`)
      expect(seen.body.epoch).toBe(1)
      await device.end()
    })

    test('hears nothing of a code that is not good, and stays connected', async () => {
      const target = await newDevice(await signIn(server.httpUrl))
      const device = await online(server, target)
      const bad = ['', 'x', 'A'.repeat(62), 'A'.repeat(64), 'A'.repeat(63), '-'.repeat(63), '{}']
      for (const code of bad) await device.present(code)
      await device.publish('spark/device/claim/code', Buffer.from([0xff, 0xfe, 0]))
      await expect(device.nextText(CONFIRM, 100)).rejects.toThrow('nothing came')
      expect(device.client.connected).toBe(true)
      const user = await newUser(server.httpUrl)
      await device.present(await newCode(user))
      expect(await device.nextText(CONFIRM)).toBe('')
      await device.end()
    })

    test('of two that present one code, exactly one is confirmed', async () => {
      const user = await newUser(server.httpUrl)
      const maker = await signIn(server.httpUrl)
      const targets = await Promise.all(Array.from({ length: 5 }, () => newDevice(maker)))
      const devices = await Promise.all(targets.map((one) => online(server, one)))
      const code = await newCode(user)
      await Promise.all(devices.map((device) => device.present(code)))
      expect(await idsOf(user)).toHaveLength(1)
      await Promise.all(devices.map((device) => device.end()))
    })

    test('does not come back to an earlier owner by a replay', async () => {
      const [first, second] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
      const target = await newDevice(await signIn(server.httpUrl))
      const device = await online(server, target)
      const code = await newCode(first)
      await device.present(code)
      await device.nextText(CONFIRM)
      expect((await first.delete(`/v1/devices/${target.particleId}`)).body).toEqual({ ok: true })
      await device.present(code)
      await device.present(await newCode(second))
      await device.nextText(CONFIRM)
      await device.present(code)
      expect(await idsOf(second)).toEqual([target.particleId])
      expect(await idsOf(first)).toEqual([])
      await device.end()
    })

    // research/particle.md 2.1: possession implies ownership, but not in a product; CONTRACT 6 "Policy".
    test('outside of products is taken from its present owner', async () => {
      const [first, second] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
      const target = await newDevice(await signIn(server.httpUrl))
      await claimWithCode(server, target, first)
      await claimWithCode(server, target, second)
      expect([await idsOf(first), await idsOf(second)]).toEqual([[], [target.particleId]])
    })

    test('in a product whose policy says so is taken too', async () => {
      const product = await newProduct(server.httpUrl, { possession: true })
      const target = await newDevice(product.maker, product.slug)
      const [jane, joe] = [
        await newCustomer(server.httpUrl, product),
        await newCustomer(server.httpUrl, product),
      ]
      await claimWithCode(server, target, jane, product.slug)
      await claimWithCode(server, target, joe, product.slug)
      expect([await idsOf(jane), await idsOf(joe)]).toEqual([[], [target.particleId]])
    })

    test('in a product stays with its owner, and the code is still good', async () => {
      const product = await newProduct(server.httpUrl)
      const target = await newDevice(product.maker, product.slug)
      const [jane, joe] = [
        await newCustomer(server.httpUrl, product),
        await newCustomer(server.httpUrl, product),
      ]
      await claimWithCode(server, target, jane, product.slug)
      const device = await online(server, target)
      const code = await newCode(joe, product.slug)
      await device.present(code)
      expect(await lookAt(joe, code)).toMatchObject({ state: 'open', reason: 'owned-by-another' })
      const owner = `/v1/products/${product.slug}/devices/${target.particleId}/owner`
      expect((await product.maker.delete(owner)).body).toEqual({ ok: true })
      await device.present(code)
      expect(await device.nextText(CONFIRM)).toBe('')
      expect(await idsOf(joe)).toEqual([target.particleId])
      await device.end()
    })

    // research/particle.md 0.4: here the app can ask why.
    test('that is not in the product is not claimed, and the code says why', async () => {
      const product = await newProduct(server.httpUrl)
      const customer = await newCustomer(server.httpUrl, product)
      const target = await newDevice(await signIn(server.httpUrl))
      const device = await online(server, target)
      const code = await newCode(customer, product.slug)
      await device.present(code)
      // Which device it was is for its own project to know.
      expect(await lookAt(customer, code)).toEqual({
        ...{ state: 'open', reason: 'device-not-in-project' },
        ...{ expiresAt: expect.any(String), refusedAt: expect.any(String) },
      })
      await device.end()
    })

    test('never shows its code to anybody else', async () => {
      const [user, other] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
      const maker = await signIn(server.httpUrl)
      const [target, witness] = [await newDevice(maker), await newDevice(maker)]
      const listening = await online(server, witness, ['latchkey/v1/owner'])
      await listening.nextText('latchkey/v1/owner')
      const device = await online(server, target)
      const code = await newCode(user)
      expect((await other.get(`${CODES}/${encodeURIComponent(code)}`)).status).toBe(404)
      await device.present(code)
      await device.nextText(CONFIRM)
      await expect(listening.nextText(CONFIRM, 100)).rejects.toThrow('nothing came')
      await Promise.all([device.end(), listening.end()])
    })
  })

  describe('claiming by id', () => {
    test('gives what is connected and unowned, with the members of both kinds of reply', async () => {
      const user = await newUser(server.httpUrl)
      const target = await newDevice(await signIn(server.httpUrl))
      const device = await online(server, target)
      const claimed = await user.post('/v1/devices', {
        ...{ id: target.particleId.toUpperCase(), request_transfer: false },
      })
      // research/particle.md 0.8.
      expect([claimed.status, claimed.body]).toEqual([
        200,
        {
          ...{ user_id: expect.any(String), product_id: 6, updated_at: expect.any(String) },
          ...{ id: target.particleId, deviceID: target.particleId, claimed: true },
          ...{ connected: true, ok: true },
        },
      ])
      expect((await user.post('/v1/devices', { id: target.particleId })).status).toBe(200)
      await device.end()
    })

    test('of a customer says whose customer he is', async () => {
      const product = await newProduct(server.httpUrl)
      const customer = await newCustomer(server.httpUrl, product)
      const target = await newDevice(product.maker, product.slug)
      const device = await online(server, target)
      const claimed = await customer.post('/v1/devices', { id: target.particleId })
      expect(claimed.body).toMatchObject({
        ...{ customer_id: expect.any(String), product_id: product.number, ok: true },
      })
      await device.end()
    })

    test('of what is not connected, or not there, is one answer', async () => {
      const user = await newUser(server.httpUrl)
      const target = await newDevice(await signIn(server.httpUrl))
      const [offline, absent] = [
        await user.post('/v1/devices', { id: target.particleId }),
        await user.post('/v1/devices', { id: '0123456789abcdef01234567' }),
      ]
      expect([offline.status, offline.body]).toEqual([404, errorOf('device_not_found')])
      expect(absent.text).toBe(offline.text)
      expect(absent.body.info).toContain('device not found')
      for (const body of [{}, { id: '' }, { id: 'x'.repeat(65) }, { id: ['a'] }])
        expect((await user.post('/v1/devices', body)).status).toBe(400)
    })

    test('can be switched off by the maker', async () => {
      const product = await newProduct(server.httpUrl, { claimById: false })
      const customer = await newCustomer(server.httpUrl, product)
      const target = await newDevice(product.maker, product.slug)
      const device = await online(server, target)
      expect((await customer.post('/v1/devices', { id: target.particleId })).status).toBe(404)
      await device.end()
    })

    test('is 429 for who guesses, and for nobody else', async () => {
      const [guesser, user] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
      const target = await newDevice(await signIn(server.httpUrl))
      const device = await online(server, target)
      let reply = await guesser.post('/v1/devices', { id: '0'.repeat(24) })
      for (let tries = 0; tries < 50 && reply.status === 404; tries += 1)
        reply = await guesser.post('/v1/devices', { id: '0'.repeat(24) })
      expect([reply.status, reply.body]).toEqual([429, errorOf('too_many_requests')])
      expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
      expect((await guesser.post('/v1/devices', { id: target.particleId })).status).toBe(429)
      expect((await user.post('/v1/devices', { id: target.particleId })).status).toBe(200)
      await device.end()
    })

    test('is for one of twenty that claim at once', async () => {
      const target = await newDevice(await signIn(server.httpUrl))
      const device = await online(server, target)
      const users = await Promise.all(Array.from({ length: 20 }, () => newUser(server.httpUrl)))
      const replies = await Promise.all(
        users.map((user) => user.post('/v1/devices', { id: target.particleId })),
      )
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(replies.filter(({ status }) => status === 403)).toHaveLength(19)
      await device.end()
    })
  })

  describe('a transfer', () => {
    const owned = async () => {
      const [owner, asker] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
      const target = await newDevice(await signIn(server.httpUrl))
      await claimWithCode(server, target, owner)
      return { owner, asker, target }
    }
    const ask = (asker: ReturnType<typeof api>, id: string, wants: unknown = true) =>
      asker.post('/v1/devices', { id, request_transfer: wants })
    const answer = (who: ReturnType<typeof api>, id: string, word: string) =>
      who.post(`/latchkey/v1/transfers/${id}/${word}`)
    const look = (who: ReturnType<typeof api>, id: string) =>
      who.get(`/latchkey/v1/transfers/${id}`)

    test('is offered to who claims what is another’s, in the words that clients look for', async () => {
      const { asker, target } = await owned()
      for (const no of [false, 'false', '0', 0]) {
        const reply = await ask(asker, target.particleId, no)
        expect([reply.status, reply.body]).toEqual([403, errorOf('owned_by_another')])
        expect(reply.body.error_description).toContain('belongs to someone else')
        expect(reply.body.errors[0]).toContain('request_transfer=true')
      }
    })

    test('is asked for once, approved by the owner, and told to who asked', async () => {
      const { owner, asker, target } = await owned()
      const asked = await ask(asker, target.particleId)
      expect([asked.status, asked.body]).toEqual([200, { transfer_id: expect.any(String) }])
      const { transfer_id: id } = asked.body
      expect((await ask(asker, target.particleId)).body).toEqual(asked.body)
      expect(await idsOf(owner)).toEqual([target.particleId])
      const stranger = await newUser(server.httpUrl)
      for (const who of [asker, stranger])
        expect((await answer(who, id, 'approve')).status).toBe(404)
      const approved = await answer(owner, id, 'approve')
      expect([approved.status, approved.body]).toMatchObject([
        200,
        { state: 'approved', device: target.id, epoch: 2 },
      ])
      expect([await idsOf(owner), await idsOf(asker)]).toEqual([[], [target.particleId]])
      await eventually(() => lettersTo(server, asker.email).length > 0)
      expect(lettersTo(server, asker.email)).toMatchObject([{ kind: 'transfer' }])
      expect(lettersTo(server, owner.email)).toHaveLength(1)
      expect((await answer(owner, id, 'deny')).status).toBe(409)
      const [hers, theirs] = [await look(asker, id), await look(stranger, id)]
      expect(hers.body).toEqual({
        ...{ id, state: 'approved', device: target.id },
        ...{ expiresAt: expect.any(String), answeredAt: expect.any(String) },
      })
      expect(theirs.status).toBe(404)
      expect((await answer(asker, id, 'approve')).status).toBe(404)
    })

    test('is asked for in the query and in a form too', async () => {
      const { asker, target } = await owned()
      const inQuery = await asker.post('/v1/devices?request_transfer=true', {
        id: target.particleId,
      })
      const inForm = await form(
        server.httpUrl,
        '/v1/devices',
        { id: target.particleId, request_transfer: 'true' },
        { authorization: `Bearer ${asker.accessToken}` },
      )
      expect(inForm.body).toEqual(inQuery.body)
    })

    test('that is denied changes nothing', async () => {
      const { owner, asker, target } = await owned()
      const { transfer_id: id } = (await ask(asker, target.particleId)).body
      expect((await look(owner, id)).body).toMatchObject({ id, state: 'open', device: target.id })
      expect((await answer(owner, id, 'deny')).body).toEqual({ id, state: 'denied' })
      for (const who of [owner, asker])
        expect((await look(who, id)).body).toMatchObject({ id, state: 'denied' })
      expect(await idsOf(owner)).toEqual([target.particleId])
      expect((await answer(owner, id, 'approve')).status).toBe(409)
      await eventually(() => lettersTo(server, asker.email).length > 0)
      const again = (await ask(asker, target.particleId)).body.transfer_id
      expect(again).not.toBe(id)
    })

    test('is answered with the token of the mail, once, without signing in', async () => {
      const { owner, asker, target } = await owned()
      await ask(asker, target.particleId)
      await eventually(() => lettersTo(server, owner.email).length > 0)
      const [letter] = lettersTo(server, owner.email)
      expect(letter?.text).toContain(letter?.token)
      const reply = (token?: string) =>
        api(server.httpUrl).post('/latchkey/v1/transfer-answers', { token, approve: true })
      expect((await reply('x'.repeat(64))).status).toBe(400)
      expect((await reply(letter?.token)).body).toMatchObject({ state: 'approved' })
      expect(await idsOf(asker)).toEqual([target.particleId])
      expect((await reply(letter?.token)).status).toBe(400)
    })

    test('is over when the device has changed hands', async () => {
      const { owner, asker, target } = await owned()
      const { transfer_id: id } = (await ask(asker, target.particleId)).body
      await owner.delete(`/v1/devices/${target.particleId}`)
      await claimWithCode(server, target, owner)
      expect((await answer(owner, id, 'approve')).status).toBe(409)
      expect((await look(asker, id)).body).toMatchObject({ id, state: 'over' })
      expect(await idsOf(owner)).toEqual([target.particleId])
    })

    test('does not go to who has left meanwhile', async () => {
      const { owner, asker, target } = await owned()
      const { transfer_id: id } = (await ask(asker, target.particleId)).body
      const gone = await fetch(`${server.httpUrl}/v1/user`, {
        method: 'DELETE',
        headers: {
          authorization: `Bearer ${asker.accessToken}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ password: 'SuperSecret' }),
      })
      expect(gone.status).toBe(200)
      expect((await answer(owner, id, 'approve')).status).toBe(404)
      expect(await idsOf(owner)).toEqual([target.particleId])
    })
  })
})
