import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '../support/mail.ts'
import {
  type ModeProject,
  type ModeUser,
  modeHome,
  modeUser,
  projectKey,
  send,
} from '../support/mode.ts'
import { ownedDevice, type PrintedDevice, projectWith } from '../support/mode-devices.ts'
import { startTwoNodes, type TwoNodes } from '../support/nodes.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const LOOPBACK = { LATCHKEY_WEBHOOK_NETWORKS: '127.0.0.0/8' }

type World = {
  readonly project: ModeProject
  readonly user: ModeUser
  readonly home: number
  readonly device: PrintedDevice
}

const newWorld = async (server: TestServer): Promise<World> => {
  const project = await projectWith(server)
  const user = await modeUser(server, project)
  const { id: home } = await modeHome(server, user)
  return {
    project,
    user,
    home,
    device: await ownedDevice(server, project, { key: user.key, home }),
  }
}

const hook = async ({ project }: World, url: string, more: Record<string, unknown> = {}) => {
  const made = await project.maker.post(`${V1}/webhooks`, { url, project: project.id, ...more })
  if (made.status !== 201) throw new Error(`webhook: ${made.status} ${made.text}`)
  return made.body as { id: string; key: string }
}

const say = (server: TestServer, { device }: World, eventType: string, eventData = {}) =>
  send(server.httpUrl, 'PUT', `/devices/${device.id}/event`, {
    key: device.key,
    body: { eventType, eventData },
  })

const listed = async ({ project }: World) =>
  (await project.maker.get(`${V1}/webhooks?project=${project.id}`)).body.items

let server: TestServer
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())

onEachStore(
  async (ready) => {
    server = ready
  },
  () => {
    test('an event of a home is posted as the platform writes it, signed with the key', async () => {
      const world = await newWorld(server)
      const { key } = await hook(world, receiver.url)
      await say(server, world, 'abc', { x: 'ü' })
      const { text, body, headers } = await receiver.next()
      // The sample of the platform's own handler: research 1.2, Device Event.
      expect(body).toEqual({
        ...{ homeId: world.home, timestamp: expect.any(String), eventType: 'abc' },
        ...{ eventData: { x: 'ü' }, originDeviceId: world.device.id },
      })
      const signature = createHmac('sha256', key)
        .update(receiver.url + text)
        .digest('hex')
      expect(headers['x-mode-signature']).toBe(signature)
      expect(headers['content-type']).toMatch(/^application\/json/)
      const program = await projectKey(world.project, ['send-events'])
      await send(server.httpUrl, 'PUT', `/homes/${world.home}/event`, {
        key: program,
        body: { eventType: 'from-cloud', eventData: {} },
      })
      expect((await receiver.next()).body).toMatchObject({
        ...{ eventType: 'from-cloud', originProjectKeyName: 'backend' },
      })
    })

    test('only what is wanted is told, and nothing of another project', async () => {
      const [world, other] = [await newWorld(server), await newWorld(server)]
      await hook(world, receiver.url, { events: ['wanted'] })
      await say(server, other, 'wanted')
      await say(server, world, 'unwanted')
      await say(server, world, 'wanted')
      expect((await receiver.next()).body).toMatchObject({
        eventType: 'wanted',
        homeId: world.home,
      })
      expect(receiver.came).toEqual([])
    })

    test('what was not taken is told again, the same, before what came after it', async () => {
      const world = await newWorld(server)
      await hook(world, receiver.url)
      receiver.answer({ status: 503 }, { status: 429 })
      await say(server, world, 'first')
      await say(server, world, 'second')
      const [one, two, three] = [
        await receiver.next(),
        await receiver.next(),
        await receiver.next(),
      ]
      expect([one, two, three].map(({ body }) => body.eventType)).toEqual(Array(3).fill('first'))
      const ids = [one, two, three].map(({ headers }) => headers['x-latchkey-event-id'])
      expect(new Set(ids).size).toBe(1)
      expect(two.text).toBe(one.text)
      expect((await receiver.next()).body.eventType).toBe('second')
      await eventually(async () => !('failing' in (await listed(world))[0]))
    })

    test('what the receiver will never take is given up, and the next is told', async () => {
      const world = await newWorld(server)
      await hook(world, receiver.url)
      receiver.answer({ status: 400 })
      await say(server, world, 'bad')
      await say(server, world, 'good')
      expect((await receiver.next()).body.eventType).toBe('bad')
      expect((await receiver.next()).body.eventType).toBe('good')
    })

    test('a redirect is not followed', async () => {
      const world = await newWorld(server)
      const trap = await startReceiver()
      await hook(world, receiver.url)
      receiver.answer({ status: 307, headers: { location: trap.url } })
      await say(server, world, 'x')
      await receiver.next()
      await receiver.next()
      expect(trap.came).toEqual([])
      await trap.close()
    })

    test('a removed one is told nothing', async () => {
      const world = await newWorld(server)
      const [gone, present] = [
        await hook(world, `${receiver.url}/gone`),
        await hook(world, receiver.url),
      ]
      const path = `${V1}/webhooks/${gone.id}?project=${world.project.id}`
      expect((await world.project.maker.delete(path)).status).toBe(204)
      expect((await world.project.maker.delete(path)).status).toBe(404)
      await say(server, world, 'x')
      expect((await receiver.next()).path).toBe('/hook')
      expect(await listed(world)).toMatchObject([{ id: present.id }])
    })

    test('the home sees it as a smart module, without its address and its key', async () => {
      const world = await newWorld(server)
      const { id, key } = await hook(world, receiver.url, {
        ...{ description: 'To our cloud', events: ['a'] },
      })
      const path = `/homes/${world.home}/smartModules`
      const seen = await send(server.httpUrl, 'GET', path, { key: world.user.key })
      const module = {
        ...{ id, moduleType: 'webhooks', creationTime: expect.any(String) },
        ...{ description: 'To our cloud', suspended: false, subscribedEvents: ['a'] },
      }
      expect(seen.body).toEqual([module])
      const one = await send(server.httpUrl, 'GET', `${path}/${id}`, { key: world.user.key })
      expect(one.body).toEqual(module)
      const none = await send(server.httpUrl, 'GET', `${path}/x`, { key: world.user.key })
      expect(none.status).toBe(404)
      for (const { text } of [seen, one]) {
        expect(text).not.toContain(key)
        expect(text).not.toContain('127.0.0.1')
      }
      expect(JSON.stringify(await listed(world))).not.toContain(key)
    })

    test('are made by makers, ten for a project, for http and https alone', async () => {
      const world = await newWorld(server)
      const make = (url: string, who = world.project.maker) =>
        who.post(`${V1}/webhooks`, { url, project: world.project.id })
      for (const url of [
        '',
        'x',
        'ftp://a.example',
        'file:///etc/passwd',
        'http://',
        'https://me:secret@a.example',
        'http://a.example/#x',
      ])
        expect([url, (await make(url)).status]).toEqual([url, 400])
      expect((await make('https://a.example', world.user.native)).status).toBe(403)
      for (let made = 0; made < 10; made++)
        expect((await make('https://a.example')).status).toBe(201)
      expect((await make('https://a.example')).status).toBe(409)
    })
  },
  LOOPBACK,
)

