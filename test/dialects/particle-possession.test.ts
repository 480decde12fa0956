import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { startTwoNodes, type TwoNodes } from '../support/nodes.ts'
import { CONFIRM, newCode, newDevice, newProduct, newUser, online } from '../support/particle.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { openStream, type Stream } from '../support/sse.ts'

const V1 = '/latchkey/v1'
const CODES = `${V1}/claim-codes`
const OWNER = 'latchkey/v1/owner'
const COMMANDS = 'latchkey/v1/commands'
const EVENTS = 'latchkey/v1/events'

// CONTRACT 6, Policy: the former owner is told and loses access. Streams end by themselves: nothing here asks them to.
describeWithRedis('a device that is taken by who holds it, on two nodes', () => {
  let two: TwoNodes
  beforeAll(async () => {
    two = await startTwoNodes()
  })
  afterAll(() => two.close())

  const bearer = (token: string | undefined) => ({ authorization: `Bearer ${token}` })

  const typeOf = (sent: { data: string }) => JSON.parse(sent.data).type as string
  const until = async (stream: Stream, type: string) => {
    for (;;) {
      const sent = await stream.next()
      if (typeOf(sent) === type) return JSON.parse(sent.data)
    }
  }

  test('its former owner is told, and hears, sees and commands it no more', async () => {
    const [first, second] = two.nodes
    const [jane, joe] = [await newUser(first.httpUrl), await newUser(second.httpUrl)]
    const target = await newDevice(await signIn(first.httpUrl))
    // The device is on the one node, the former owner's apps on the other.
    const device = await online(first, target, [OWNER, COMMANDS])
    await device.next(OWNER)
    await device.present(await newCode(jane))
    await device.nextText(CONFIRM)
    expect(await device.next(OWNER)).toMatchObject({ claimed: true, epoch: 1 })
    const her = (path: string): Promise<Stream> =>
      openStream(`${second.httpUrl}${path}`, bearer(jane.accessToken))
    const [native, ofAll, ofOne] = [
      await her(`${V1}/events`),
      await her('/v1/devices/events'),
      await her(`/v1/devices/${target.particleId}/events`),
    ]
    await device.publish(EVENTS, { eventType: 'before' })
    for (const stream of [ofAll, ofOne])
      expect(await stream.next()).toMatchObject({ event: 'before' })

    const code = await newCode(joe)
    await device.present(code)
    await device.nextText(CONFIRM)
    expect(await device.next(OWNER)).toMatchObject({ claimed: true, epoch: 2 })
    const told = await until(native, 'latchkey.device.released')
    expect([told.subject, told.data.epoch]).toEqual([target.id, 2])
    await ofOne.ended

    const hers = `/v1/devices/${target.particleId}`
    const another = api(second.httpUrl, { token: jane.accessToken })
    expect((await another.get(hers)).status).toBe(403)
    expect((await another.get('/v1/devices')).body).toEqual([])
    expect((await another.post(`${hers}/led`, { args: 'on' })).status).toBe(403)
    const command = { action: 'led' }
    expect((await another.post(`${V1}/devices/${target.id}/commands`, command)).status).toBe(404)
    await device.publish(EVENTS, { eventType: 'after' })
    await expect(ofAll.next(500)).rejects.toThrow('nothing came')
    const seen = await joe.get(`${CODES}/${encodeURIComponent(code)}`)
    expect(seen.body).toMatchObject({ state: 'used', device: target.id })
    native.close()
    ofAll.close()
    await device.end()
  })

  test('what its former owner had asked of it is not done for the next one', async () => {
    const [first, second] = two.nodes
    const maker = await signIn(first.httpUrl)
    const [ada, bob] = [await customer(first.httpUrl), await customer(second.httpUrl)]
    const device = await makeDevice(maker, { claimCode: 'label' })
    await ada.post(`${V1}/claims`, { device: device.name, secret: 'label' })
    const given = await ada.post(`${V1}/devices/${device.id}/commands`, { action: 'unlock' })
    expect(given.status).toBe(202)
    const made = await bob.post(CODES, {})
    const live = await connectDevice(second.mqttUrl, device.token, [OWNER])
    await live.publish('latchkey/v1/code', { code: made.body.code })
    expect(await live.next(OWNER)).toMatchObject({ epoch: 1 })
    expect(await live.next(OWNER)).toMatchObject({ epoch: 2, home: bob.home })
    await live.end()
    const again = await connectDevice(first.mqttUrl, device.token, [COMMANDS])
    await expect(again.next(COMMANDS, 500)).rejects.toThrow('nothing came')
    await again.end()
  })

  test('one code on both nodes at once: one device has it, the other hears nothing', async () => {
    const [first, second] = two.nodes
    const product = await newProduct(first.httpUrl)
    const maker = product.maker
    const user = await newUser(first.httpUrl)
    for (let round = 0; round < 5; round++) {
      const devices = [await newDevice(maker), await newDevice(maker)] as const
      const live = [await online(first, devices[0]), await online(second, devices[1])] as const
      const code = await newCode(user)
      await Promise.all(live.map((one) => one.present(code)))
      const heard = await Promise.allSettled(live.map((one) => one.nextText(CONFIRM, 500)))
      expect(heard.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const winner = devices[heard[0]?.status === 'fulfilled' ? 0 : 1]
      const seen = await user.get(`${CODES}/${encodeURIComponent(code)}`)
      expect(seen.body).toMatchObject({ state: 'used', device: winner?.id })
      await Promise.all(live.map((one) => one.end()))
    }
  })
})
