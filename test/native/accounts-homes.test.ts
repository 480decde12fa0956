import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api
const ready = async (started: TestServer) => {
  server = started
  maker = await signIn(server.httpUrl)
}

const newHome = async (who: Api, name = 'Villa') => {
  const made = await who.post(`${V1}/homes`, { name })
  expect(made.status).toBe(201)
  return made.body as { id: string; number: number }
}

/** A device, with the code that is in its box. */
const boxed = async () => {
  const secret = randomUUID()
  return { device: (await makeDevice(maker, { claimCode: secret })).id, secret }
}

onEachStore(ready, () => {
  describe('homes', () => {
    test('are made by users, who own them, beside their personal one', async () => {
      const ada = await customer(server.httpUrl)
      const made = await ada.post(`${V1}/homes`, { name: 'Villa' })
      const villa = {
        ...{ id: expect.any(String), number: expect.any(Number), name: 'Villa' },
        ...{ personal: false, role: 'owner', createdAt: expect.any(String) },
      }
      expect([made.status, made.body]).toEqual([201, villa])
      const list = await ada.get(`${V1}/homes`)
      expect(list.body.items).toHaveLength(2)
      expect(list.body.items).toContainEqual(made.body)
      expect(list.body.items).toContainEqual(
        expect.objectContaining({ id: ada.home, personal: true, role: 'owner' }),
      )
    })

    test('own what their members claim for them, and every member sees it', async () => {
      const [ada, bob] = [await customer(server.httpUrl), await customer(server.httpUrl)]
      const home = await newHome(ada)
      await ada.post(`${V1}/homes/${home.id}/members`, { email: bob.email })
      const { device, secret } = await boxed()
      const claimed = await bob.post(`${V1}/claims`, { device, secret, home: home.id })
      expect(claimed.status).toBe(201)
      for (const who of [ada, bob]) {
        const seen = await who.get(`${V1}/devices/${device}`)
        expect([seen.status, seen.body.owner]).toEqual([200, home.id])
        expect((await who.get(`${V1}/devices`)).body.items).toMatchObject([{ id: device }])
      }
      // Whoever is no member any more sees nothing any more.
      const left = await bob.delete(`${V1}/homes/${home.id}/members/${bob.id}`)
      expect(left.status).toBe(204)
      expect((await bob.get(`${V1}/devices/${device}`)).status).toBe(404)
      expect((await bob.get(`${V1}/devices`)).body.items).toEqual([])
      const other = await boxed()
      const refused = await bob.post(`${V1}/claims`, { ...other, home: home.id })
      expect([refused.status, refused.body.reason]).toEqual([403, 'not-a-member'])
      expect((await ada.delete(`${V1}/devices/${device}/owner`)).status).toBe(204)
    })

    test('are looked through in pages', async () => {
      const ada = await customer(server.httpUrl)
      const home = await newHome(ada)
      for (const where of [{}, { home: home.id }, { home: home.id }]) {
        const claim = { ...(await boxed()), ...where }
        expect((await ada.post(`${V1}/claims`, claim)).status).toBe(201)
      }
      const seen: string[] = []
      let after = ''
      do {
        const page = await ada.get(`${V1}/devices?limit=1${after}`)
        expect(page.body.items.length).toBeLessThanOrEqual(1)
        seen.push(...page.body.items.map(({ id }: { id: string }) => id))
        after = page.body.next === undefined ? '' : `&after=${page.body.next}`
      } while (after !== '')
      expect([seen.length, new Set(seen).size]).toEqual([3, 3])
    })

    test('are none of a stranger’s business', async () => {
      const [ada, eve] = [await customer(server.httpUrl), await customer(server.httpUrl)]
      const { id } = await newHome(ada)
      const asked = [
        await eve.get(`${V1}/homes/${id}/members`),
        await eve.post(`${V1}/homes/${id}/members`, { email: eve.email }),
        await eve.delete(`${V1}/homes/${id}/members/${ada.id}`),
        await eve.delete(`${V1}/homes/${id}`),
        await eve.get(`${V1}/homes/${randomUUID()}/members`),
      ]
      for (const { status, text } of asked) expect([status, text]).toEqual([404, asked[0]?.text])
    })

    test('take members whom an owner adds, and end by an owner', async () => {
      const [ada, bob, eve] = [
        await customer(server.httpUrl),
        await customer(server.httpUrl),
        await customer(server.httpUrl),
      ]
      const { id } = await newHome(ada)
      const members = `${V1}/homes/${id}/members`
      const added = await ada.post(members, { email: bob.email })
      expect([added.status, added.body]).toEqual([
        201,
        {
          ...{ user: bob.id, email: bob.email, role: 'member' },
          joinedAt: expect.any(String),
        },
      ])
      expect((await ada.post(members, { email: bob.email })).status).toBe(409)
      expect((await ada.post(members, { email: 'nobody@example.com' })).status).toBe(404)
      expect((await ada.post(members, { email: eve.email, role: 'god' })).status).toBe(400)
      expect((await bob.post(members, { email: eve.email })).status).toBe(403)
      expect((await bob.delete(`${V1}/homes/${id}`)).status).toBe(403)
      expect((await bob.get(members)).body.items).toMatchObject([
        { user: ada.id, role: 'owner' },
        { user: bob.id, role: 'member' },
      ])
      expect((await ada.delete(`${members}/${ada.id}`)).status).toBe(409)
      const { device, secret } = await boxed()
      await ada.post(`${V1}/claims`, { device, secret, home: id })
      expect((await ada.delete(`${V1}/homes/${id}`)).status).toBe(204)
      expect((await bob.get(members)).status).toBe(404)
      const free = await maker.get(`${V1}/devices/${device}`)
      expect(free.body).toMatchObject({ claimed: false, epoch: 2 })
      const personal = await ada.delete(`${V1}/homes/${ada.home}`)
      expect([personal.status, personal.body.reason]).toEqual([409, 'not-permitted'])
    })
  })

  describe('a project key', () => {
    test('gives commands to devices of its project, if it is granted', async () => {
      const device = await makeDevice(maker)
      const commands = `${V1}/devices/${device.id}/commands`
      const keyFor = async (more: object) => {
        const made = await maker.post(`${V1}/project-keys`, { name: 'backend', ...more })
        return api(server.httpUrl, { token: made.body.key })
      }
      const project = { name: `project ${randomUUID()}`, accounts: 'email', provisioning: 'pre' }
      await maker.post(`${V1}/projects`, project)
      for (const [grants, status] of [
        [{}, 202],
        [{ grants: ['send-commands'] }, 202],
        [{ grants: ['write-kv'] }, 403],
        [{ project: project.name }, 404],
      ] as const) {
        const key = await keyFor(grants)
        expect((await key.post(commands, { action: 'on' })).status).toBe(status)
        expect((await key.get(`${V1}/devices`)).status).toBe(401)
      }
    })
  })

  describe('projects', () => {
    test('are ended by a maker of default, with all that is in them', async () => {
      const name = `project ${randomUUID()}`
      const wanted = { name, accounts: 'email', provisioning: 'pre' }
      const project = (await maker.post(`${V1}/projects`, wanted)).body
      const who = { email: `${randomUUID()}@example.com`, password: 'a-maker-password' }
      await maker.post(`${V1}/users`, { ...who, role: 'maker', project: name })
      const itsMaker = await signIn(server.httpUrl, who)
      const device = await makeDevice(itsMaker)
      const ada = await customer(server.httpUrl)
      for (const [other, status] of [
        [ada, 403],
        [itsMaker, 404],
      ] as const)
        expect((await other.delete(`${V1}/projects/${project.id}`)).status).toBe(status)
      expect((await maker.delete(`${V1}/projects/${project.id}`)).status).toBe(204)
      expect((await itsMaker.get(`${V1}/devices`)).status).toBe(401)
      expect((await maker.get(`${V1}/devices/${device.id}`)).status).toBe(404)
      expect((await maker.delete(`${V1}/projects/${project.id}`)).status).toBe(404)
      expect((await maker.delete(`${V1}/projects/default`)).status).toBe(404)
      expect((await maker.post(`${V1}/projects`, wanted)).status).toBe(201)
      const again = await api(server.httpUrl).post(`${V1}/users`, { ...who, project: name })
      expect(again.status).toBe(201)
    })
  })
})
