import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { api } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { byPolling, bySocket, bySse, byTicket, type Ear, whoHeard } from '../support/ears.ts'
import { LEAVINGS, type Owner } from '../support/leaving.ts'
import { eventually } from '../support/mail.ts'
import { startTwoNodes, type TwoNodes } from '../support/nodes.ts'
import { claimWithCode, newCustomer, newDevice, newProduct } from '../support/particle.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { openStream } from '../support/sse.ts'

const V1 = '/latchkey/v1'
const COMMANDS = 'latchkey/v1/commands'
/** research/security.md F15: subscribers are cut off twice a second, so that wake-ups are lost. */
const SABOTAGE_MS = 500

describeWithRedis('a device that has left its owner, on two nodes', () => {
  let two: TwoNodes
  let saboteur: Redis
  let sabotage: NodeJS.Timeout

  beforeAll(async () => {
    two = await startTwoNodes()
    saboteur = new Redis(two.redis.url)
    sabotage = setInterval(
      () => void saboteur.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined),
      SABOTAGE_MS,
    )
  })
  afterAll(async () => {
    clearInterval(sabotage)
    saboteur.disconnect()
    await two.close()
  })

  /** Everything that hears, on both nodes; a ticket was made before. */
  const earsOf = async (owner: Owner): Promise<Ear[]> => {
    const each = two.nodes.flatMap((node) => [
      bySse(node, owner.token),
      bySocket(node, `${V1}/events`, `Bearer ${owner.token}`),
      byTicket(node, api(two.nodes[0].httpUrl, { token: owner.token })),
      Promise.resolve(byPolling(node, owner.token)),
      ...owner.ears(node),
    ])
    return Promise.all(each)
  }

  /** The device hears one command and does not answer, and another one waits for it. */
  const commanded = async ({ lost, token }: Owner): Promise<string[]> => {
    const [, second] = two.nodes
    const path = `${V1}/devices/${lost.id}/commands`
    const his = api(second.httpUrl, { token })
    const device = await connectDevice(second.mqttUrl, lost.token, [COMMANDS])
    const given = await his.post(path, { action: 'in flight' })
    expect(await device.next(COMMANDS, 20_000)).toMatchObject({ action: 'in flight' })
    await device.end()
    const queued = await his.post(path, { action: 'queued' })
    expect([given.status, queued.status]).toEqual([202, 202])
    const state = async () => (await his.get(`${path}/${given.body.id}`)).body.state
    await eventually(async () => (await state()) === 'sent')
    return [given.body.id, queued.body.id]
  }

  /** Waits for the next event of the device, a minute at most. */
  const pollOf = async ({ lost, token }: Owner) => {
    const path = `${two.nodes[1].httpUrl}${V1}/devices/${lost.id}/events`
    const headers = { authorization: `Bearer ${token}` }
    const seen = (await (await fetch(`${path}?limit=500`, { headers })).json()) as {
      items: { id: string }[]
    }
    return { answer: fetch(`${path}?waitMs=60000&after=${seen.items.at(-1)?.id}`, { headers }) }
  }

  describe.each(LEAVINGS)('$dialect: that was $words', ({ scene }) => {
    test('is out of his sight and his reach, at once and for good', async () => {
      const [first, second] = two.nodes
      const { owner, leave } = await scene(first)
      const { lost, kept, maker, token } = owner
      const commands = await commanded(owner)
      const late = await api(first.httpUrl, { token }).post(`${V1}/tickets`)
      const ears = await earsOf(owner)
      const own =
        owner.ownStream === undefined
          ? undefined
          : await openStream(`${second.httpUrl}${owner.ownStream}`, {
              authorization: `Bearer ${token}`,
            })
      const [its, others] = [
        await connectDevice(second.mqttUrl, lost.token),
        await connectDevice(first.mqttUrl, kept.token),
      ]
      /** The device says something, then the one that he has kept: who heard the one has heard the other or never will. */
      const heardIn = async (round: string): Promise<string[]> => {
        const say = (eventType: string) => ({ eventType, eventData: {} })
        await its.publish('latchkey/v1/events', say(`said by lost ${round}`))
        await others.publish('latchkey/v1/events', say(`said by kept ${round}`))
        return whoHeard(ears, `said by lost ${round}`, `said by kept ${round}`)
      }
      // What is opened hears from a moment after.
      let warm = 0
      await eventually(async () => (await heardIn(`warm ${warm++}`)).length === ears.length)
      const poll = await pollOf(owner)

      expect([200, 201, 204]).toContain(await leave(its))

      // The very first one after the answer is none of his any more.
      expect(await heardIn('afterwards')).toEqual([])
      await own?.ended
      const { items } = (await (await poll.answer).json()) as { items: { type: string }[] }
      expect(items.map(({ type }) => type)).toContain('latchkey.device.released')
      for (const { httpUrl } of two.nodes)
        for (const [method, path, body, refused] of owner.tries) {
          const reply = await fetch(`${httpUrl}${path}`, {
            method,
            headers: {
              ...owner.authorization,
              ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          })
          await reply.body?.cancel()
          expect([method, path, reply.status]).toEqual([method, path, refused])
        }
      // His session goes on, and a ticket of before opens a stream: of what is still his.
      const opened = await bySocket(second, `${V1}/events?ticket=${late.body.ticket}`)
      let again = 0
      await eventually(async () => {
        const round = `again ${again++}`
        expect(await heardIn(round)).toEqual([])
        return opened.took().some((type) => type.startsWith('said by kept'))
      })
      expect(opened.took().join()).not.toContain('lost')
      opened.close()

      // He has been told of both commands that they were dropped, and the device does neither.
      const [stream] = ears
      const dropped = () =>
        (stream?.all() ?? [])
          .map((text) => JSON.parse(text))
          .filter(({ type }) => type === 'latchkey.command.dropped')
          .map(({ data }) => data.id)
          .sort()
      await eventually(() => dropped().length >= 2)
      expect(dropped()).toEqual(commands.toSorted())
      const path = `${V1}/devices/${lost.id}/commands`
      await its.publish(`${COMMANDS}/${commands[0]}/ack`, { done: true })
      for (const id of commands)
        expect((await maker.get(`${path}/${id}`)).body.state).toBe('dropped')
      expect((await maker.post(path, { action: 'of today' })).status).toBe(202)
      await its.client.subscribeAsync(COMMANDS, { qos: 1 })
      expect(await its.next(COMMANDS, 20_000)).toMatchObject({ action: 'of today' })
      expect(await heardIn('at last')).toEqual([])

      for (const { close } of ears) close()
      own?.close()
      await Promise.all([its.end(), others.end()])
    }, 60_000)
  })

  test('a function that the device was about to do is answered, and nothing comes of it', async () => {
    const [first, second] = two.nodes
    const product = await newProduct(first.httpUrl)
    const who = await newCustomer(first.httpUrl, product)
    const device = await newDevice(product.maker, product.slug)
    await claimWithCode(first, device, who, product.slug)
    const firmware = await connectDevice(second.mqttUrl, device.token, [COMMANDS])
    const at = `/v1/devices/${device.particleId}`
    const online = async () => (await who.put(`${at}/ping`)).body.online
    await eventually(online)
    const answer = who.post(`${at}/unlock`, { args: '' })
    const { id } = await firmware.next(COMMANDS, 20_000)
    expect((await api(second.httpUrl, { token: who.accessToken }).delete(at)).status).toBe(200)
    expect((await answer).status).toBe(408)
    await firmware.publish(`${COMMANDS}/${id}/ack`, { returnValue: 1 })
    const path = `${V1}/devices/${device.id}/commands/${id}`
    expect((await product.maker.get(path)).body.state).toBe('dropped')
    await firmware.end()
  })
})
