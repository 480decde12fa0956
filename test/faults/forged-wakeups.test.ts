import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice, type TestDevice } from '../support/device.ts'
import { startTwoNodes, type TwoNodes } from '../support/nodes.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { openStream } from '../support/sse.ts'

const V1 = '/latchkey/v1'
const COMMANDS = 'latchkey/v1/commands'
const OWNER = 'latchkey/v1/owner'
const ROUNDS = 20
const PREFIX = 'latchkey:w:'

describeWithRedis('wake-ups on a bus that others write to', () => {
  let two: TwoNodes
  let stranger: Redis
  let listener: Redis
  let live: TestDevice | undefined

  beforeEach(async () => {
    two = await startTwoNodes()
    const address = { host: '127.0.0.1', port: two.redis.port, protocol: 2 } as const
    stranger = new Redis(address)
    listener = new Redis(address)
  })
  afterEach(async () => {
    await live?.end()
    stranger.disconnect()
    listener.disconnect()
    await two.close()
  })

  /** A device on the second node, claimed by somebody who asks the first. */
  const claimed = async () => {
    const [first, second] = two.nodes
    const maker = await signIn(first.httpUrl)
    const device = await makeDevice(maker, { claimCode: 'label' })
    const owner = await customer(first.httpUrl)
    await owner.post(`${V1}/claims`, { device: device.id, secret: 'label' })
    live = await connectDevice(second.mqttUrl, device.token, [COMMANDS, OWNER])
    return { device, owner, maker, connected: live }
  }

  test('forged ones end no connection, no session and no claim, and nobody is told what is not so', async () => {
    const { device, owner, maker, connected } = await claimed()
    expect(await connected.next(OWNER)).toMatchObject({ claimed: true, epoch: 1 })
    const project = (await maker.get(`${V1}/devices/${device.id}`)).body.project ?? 'default'
    const channels = (await stranger.call('PUBSUB', 'CHANNELS', `${PREFIX}*`)) as string[]
    expect(channels.length).toBeGreaterThan(3)
    const generation = Number.MAX_SAFE_INTEGER
    const messages = [
      ...['', 'null', '[]', '{', '{}', '"x"', '1', '\0', '{"__proto__":{}}', 'x'.repeat(1_000_000)],
      ...[device.id, owner.id, owner.home, project, maker.token ?? ''],
      ...[{ device: device.id, node: 'nobody', generation }, { device: device.id }].map((one) =>
        JSON.stringify(one),
      ),
      JSON.stringify({ device: device.id, node: 'x', generation, epoch: 9, owner: 'x', type: 'x' }),
    ]
    for (const channel of [...channels, `${PREFIX}none`])
      for (const message of messages) await stranger.publish(channel, message)
    let isClosed = false
    void connected.closed.then(() => {
      isClosed = true
    })
    const given = await owner.post(`${V1}/devices/${device.id}/commands`, { action: 'blink' })
    expect(given.status).toBe(202)
    expect(await connected.next(COMMANDS)).toMatchObject({ id: given.body.id, epoch: 1 })
    await connected.publish(`${COMMANDS}/${given.body.id}/ack`, {})
    expect(isClosed).toBe(false)
    expect((await owner.get(`${V1}/devices/${device.id}`)).body).toMatchObject({
      owner: owner.home,
      epoch: 1,
    })
    for (const { httpUrl } of two.nodes) expect((await fetch(`${httpUrl}/readyz`)).status).toBe(200)
    await expect(connected.next(OWNER, 1500)).rejects.toThrow('nothing came')
  })

  test('doubled, late and in the wrong order they change neither what is delivered nor its order', async () => {
    const { device, owner, connected } = await claimed()
    // Everything that is said is said twice more, later ones first.
    const echoes = new Map<string, number>()
    let held: (readonly [string, string])[] = []
    listener.on('pmessage', (_pattern: string, channel: string, message: string) => {
      const name = `${channel} ${message}`
      const mine = echoes.get(name) ?? 0
      if (mine > 0) return void echoes.set(name, mine - 1)
      held.push([channel, message])
      if (held.length < 3) return
      const together = held.reverse()
      held = []
      for (const [at, text] of [...together, ...together]) {
        echoes.set(`${at} ${text}`, (echoes.get(`${at} ${text}`) ?? 0) + 1)
        void stranger.publish(at, text)
      }
    })
    await listener.psubscribe(`${PREFIX}*`)
    const headers = { authorization: `Bearer ${owner.token}` }
    const stream = await openStream(`${two.nodes[0].httpUrl}${V1}/events`, headers)
    const given: string[] = []
    for (let n = 0; n < ROUNDS; n++) {
      const path = `${V1}/devices/${device.id}/commands`
      given.push((await owner.post(path, { action: `round ${n}` })).body.id)
    }
    const came: string[] = []
    while (came.length < ROUNDS) {
      const { id } = await connected.next(COMMANDS, 20_000)
      came.push(id)
      await connected.publish(`${COMMANDS}/${id}/ack`, {})
    }
    expect(came).toEqual(given)
    const acknowledged: string[] = []
    while (acknowledged.length < ROUNDS) {
      const { type, data } = JSON.parse((await stream.next(20_000)).data)
      if (type === 'latchkey.command.acknowledged') acknowledged.push(data.id)
    }
    expect(acknowledged).toEqual(given)
    stream.close()
  })
})