test('what is told is told once after a restart, from where it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-webhooks-'))
  const lasting = {
    ...LOOPBACK,
    LATCHKEY_STORE: `embedded:${join(folder, 'store')}`,
    LATCHKEY_KEY_FILE: join(folder, 'instance.key'),
  }
  const first = await startServer(lasting)
  const own = await startReceiver()
  const world = await newWorld(first)
  await hook(world, own.url)
  await say(first, world, 'one')
  expect((await own.next()).body.eventType).toBe('one')
  own.answer({ status: 503 })
  await say(first, world, 'two')
  expect((await own.next()).body.eventType).toBe('two')
  await first.close()
  const second = await startServer(lasting)
  expect((await own.next()).body.eventType).toBe('two')
  await say(second, world, 'three')
  expect((await own.next()).body.eventType).toBe('three')
  expect(own.came).toEqual([])
  await second.close()
  await own.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('on a server that was told of no networks', () => {
  let strict: TestServer
  beforeAll(async () => {
    strict = await startServer()
  })
  afterAll(() => strict.close())

  test.each([
    ['an address', (port: number) => `http://127.0.0.1:${port}/`],
    ['a name', (port: number) => `http://localhost:${port}/`],
    ['a mapped address', (port: number) => `http://[::ffff:127.0.0.1]:${port}/`],
    ['a short address', (port: number) => `http://127.1:${port}/`],
    ['a number', (port: number) => `http://2130706433:${port}/`],
    ['nothing', (port: number) => `http://0.0.0.0:${port}/`],
  ])('this machine is not called by %s', async (_, urlOf) => {
    const own = await startReceiver()
    const world = await newWorld(strict)
    await hook(world, urlOf(own.port))
    await say(strict, world, 'x')
    await eventually(async () => 'failing' in (await listed(world))[0])
    expect((await listed(world))[0].failing).toMatchObject({ cause: 'EFORBIDDEN' })
    expect(own.came).toEqual([])
    await own.close()
  })
})

describeWithRedis('on two nodes', () => {
  let two: TwoNodes
  beforeAll(async () => {
    two = await startTwoNodes(LOOPBACK)
  })
  afterAll(() => two.close())

  test('every event is told once, in order, whoever it came to', async () => {
    const own = await startReceiver()
    const [left, right] = two.nodes
    const world = await newWorld(left)
    await hook(world, own.url)
    const names = Array.from({ length: 20 }, (_, n) => `e${n}`)
    for (const [n, name] of names.entries()) await say(n % 2 === 0 ? left : right, world, name)
    const told: string[] = []
    while (told.length < names.length) told.push((await own.next()).body.eventType)
    expect(told).toEqual(names)
    expect(own.came).toEqual([])
    await own.close()
  })
})
