import { expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api
let count = 0

const product = async () => {
  count += 1
  const made = await maker.post(`${V1}/projects`, {
    ...{ name: `product-${count}`, accounts: 'email', provisioning: 'on-demand' },
  })
  return made.body as { id: string; name: string }
}

onEachStore(
  async (ready) => {
    server = ready
    maker = await signIn(server.httpUrl)
  },
  () => {
    test('a key is listed without what opens anything, and opens nothing once it is removed', async () => {
      const { name: project } = await product()
      const lamp = await makeDevice(maker, { project })
      const made = await maker.post(`${V1}/project-keys`, { name: 'robot', project })
      const { id, key } = made.body
      const listed = await maker.get(`${V1}/project-keys?project=${project}`)
      expect(listed.body.items).toEqual([
        {
          ...{ id, name: 'robot', grants: ['send-commands', 'send-events'] },
          createdAt: expect.any(String),
        },
      ])
      expect(listed.text).not.toContain(key)
      const robot = api(server.httpUrl, { token: key })
      const command = `${V1}/devices/${lamp.id}/commands`
      expect((await robot.post(command, { action: 'on' })).status).toBe(202)
      const place = `${V1}/project-keys/${id}`
      expect((await maker.delete(place)).status).toBe(404)
      expect((await maker.delete(`${place}?project=${project}`)).status).toBe(204)
      expect((await robot.post(command, { action: 'on' })).status).toBe(401)
      expect((await maker.delete(`${place}?project=${project}`)).status).toBe(404)
      expect((await maker.get(`${V1}/project-keys?project=${project}`)).body.items).toEqual([])
    })

    test('an OAuth client is listed without its secret, and gets no token once it is removed', async () => {
      const { name: project } = await product()
      const made = await maker.post(`${V1}/oauth-clients`, {
        ...{ project, name: 'team', grants: ['product'] },
      })
      const { id, secret } = made.body
      const listed = await maker.get(`${V1}/oauth-clients?project=${project}`)
      expect(listed.body.items).toEqual([
        { id, name: 'team', type: 'web', grants: ['product'], createdAt: expect.any(String) },
      ])
      expect(listed.text).not.toContain(secret)
      const ask = () =>
        fetch(`${server.httpUrl}/oauth/token`, {
          method: 'POST',
          body: new URLSearchParams({
            ...{ grant_type: 'client_credentials', client_id: id, client_secret: secret },
          }),
        })
      const { access_token } = (await (await ask()).json()) as { access_token: string }
      const program = api(server.httpUrl, { token: access_token })
      expect((await program.get(`${V1}/fleet`)).status).toBe(200)
      const place = `${V1}/oauth-clients/${id}?project=${project}`
      expect((await maker.delete(place)).status).toBe(204)
      expect((await program.get(`${V1}/fleet`)).status).toBe(401)
      expect((await ask()).status).toBe(400)
      expect((await maker.delete(place)).status).toBe(404)
    })

    test('a policy takes the place of the former one, and counts from the next claim on', async () => {
      const { id, name: project } = await product()
      const set = (policy: unknown) => maker.put(`${V1}/projects/${id}/policy`, policy)
      expect((await set({ signUp: false, linkTtlMs: 60_000 })).body.policy).toMatchObject({
        ...{ signUp: false, linkTtlMs: 60_000, claimCodeTtlMs: 3_600_000 },
      })
      const someone = { email: `nobody${count}@example.com`, password: 'a-good-password', project }
      expect((await api(server.httpUrl).post(`${V1}/users`, someone)).status).toBe(403)
      // What is absent follows the defaults: CONTRACT 6.
      expect((await set({})).body.policy).toMatchObject({ signUp: true, linkTtlMs: 86_400_000 })
      expect((await api(server.httpUrl).post(`${V1}/users`, someone)).status).toBe(201)
      for (const wrong of [
        { linkTtlMs: 999 },
        { linkTtlMs: '1000' },
        { openLinksPerAccount: 0 },
        { more: 1 },
        [],
        null,
      ])
        expect([wrong, (await set(wrong)).status]).toEqual([wrong, 400])
      expect((await maker.put(`${V1}/projects/nowhere/policy`, {})).status).toBe(404)
    })

    test('half a character is no name of anything', async () => {
      const half = '\ud800'
      const email = `${half}@example.com`
      for (const [path, body] of [
        ['/devices', { name: half }],
        ['/homes', { name: half }],
        ['/projects', { name: half, accounts: 'email', provisioning: 'pre' }],
        ['/project-keys', { name: half }],
        ['/users', { email, password: 'a-good-password' }],
      ] as const)
        expect([path, (await maker.post(`${V1}${path}`, body)).status]).toEqual([path, 400])
      const whole = await maker.post(`${V1}/devices`, { name: `whole \u{1f4a1} ${Date.now()}` })
      expect(whole.status).toBe(201)
    })

    test('accounts are listed in pages, and found by their address', async () => {
      const people = [await customer(server.httpUrl), await customer(server.httpUrl)]
      const found = await maker.get(`${V1}/users?email=${people[1]?.email.toUpperCase()}`)
      expect(found.body.items).toEqual([
        expect.objectContaining({
          ...{ id: people[1]?.id, email: people[1]?.email, role: 'customer', claimDevices: true },
        }),
      ])
      expect((await maker.get(`${V1}/users?email=nobody`)).body.items).toEqual([])
      const ids: string[] = []
      let after = ''
      for (let pages = 0; pages < 50; pages++) {
        const { body } = await maker.get(`${V1}/users?limit=1${after}`)
        ids.push(...body.items.map(({ id }: { id: string }) => id))
        if (body.next === undefined) break
        after = `&after=${body.next}`
      }
      expect(ids).toEqual(expect.arrayContaining(people.map(({ id }) => id)))
      expect(new Set(ids).size).toBe(ids.length)
    })

    test('of what an account has open there is how many and until when, and nothing of what they say', async () => {
      const ada = await customer(server.httpUrl)
      await ada.post(`${V1}/claims`, { linkId: 'the shared id' })
      const code = await ada.post(`${V1}/claim-codes`, {})
      const { body, text } = await maker.get(`${V1}/users/${ada.id}`)
      expect(body.open).toEqual({
        ...{ links: [expect.any(String)], codes: [code.body.expiresAt], provisioningTokens: [] },
      })
      expect(body.homes).toEqual([expect.objectContaining({ id: ada.home, personal: true })])
      expect(text).not.toContain('shared id')
      expect(text).not.toContain(code.body.code)
    })

    test('a maker ends all sessions of an account', async () => {
      const ada = await customer(server.httpUrl)
      expect((await maker.delete(`${V1}/users/${ada.id}/sessions`)).status).toBe(204)
      expect((await ada.get(`${V1}/homes`)).status).toBe(401)
      const again = await signIn(server.httpUrl, {
        ...{ email: ada.email, password: 'customer-password' },
      })
      expect((await again.get(`${V1}/homes`)).status).toBe(200)
    })

    test('a home is shown with its members and its devices', async () => {
      const ada = await customer(server.httpUrl)
      const bob = await customer(server.httpUrl)
      const lamp = await makeDevice(maker, { claimCode: 'key' })
      const home = (await ada.post(`${V1}/homes`, { name: 'Beach' })).body.id
      await ada.post(`${V1}/homes/${home}/members`, { email: bob.email })
      const claim = { device: lamp.name, secret: 'key', home }
      expect((await ada.post(`${V1}/claims`, claim)).status).toBe(201)
      const { body } = await maker.get(`${V1}/project-homes/${home}`)
      expect(body).toMatchObject({ name: 'Beach', personal: false })
      expect(body.members).toEqual([
        expect.objectContaining({ user: ada.id, role: 'owner' }),
        expect.objectContaining({ user: bob.id, role: 'member' }),
      ])
      expect(body.devices).toEqual([{ id: lamp.id, name: lamp.name, epoch: 1 }])
      const listed = (await maker.get(`${V1}/project-homes?limit=500`)).body.items
      expect(listed).toContainEqual(expect.objectContaining({ id: home, name: 'Beach' }))
    })
  },
)
