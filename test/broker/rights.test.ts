import { describe, expect, test } from '@jest/globals'
import type { MqttClient } from 'mqtt'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const OWN = ['latchkey/v1/claim/result', 'latchkey/v1/owner']

let server: TestServer
let maker: Api

const ready = async (started: TestServer) => {
  server = started
  maker = await signIn(server.httpUrl)
}

type Victim = {
  readonly id: string
  readonly name: string
  readonly token: string
  readonly number: number
}

/** Thirty ways to name what is another device's, a user's, a gateway's or the broker's. */
const shapesOf = ({ id, name, token, number }: Victim): string[] => [
  '#',
  '+',
  '+/+',
  '+/+/+',
  '/#',
  '+/#',
  'latchkey/#',
  'latchkey/+/#',
  'latchkey/v1/#',
  'latchkey/v1/+',
  'latchkey/v1/+/+',
  `latchkey/v1/${id}/owner`,
  `devices/${id}/#`,
  `devices/${name}/cmd`,
  `d/${id}/../${id}`,
  `d//${id}`,
  `/latchkey/v1/owner`,
  'latchkey/v1/owner/',
  'LATCHKEY/v1/owner',
  'latchkey/v1/own%65r',
  'latchkey/v1/öwner',
  'latchkey/v1/o\u0308wner',
  `v2/things/${token}`,
  `v2/things/${token}/#`,
  `/devices/${number}/command`,
  '$SYS/#',
  '$SYS/+/new/clients',
  '$share/g/latchkey/v1/owner',
  '$share/g/#',
  '$latchkey/handled',
  '$internal/#',
  `users/${id}/#`,
]

const granted = (client: MqttClient, filter: string): Promise<number> =>
  new Promise((resolve) => {
    client.once('packetreceive', function hear(packet) {
      if (packet.cmd === 'suback') resolve(Number((packet.granted as number[])[0]))
      else client.once('packetreceive', hear)
    })
    client.subscribe(filter, () => undefined)
  })

onEachStore(ready, () => {
  describe.each([4, 5] as const)('a device of protocol level %i', (protocolVersion) => {
    test('may hear nothing of another device, of users, or of the broker', async () => {
      const victim = await makeDevice(maker)
      const live = await connectDevice(server.mqttUrl, victim.token, OWN, { protocolVersion })
      const thief = await connectDevice(server.mqttUrl, (await makeDevice(maker)).token, [], {
        protocolVersion,
      })
      const heard: string[] = []
      thief.client.on('message', (topic) => heard.push(topic))
      const codes = new Map<string, number>()
      for (const shape of shapesOf(victim)) codes.set(shape, await granted(thief.client, shape))
      expect([...codes].filter(([, code]) => code < 128)).toEqual([])
      await live.publish('latchkey/v1/claim', { secret: 's' })
      await live.next('latchkey/v1/claim/result')
      const ada = await customer(server.httpUrl)
      expect((await ada.post(`${V1}/claims`, { device: victim.id, secret: 's' })).status).toBe(201)
      expect(await live.next('latchkey/v1/claim/result')).toMatchObject({ state: 'claimed' })
      expect(heard).toEqual([])
      await Promise.all([live.end(), thief.end()])
    })

    test('may say nothing to another device, to users, or to the broker', async () => {
      const victim = await makeDevice(maker)
      const live = await connectDevice(server.mqttUrl, victim.token, OWN, { protocolVersion })
      await live.next('latchkey/v1/owner')
      const heard: string[] = []
      live.client.on('message', (topic) => heard.push(topic))
      const thief = await connectDevice(server.mqttUrl, (await makeDevice(maker)).token, [], {
        protocolVersion,
      })
      const topics = [...shapesOf(victim), ...OWN].filter((topic) => !/[+#]/.test(topic))
      for (const topic of topics)
        await thief
          .publish(topic, { claimed: true, secret: 'mine', id: victim.id })
          .catch(() => undefined)
      await thief.publish('$SYS/evil/new/clients', victim.id).catch(() => undefined)
      expect([live.client.connected, thief.client.connected]).toEqual([true, true])
      expect(heard).toEqual([])
      const seen = await maker.get(`${V1}/devices/${victim.id}`)
      expect(seen.body).toMatchObject({ claimed: false, epoch: 0 })
      expect(seen.body.window).toBeUndefined()
      await Promise.all([live.end(), thief.end()])
    })

    test('leaves no last will anywhere', async () => {
      const victim = await makeDevice(maker)
      const live = await connectDevice(server.mqttUrl, victim.token, OWN, { protocolVersion })
      await live.next('latchkey/v1/owner')
      const thing = await makeDevice(maker)
      for (const topic of ['latchkey/v1/owner', 'latchkey/v1/claim', '$SYS/x/new/clients']) {
        const payload = Buffer.from('{"secret":"will"}')
        const dying = await connectDevice(server.mqttUrl, thing.token, [], {
          protocolVersion,
          will: { topic, payload, qos: 1, retain: true },
        })
        dying.client.stream.destroy()
        await dying.closed
      }
      expect((await maker.get(`${V1}/devices/${thing.id}`)).body.window).toBeUndefined()
      await expect(live.next('latchkey/v1/owner', 100)).rejects.toThrow('nothing came')
      await live.end()
    })

    test('keeps nothing of an earlier session, and what it retained goes to nobody', async () => {
      const thing = await makeDevice(maker)
      const options = { protocolVersion, clean: false, clientId: 'lasting' } as const
      const first = await connectDevice(server.mqttUrl, thing.token, OWN, options)
      await first.client
        .publishAsync('latchkey/v1/owner', '{"claimed":true}', { qos: 1, retain: true })
        .catch(() => undefined)
      await first.end()
      const second = await connectDevice(server.mqttUrl, thing.token, [], options)
      const heard: string[] = []
      second.client.on('message', (topic) => heard.push(topic))
      await second.publish('latchkey/v1/claim', { secret: 's' })
      expect(heard).toEqual([])
      await second.client.subscribeAsync(OWN)
      expect(await second.next('latchkey/v1/owner')).toEqual({ claimed: false, epoch: 0 })
      await second.end()
    })
  })
})
