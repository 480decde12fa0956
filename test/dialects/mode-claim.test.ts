import { describe, expect, test } from '@jest/globals'
import { type ModeProject, type ModeUser, modeHome, modeUser, send } from '../support/mode.ts'
import {
  addDevice,
  enableClaim,
  ownedDevice,
  printedDevice,
  projectWith,
} from '../support/mode-devices.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const NOT_CLAIMABLE = '{"reason":"DEVICE_NOT_CLAIMABLE"}'

let server: TestServer
let project: ModeProject

const resident = async (space: ModeProject = project): Promise<ModeUser & { home: number }> => {
  const user = await modeUser(server, space)
  return { ...user, home: (await modeHome(server, user)).id }
}

const add = (who: { key: string; home: number }, code: string) =>
  addDevice(server, who.key, who.home, code)
const get = (key: string, path: string) => send(server.httpUrl, 'GET', path, { key })

onEachStore(
  async (ready) => {
    server = ready
    project = await projectWith(ready)
  },
  () => {
    describe('claim mode', () => {
      // Seed 003, Update Device Registration State; research 1.9: what real clients send.
      test.each([
        [
          'JSON',
          'application/json',
          (id: number) => `{"deviceId":${id},"claimable":true,"duration":30}`,
        ],
        [
          'a web form with 1',
          'application/x-www-form-urlencoded',
          (id: number) => `deviceId=${id}&claimable=1&duration=300`,
        ],
        [
          'a web form with true',
          'application/x-www-form-urlencoded; charset=UTF-8',
          (id: number) => `deviceId=${id}&claimable=true&duration=30`,
        ],
        [
          'no duration',
          'application/json',
          (id: number) => `{"deviceId":${id},"claimable":"true"}`,
        ],
      ] as const)('is enabled by %s', async (_, type, body) => {
        const { id, key } = await printedDevice(project)
        const reply = await fetch(`${server.httpUrl}/deviceRegistration`, {
          method: 'POST',
          headers: { authorization: `ModeCloud ${key}`, 'content-type': type },
          body: body(id),
        })
        expect(reply.status).toBe(200)
        const said = (await reply.json()) as { claimExpirationTime: string }
        expect(Object.keys(said)).toEqual(['claimExpirationTime'])
        expect(Date.parse(said.claimExpirationTime)).toBeGreaterThan(Date.now())
        expect((await get(key, `/devices/${id}`)).body).toMatchObject(said)
      })

      test('lasts 300 s without a duration, and no longer than the policy lets it', async () => {
        const strict = await projectWith(server, { policy: { windowMaxMs: 60_000 } })
        const left = async (space: ModeProject, more: Record<string, unknown>) => {
          const before = Date.now()
          const reply = await enableClaim(server, await printedDevice(space), more)
          return Math.round((Date.parse(reply.body.claimExpirationTime) - before) / 10_000) * 10
        }
        expect(await left(project, { duration: undefined })).toBe(300)
        expect(await left(project, { duration: 30 })).toBe(30)
        expect(await left(strict, { duration: 3600 })).toBe(60)
      })

      test('is for the device itself, in the platform’s words', async () => {
        const [device, other] = [await printedDevice(project), await printedDevice(project)]
        const ann = await resident()
        const set = (key: string | undefined, body: unknown) =>
          send(server.httpUrl, 'POST', '/deviceRegistration', { key, body })
        const right = { deviceId: device.id, claimable: true, duration: 30 }
        expect((await set(undefined, right)).status).toBe(401)
        expect((await set('x'.repeat(43), right)).status).toBe(401)
        for (const key of [ann.key, other.key])
          expect(await set(key, right)).toMatchObject({
            status: 403,
            body: { reason: 'PERMISSION_DENIED' },
          })
        for (const [body, reason] of [
          [{ claimable: true }, 'MISSING_PARAMETERS'],
          [{ deviceId: device.id }, 'MISSING_PARAMETERS'],
          [{ ...right, claimable: 'yes' }, 'INVALID_PARAMETER'],
          [{ ...right, claimable: 2 }, 'INVALID_PARAMETER'],
          [{ ...right, duration: 0 }, 'INVALID_PARAMETER'],
          [{ ...right, duration: -1 }, 'INVALID_PARAMETER'],
          [{ ...right, duration: 1.5 }, 'INVALID_PARAMETER'],
          [{ ...right, duration: 'long' }, 'INVALID_PARAMETER'],
          [{ ...right, deviceId: 'x' }, 'INVALID_PARAMETER'],
          [[], 'MISSING_PARAMETERS'],
          ['text', 'MISSING_PARAMETERS'],
        ] as const)
          expect([body, await set(device.key, body)]).toMatchObject([
            body,
            { status: 403, body: { reason } },
          ])
        expect((await add(ann, device.claimCode)).text).toBe(NOT_CLAIMABLE)
      })
    })

    describe('a device with a printed code', () => {
      test('is added to a home: once, while it is in claim mode', async () => {
        const device = await printedDevice(project, { deviceClass: 'lamp', tag: 'red' })
        const ann = await resident()
        await enableClaim(server, device)
        const added = await add(ann, device.claimCode)
        expect(added.status).toBe(201)
        expect(added.body).toEqual({
          id: device.id,
          projectId: project.number,
          creationTime: expect.any(String),
          name: expect.any(String),
          tag: 'red',
          deviceClass: 'lamp',
          homeId: ann.home,
          claimTime: expect.any(String),
          isConnected: false,
        })
        expect((await get(ann.key, `/devices?homeId=${ann.home}`)).body).toEqual([added.body])
        const bob = await resident()
        expect((await add(bob, device.claimCode)).text).toBe(NOT_CLAIMABLE)
      })

      test('is refused in one way, whatever is the cause, and its maker is told the true one', async () => {
        const [closed, over] = [await printedDevice(project), await printedDevice(project)]
        const [owned, forbidden] = [
          await ownedDevice(server, project, await resident()),
          await printedDevice(project, { claimingAllowed: false }),
        ]
        const elsewhere = await printedDevice(await projectWith(server))
        await enableClaim(server, over)
        await enableClaim(server, over, { claimable: false })
        await enableClaim(server, owned)
        await enableClaim(server, forbidden)
        await enableClaim(server, elsewhere)
        const ann = await resident()
        const replies = [
          await add(ann, 'nobody-has-this-code'),
          await add(ann, closed.claimCode),
          await add(ann, over.claimCode),
          await add(ann, owned.claimCode),
          await add(ann, forbidden.claimCode),
          await add(ann, elsewhere.claimCode),
        ]
        const shape = ({ status, text, headers }: (typeof replies)[number]) => {
          const { date: _, ...rest } = Object.fromEntries(headers)
          return { status, text, rest }
        }
        expect(shape(replies[0] as never)).toMatchObject({ status: 403, text: NOT_CLAIMABLE })
        for (const reply of replies) expect(shape(reply)).toEqual(shape(replies[0] as never))
        const story = await project.maker.get(`${V1}/devices/${closed.uuid}/history`)
        expect(story.text).toContain('no-window')
        expect(story.text).not.toContain(closed.claimCode)
      })

      test('that is there already says so', async () => {
        const ann = await resident()
        const device = await ownedDevice(server, project, ann)
        for (const _ of [1, 2]) {
          expect(await add(ann, device.claimCode)).toMatchObject({
            status: 403,
            body: { reason: 'DEVICE_ALREADY_IN_HOME' },
          })
          await enableClaim(server, device)
        }
      })

      test('is free after it is deleted, keeps key and code, and has to enable its claim again', async () => {
        const [ann, bob] = [await resident(), await resident()]
        const device = await ownedDevice(server, project, ann)
        await send(server.httpUrl, 'PATCH', `/devices/${device.id}`, {
          key: ann.key,
          body: { name: 'Ann’s own', tag: 'hers' },
        })
        expect((await get(ann.key, `/devices/${device.id}`)).body.name).toBe('Ann’s own')
        const path = `/devices/${device.id}`
        const gone = await send(server.httpUrl, 'DELETE', path, { key: ann.key })
        expect([gone.status, gone.text]).toEqual([204, ''])
        expect((await get(ann.key, path)).status).toBe(404)
        const free = await get(device.key, path)
        expect(free.body).not.toHaveProperty('homeId')
        expect(free.body).not.toHaveProperty('claimTime')
        expect(free.body.name).not.toBe('Ann’s own')
        expect((await add(bob, device.claimCode)).text).toBe(NOT_CLAIMABLE)
        await enableClaim(server, device)
        expect((await add(bob, device.claimCode)).body.homeId).toBe(bob.home)
      })

      test('that was in claim mode when it was deleted is not any more', async () => {
        const open = await projectWith(server, { policy: { possession: true } })
        const [ann, bob] = [await resident(open), await resident(open)]
        const device = await ownedDevice(server, open, ann)
        await enableClaim(server, device)
        await send(server.httpUrl, 'DELETE', `/devices/${device.id}`, { key: ann.key })
        expect((await add(bob, device.claimCode)).text).toBe(NOT_CLAIMABLE)
      })

      test('goes to another home while it is in claim mode, where possession counts', async () => {
        const open = await projectWith(server, { policy: { possession: true } })
        const [ann, bob] = [await resident(open), await resident(open)]
        const device = await ownedDevice(server, open, ann)
        expect((await add(bob, device.claimCode)).text).toBe(NOT_CLAIMABLE)
        await enableClaim(server, device)
        expect((await add(bob, device.claimCode)).body.homeId).toBe(bob.home)
        expect((await get(ann.key, `/devices/${device.id}`)).status).toBe(404)
        expect((await get(ann.key, `/devices?homeId=${ann.home}`)).body).toEqual([])
        expect((await get(device.key, `/devices/${device.id}`)).body.homeId).toBe(bob.home)
      })

      test('goes to one of many who add it at once', async () => {
        const open = await projectWith(server, { policy: { possession: true } })
        const people = await Promise.all(Array.from({ length: 6 }, () => resident(open)))
        const device = await printedDevice(open)
        await enableClaim(server, device)
        const replies = await Promise.all(people.map((who) => add(who, device.claimCode)))
        const statuses = replies.map(({ status }) => status).sort()
        expect(statuses).toEqual([201, 403, 403, 403, 403, 403])
        const winner = people[replies.findIndex(({ status }) => status === 201)]
        expect((await get(device.key, `/devices/${device.id}`)).body.homeId).toBe(winner?.home)
      })

      test('is not claimed by somebody who is no member, or with anything missing', async () => {
        const [ann, bob] = [await resident(), await resident()]
        const device = await printedDevice(project)
        await enableClaim(server, device)
        const post = (key: string | undefined, body: unknown) =>
          send(server.httpUrl, 'POST', '/devices', { key, body })
        const right = { homeId: ann.home, claimCode: device.claimCode }
        expect((await post(undefined, right)).status).toBe(401)
        expect((await post(bob.key, right)).body).toEqual({ reason: 'PERMISSION_DENIED' })
        expect((await post(device.key, right)).body).toEqual({ reason: 'PERMISSION_DENIED' })
        expect((await post(ann.key, { homeId: ann.home })).body).toEqual({
          reason: 'MISSING_PARAMETERS',
        })
        expect((await post(ann.key, { claimCode: 'x' })).body).toEqual({
          reason: 'MISSING_PARAMETERS',
        })
        expect((await post(ann.key, { ...right, homeId: [] })).body).toEqual({
          reason: 'INVALID_PARAMETER',
        })
        expect((await post(ann.key, { ...right, homeId: String(ann.home) })).status).toBe(201)
      })

      test('is not found by guessing', async () => {
        const ann = await resident()
        const device = await printedDevice(project)
        await enableClaim(server, device)
        for (let guess = 0; guess < 20; guess++)
          expect((await add(ann, `guess-${guess}`)).status).toBe(403)
        const late = await add(ann, device.claimCode)
        expect(late).toMatchObject({ status: 429, body: { reason: 'TOO_MANY_REQUESTS' } })
        expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
        expect((await add(await resident(), device.claimCode)).status).toBe(201)
      })

      test('of several with one code the one in claim mode is meant, and none if there are two', async () => {
        const ann = await resident()
        const claimCode = `batch-${ann.home}`
        const [one, two] = [
          await printedDevice(project, { claimCode }),
          await printedDevice(project, { claimCode }),
        ]
        await enableClaim(server, one)
        await enableClaim(server, two)
        expect((await add(ann, claimCode)).text).toBe(NOT_CLAIMABLE)
        await enableClaim(server, one, { claimable: false })
        expect((await add(ann, claimCode)).body.id).toBe(two.id)
      })
    })

    describe('on-demand provisioning', () => {
      const onDemand = () => projectWith(server, { provisioning: 'on-demand' })
      const begin = (key: string, home: number, body: unknown) =>
        send(server.httpUrl, 'POST', `/homes/${home}/deviceProvisioning`, { key, body })
      const bring = (token: string, key?: string) =>
        send(server.httpUrl, 'POST', '/devices', { body: { token }, key })

      test('a new device comes into being in the member’s home, once, with a key of its own', async () => {
        const space = await onDemand()
        const ann = await resident(space)
        const begun = await begin(ann.key, ann.home, { deviceClass: 'cls', deviceTag: 'tag' })
        expect(begun.status).toBe(200)
        expect(begun.body).toEqual({
          token: expect.any(String),
          expirationTime: expect.any(String),
        })
        const made = await bring(begun.body.token)
        expect(made.status).toBe(201)
        expect(made.body).toMatchObject({ deviceClass: 'cls', tag: 'tag', homeId: ann.home })
        const own = await get(made.body.apiKey, `/devices/${made.body.id}`)
        const { apiKey: _, ...device } = made.body
        expect(own.body).toEqual(device)
        expect(await bring(begun.body.token)).toMatchObject({
          status: 403,
          body: { reason: 'INVALID_TOKEN' },
        })
        expect((await get(ann.key, `/devices?homeId=${ann.home}`)).body).toEqual([device])
      })

      test('a deleted one is gone, and its key with it', async () => {
        const space = await onDemand()
        const ann = await resident(space)
        const { body } = await begin(ann.key, ann.home, { deviceClass: 'cls' })
        const { id, apiKey } = (await bring(body.token)).body
        const gone = await send(server.httpUrl, 'DELETE', `/devices/${id}`, { key: ann.key })
        expect(gone.status).toBe(204)
        expect((await get(apiKey, `/devices/${id}`)).status).toBe(401)
      })

      test('begins only for a member, with a class, in a project that has it', async () => {
        const space = await onDemand()
        const [ann, bob] = [await resident(space), await resident(space)]
        expect(await begin(ann.key, ann.home, {})).toMatchObject({
          status: 403,
          body: { reason: 'MISSING_PARAMETERS' },
        })
        const denied = { status: 403, body: { reason: 'PERMISSION_DENIED' } }
        expect(await begin(bob.key, ann.home, { deviceClass: 'cls' })).toMatchObject(denied)
        const cid = await resident()
        expect(await begin(cid.key, cid.home, { deviceClass: 'cls' })).toMatchObject(denied)
        expect(await bring('x'.repeat(43))).toMatchObject({ status: 403 })
        expect((await bring('')).status).toBe(401)
      })
    })

    describe('devices', () => {
      test('of a home are listed for members and keys of the project, to nobody else', async () => {
        const [ann, bob] = [await resident(), await resident()]
        const device = await ownedDevice(server, project, ann)
        const list = (key: string | undefined, query = `?homeId=${ann.home}`) =>
          send(server.httpUrl, 'GET', `/devices${query}`, { key })
        expect((await list(ann.key)).body).toMatchObject([{ id: device.id, homeId: ann.home }])
        expect((await list(undefined)).status).toBe(401)
        for (const key of [bob.key, device.key])
          expect(await list(key)).toMatchObject({
            status: 403,
            body: { reason: 'PERMISSION_DENIED' },
          })
        expect((await list(ann.key, '')).body).toEqual({ reason: 'MISSING_PARAMETERS' })
        expect((await list(ann.key, '?homeId=x')).body).toEqual({ reason: 'PERMISSION_DENIED' })
      })

      test('never show a key or a claim code', async () => {
        const ann = await resident()
        const device = await ownedDevice(server, project, ann)
        for (const key of [ann.key, device.key]) {
          const { text } = await get(key, `/devices/${device.id}`)
          expect(text).not.toContain(device.key)
          expect(text).not.toContain(device.claimCode)
        }
      })

      test('are renamed by members, and two homes may use one name', async () => {
        for (const _ of [1, 2]) {
          const ann = await resident()
          const { id } = await ownedDevice(server, project, ann)
          const patch = (body: unknown) =>
            send(server.httpUrl, 'PATCH', `/devices/${id}`, { key: ann.key, body })
          expect((await patch({ name: 'Lamp', tag: 'hall', id: 7, homeId: 7 })).status).toBe(204)
          expect((await get(ann.key, `/devices/${id}`)).body).toMatchObject({
            ...{ id, name: 'Lamp', tag: 'hall', homeId: ann.home },
          })
          expect((await patch({ name: 'x'.repeat(256) })).body).toEqual({
            reason: 'INVALID_PARAMETER',
          })
          expect((await patch({ name: {} })).body).toEqual({ reason: 'INVALID_PARAMETER' })
        }
      })
    })
  },
)
