import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Aedes, type Client } from 'aedes'
import { attachClaiming, nativeMqtt, openStore, type Store, thethingsMqtt } from '../../index.ts'
import { silentLog } from '../../shared/log.ts'
import { connectDevice } from '../support/device.ts'
import { type Parts, partsOn } from '../support/parts.ts'
import { guest } from '../support/thethings.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-embed-'))
const values = { values: [{ key: 'k', value: 1 }] }
let store: Store
let parts: Parts

beforeAll(async () => {
  store = await openStore({ url: `embedded:${folder}`, log: silentLog })
  parts = await partsOn(store)
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Somebody's own broker with his own rule of who may come, and the dialect added. */
const startTheirs = async (letsIn: (username: string | undefined) => boolean | Error) => {
  const heard: string[] = []
  const aedes = await Aedes.createBroker({
    authenticate: (_client, username, _password, done) => {
      const answer = letsIn(username)
      if (answer instanceof Error) done(Object.assign(answer, { returnCode: 3 }), null)
      else done(null, answer)
    },
  })
  aedes.on('publish', (packet, client: Client | null) => {
    if (client !== null) heard.push(packet.topic)
  })
  const { registry, engine, delivery, now } = parts
  const attached = await attachClaiming(aedes, {
    ...{ store, registry, engine, delivery, now, log: silentLog },
    dialects: [nativeMqtt, thethingsMqtt],
    strangers: 'pass',
  })
  const server = createServer({ noDelay: true }, aedes.handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close: async () => {
      await attached.detach()
      await new Promise<void>((resolve) => aedes.close(() => resolve()))
      server.close()
    },
  }
}

let made = 0
const newThing = async () => {
  made += 1
  const { registry, project } = parts
  const device = await registry.devices.create({ project, name: `thing-${made}` })
  if (device === 'name-taken') throw new Error('taken')
  const own = `v2/things/${device.token}`
  const read = () => registry.values.read(device.device, 'k')
  return { ...device, own, link: `${own}/link-id`, read }
}

const WAITING = { status: 'success', message: 'waiting for app' }

describe('in a broker that lets nobody in without a user name', () => {
  let theirs: Awaited<ReturnType<typeof startTheirs>>
  beforeAll(async () => {
    theirs = await startTheirs((username) => username === 'their-user')
  })
  afterAll(() => theirs.close())

  test('a thing speaks as a guest, and has nothing else there', async () => {
    const thing = await newThing()
    const spy = await connectDevice(theirs.url, 'their-user', ['#'])
    const client = await guest(theirs.url, [thing.link], { clean: false, clientId: 'same' })
    await client.publish(thing.own, values)
    expect(await thing.read()).toMatchObject([{ value: 1 }])
    await client.publish(thing.link, { linkId: 'SSID-1' })
    expect(await client.next(thing.link)).toEqual(WAITING)
    await client.publish('their/topic', { hello: 1 })
    for (const filter of ['their/topic', '#', 'latchkey/v1/owner', `v2/things/${'A'.repeat(43)}`])
      await expect(client.client.subscribeAsync(filter)).rejects.toThrow()
    await expect(spy.next('their/topic', 100)).rejects.toThrow('nothing came')
    expect(theirs.heard).toEqual([])
    await Promise.all([client.end(), spy.end()])
  })

  test('a thing is activated there', async () => {
    const { registry, project } = parts
    const [code] = await registry.activationCodes.create(project, 1)
    const topic = `v2/activations/${code}/7`
    const client = await guest(theirs.url, [topic])
    expect(await client.next(topic)).toMatchObject({ status: 'created' })
    await client.end()
  })

  test('a wrong user name is refused as before', async () => {
    await expect(connectDevice(theirs.url, 'nobody')).rejects.toThrow()
  })
})

describe('in a broker that lets everybody in', () => {
  let theirs: Awaited<ReturnType<typeof startTheirs>>
  beforeAll(async () => {
    theirs = await startTheirs(() => true)
  })
  afterAll(() => theirs.close())

  test.each([undefined, 'their-user'])(
    'a client of theirs (%s) keeps what it has, and speaks for a thing whose token it knows',
    async (username) => {
      const thing = await newThing()
      const theirTopic = `their/${username}`
      const topics = [theirTopic, thing.own, thing.link]
      const client = await connectDevice(theirs.url, username as string, topics)
      const spy = await connectDevice(theirs.url, 'their-spy', ['#'])
      await client.publish(thing.link, { linkId: `SSID-${username}` })
      expect(await client.next(thing.link)).toEqual(WAITING)
      await client.publish(thing.own, values)
      expect(await thing.read()).toMatchObject([{ value: 1 }])
      await client.publish(theirTopic, { hello: 1 })
      for (const hearer of [client, spy])
        expect(await hearer.next(theirTopic)).toEqual({ hello: 1 })
      await expect(spy.next(thing.own, 100)).rejects.toThrow('nothing came')
      expect(theirs.heard.filter((topic) => topic.startsWith('v2/'))).toEqual([])
      await Promise.all([client.end(), spy.end()])
    },
  )

  test('nobody speaks for a thing whose token he does not know', async () => {
    const client = await connectDevice(theirs.url, 'their-user')
    const wrong = `v2/things/${'A'.repeat(43)}`
    await expect(client.client.subscribeAsync(wrong)).rejects.toThrow()
    await client.publish(wrong, values)
    expect(theirs.heard).not.toContain(wrong)
    expect(client.client.connected).toBe(true)
    await client.end()
  })
})

test('an outage of their own is told as it was', async () => {
  const theirs = await startTheirs(() => new Error('their database is away'))
  await expect(guest(theirs.url)).rejects.toMatchObject({ code: 3 })
  await theirs.close()
})
