import { expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { importFile } from '../support/imports.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const MANY = 1200

let server: TestServer
let maker: Api
let rooms = 0

type Found = { id: string; name: string }

/** A project of its own, so that no other test's devices are in it. */
const newProject = async (): Promise<string> => {
  rooms += 1
  const name = `fleet-${rooms}`
  const made = await maker.post(`${V1}/projects`, {
    ...{ name, accounts: 'email', provisioning: 'pre' },
  })
  expect(made.status).toBe(201)
  return name
}

const look = (query: Record<string, string>) =>
  maker.get(`${V1}/fleet?${new URLSearchParams(query)}`)
const namesIn = async (query: Record<string, string>): Promise<string[]> =>
  (await look(query)).body.items.map(({ name }: Found) => name)

/** Every page of a search, one after the other. */
const all = async (query: Record<string, string>): Promise<Found[]> => {
  const found: Found[] = []
  let after: string | undefined
  for (let pages = 0; pages < 200; pages++) {
    const { body } = await look({ ...query, ...(after === undefined ? {} : { after }) })
    found.push(...body.items)
    after = body.next
    if (after === undefined) return found
  }
  throw new Error('the pages never end')
}

onEachStore(
  async (ready) => {
    server = ready
    maker = await signIn(server.httpUrl)
  },
  () => {
    test('devices are found by the beginning of their name, whatever its case, in the order of names', async () => {
      const project = await newProject()
      for (const name of ['Lamp 2', 'lamp 10', 'LAMP', 'lantern', 'Élan', 'e\u0301lan 2', 'zebra'])
        await makeDevice(maker, { name, project })
      expect(await namesIn({ project, search: 'lamp' })).toEqual(['LAMP', 'lamp 10', 'Lamp 2'])
      expect(await namesIn({ project, search: 'LAMP ' })).toEqual(['LAMP', 'lamp 10', 'Lamp 2'])
      expect(await namesIn({ project, search: 'lamp 1' })).toEqual(['lamp 10'])
      expect(await namesIn({ project, search: 'éla' })).toEqual(['Élan', 'e\u0301lan 2'])
      expect(await namesIn({ project, search: 'amp' })).toEqual([])
      expect(await namesIn({ project })).toHaveLength(7)
    })

    test('a device is found by its id, its number, its thing id and its Particle id as a whole', async () => {
      const project = await newProject()
      const particle = `00000000000000000000${String(1000 + rooms)}`
      const lamp = await makeDevice(maker, { name: 'lamp', project, ids: { particle } })
      await makeDevice(maker, { name: 'other', project })
      for (const search of [lamp.id, String(lamp.number), lamp.thingId, particle.toUpperCase()])
        expect(await namesIn({ project, search })).toEqual(['lamp'])
      expect(await namesIn({ project, search: lamp.id.slice(0, 35) })).toEqual([])
    })

    test('a device that is named like the id of another is found together with it', async () => {
      const project = await newProject()
      const lamp = await makeDevice(maker, { name: 'lamp', project })
      await makeDevice(maker, { name: String(lamp.number), project })
      const found = await namesIn({ project, search: String(lamp.number) })
      expect(found).toEqual(['lamp', String(lamp.number)])
    })

    test('pages hold every device once, of however many, and those of another project never', async () => {
      const project = await newProject()
      const rows = Array.from({ length: MANY }, (_, place) => ({
        name: `unit-${String(place).padStart(5, '0')}`,
      }))
      await importFile(server.httpUrl, maker, rows, { query: `?project=${project}` })
      await makeDevice(maker, { name: `unit-x${rooms}`, project: await newProject() })
      const found = await all({ project, limit: '200' })
      expect(found.map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
      const some = await all({ project, search: 'unit-0010', limit: '3' })
      expect(some.map(({ name }) => name)).toEqual(
        rows.map(({ name }) => name).filter((name) => name.startsWith('unit-0010')),
      )
    })

    test('a state is looked for through all pages, some of which may be empty', async () => {
      const project = await newProject()
      const rows = Array.from({ length: MANY }, (_, place) => ({
        name: `unit-${String(place).padStart(5, '0')}`,
      }))
      await importFile(server.httpUrl, maker, rows, { query: `?project=${project}` })
      const last = await makeDevice(maker, { name: 'zz', project })
      expect(await all({ project, state: 'connected' })).toEqual([])
      const device = await connectDevice(server.mqttUrl, last.token, ['latchkey/v1/claim/result'])
      const first = await look({ project, state: 'connected' })
      expect(first.body.items).toEqual([])
      expect(first.body.next).toEqual(expect.any(String))
      expect((await all({ project, state: 'connected' })).map(({ name }) => name)).toEqual(['zz'])
      await device.publish('latchkey/v1/claim', { secret: 'a key', durationMs: 60_000 })
      await device.next('latchkey/v1/claim/result')
      expect((await all({ project, state: 'window' })).map(({ name }) => name)).toEqual(['zz'])
      expect(await all({ project, state: 'unclaimed' })).toHaveLength(MANY + 1)
      expect(await all({ project, state: 'claimed' })).toEqual([])
      await device.end()
    })

    test('a device is shown with its owner and its connection, and never with a secret', async () => {
      const ada = await customer(server.httpUrl)
      const lamp = await makeDevice(maker, { claimCode: 'the box key' })
      const device = await connectDevice(server.mqttUrl, lamp.token)
      const claimed = await ada.post(`${V1}/claims`, { device: lamp.name, secret: 'the box key' })
      expect(claimed.status).toBe(201)
      const { body, text } = await maker.get(`${V1}/fleet/${lamp.id}`)
      expect(body).toMatchObject({
        ...{ name: lamp.name, claimed: true, epoch: 1, connected: true, project: 'default' },
        home: { id: ada.home, email: ada.email },
      })
      expect(text).not.toContain(lamp.token)
      expect(text).not.toContain('the box key')
      await device.end()
    })

    test('a device that is renamed is found by its new name alone, and a name is taken once', async () => {
      const project = await newProject()
      const lamp = await makeDevice(maker, { name: 'lamp', project })
      await makeDevice(maker, { name: 'other', project })
      const taken = await maker.patch(`${V1}/devices/${lamp.id}`, { name: 'other' })
      expect(taken.status).toBe(409)
      expect(taken.body.reason).toBe('name-taken')
      expect((await maker.patch(`${V1}/devices/${lamp.id}`, { name: 'torch' })).status).toBe(200)
      expect(await namesIn({ project, search: 'lamp' })).toEqual([])
      expect(await namesIn({ project, search: 'torch' })).toEqual(['torch'])
      // Another case is another name with the same place.
      expect((await maker.patch(`${V1}/devices/${lamp.id}`, { name: 'TORCH' })).status).toBe(200)
      expect(await namesIn({ project, search: 'torch' })).toEqual(['TORCH'])
      for (const name of ['', '\u0000', '\ud800', 'x'.repeat(256), 7])
        expect((await maker.patch(`${V1}/devices/${lamp.id}`, { name })).status).toBe(400)
    })

    test('a withdrawn credential opens nothing, its connection ends, and the new one lets in', async () => {
      const lamp = await makeDevice(maker)
      const device = await connectDevice(server.mqttUrl, lamp.token)
      const renewed = await maker.post(`${V1}/devices/${lamp.id}/credential`)
      expect(renewed.status).toBe(201)
      expect(renewed.body.token).toMatch(/^[\w-]{43}$/)
      expect(renewed.body.token).not.toBe(lamp.token)
      await device.closed
      await expect(connectDevice(server.mqttUrl, lamp.token)).rejects.toThrow()
      await (await connectDevice(server.mqttUrl, renewed.body.token)).end()
    })

    test('every try at a device is listed with its true reason and what to do next', async () => {
      const eve = await customer(server.httpUrl)
      const lamp = await makeDevice(maker, { claimCode: 'right' })
      await eve.post(`${V1}/claims`, { device: lamp.name, secret: 'wrong' })
      await eve.post(`${V1}/claims`, { device: lamp.name, secret: 'right' })
      const { body, text } = await maker.get(`${V1}/devices/${lamp.id}/attempts`)
      expect(body.items).toEqual([
        expect.objectContaining({ state: 'claimed', epoch: 1, user: eve.id }),
        expect.objectContaining({
          ...{ state: 'refused', reason: 'wrong-secret', user: eve.id, asked: lamp.name },
          nextStep: expect.stringContaining('Read the secret again'),
        }),
      ])
      expect(text).not.toContain('wrong"')
    })

    test('none of it is for a customer, and a maker of a product sees his own project alone', async () => {
      const project = await newProject()
      const ada = await customer(server.httpUrl)
      const lamp = await makeDevice(maker, { project })
      const who = { email: `maker-of-${project}@example.com`, password: 'a-good-password' }
      await maker.post(`${V1}/users`, { ...who, role: 'maker', project })
      const productMaker = await signIn(server.httpUrl, who)
      for (const path of [
        '/fleet',
        `/fleet/${lamp.id}`,
        `/devices/${lamp.id}/attempts`,
        '/projects',
        '/project-keys',
        '/oauth-clients',
        '/users',
        `/users/${ada.id}`,
        '/project-homes',
        `/project-homes/${ada.home}`,
        '/statistics',
      ]) {
        expect([path, (await ada.get(`${V1}${path}`)).status]).toEqual([path, 403])
        expect([path, (await productMaker.get(`${V1}${path}`)).status]).toEqual([
          path,
          path.includes(ada.id) || path.includes(ada.home) ? 404 : 200,
        ])
      }
      const foreign = `${V1}/fleet?project=default`
      expect((await productMaker.get(foreign)).status).toBe(404)
      const hidden = await makeDevice(maker)
      expect((await productMaker.get(`${V1}/fleet/${hidden.id}`)).status).toBe(404)
      expect((await productMaker.post(`${V1}/devices/${hidden.id}/credential`)).status).toBe(404)
      const own = (await productMaker.get(`${V1}/projects`)).body.items
      expect(own.map(({ name }: Found) => name)).toEqual([project])
    })

    test.each([
      'search=%00',
      'search=%ED%A0%80',
      `search=${encodeURIComponent('%'.repeat(255))}`,
      'search=%F0%9F%92%A1',
      'after=____',
      'after=AAAA&search=zz',
      `after=${'A'.repeat(1600)}`,
      'search=',
    ])('a strange question is answered with a page: %s', async (query) => {
      const { status, body } = await maker.get(`${V1}/fleet?${query}`)
      expect(status).toBe(200)
      expect(body.items).toEqual(expect.any(Array))
    })

    test.each([
      `search=${'x'.repeat(256)}`,
      'state=sleeping',
      'after=%2F',
      `after=${'A'.repeat(1601)}`,
      'limit=0',
      'limit=-1',
      'order=name',
    ])('a wrong question is refused: %s', async (query) => {
      expect((await maker.get(`${V1}/fleet?${query}`)).status).toBe(400)
    })
  },
)
