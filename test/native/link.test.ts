import { expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const RESULT = 'latchkey/v1/claim/result'
const OWNER = 'latchkey/v1/owner'
const LINK = 'latchkey/v1/link'
const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api

const ready = async (started: TestServer) => {
  server = started
  maker = await signIn(server.httpUrl)
}

const connected = async () => {
  const device = await makeDevice(maker)
  const live = await connectDevice(server.mqttUrl, device.token, [RESULT, OWNER])
  await live.next(OWNER)
  return { device, live }
}

onEachStore(ready, () => {
  test('an app that comes first waits, and hears it by a long poll when the device comes', async () => {
    const { device, live } = await connected()
    const ada = await customer(server.httpUrl)
    const linkId = `SSID-${device.id}`
    const waits = await ada.post(`${V1}/claims`, { linkId })
    expect(waits.status).toBe(202)
    expect(waits.body).toEqual({
      id: expect.any(String),
      state: 'waiting',
      expiresAt: expect.any(String),
    })
    const place = waits.headers.get('location') as string
    expect((await ada.get(place)).body).toMatchObject({ state: 'waiting' })
    const poll = ada.get(`${place}?waitMs=20000`)
    await live.publish(LINK, { linkId })
    expect((await poll).body).toMatchObject({
      id: waits.body.id,
      state: 'claimed',
      device: device.id,
      epoch: 1,
    })
    expect(await live.next(RESULT)).toMatchObject({ state: 'claimed', epoch: 1 })
    expect(await live.next(OWNER)).toEqual({ claimed: true, epoch: 1, home: ada.home })
    const again = await ada.post(`${V1}/claims`, { linkId })
    expect([again.status, again.body.id]).toEqual([200, waits.body.id])
    await live.end()
  })

  test('a device that comes first is told when the app comes, under the same id', async () => {
    const { device, live } = await connected()
    const linkId = `SSID-${device.id}`
    await live.publish(LINK, { linkId })
    const waits = await live.next(RESULT)
    expect(waits).toEqual({
      id: expect.any(String),
      state: 'waiting',
      expiresAt: expect.any(String),
    })
    const ada = await customer(server.httpUrl)
    expect((await ada.post(`${V1}/claims`, { linkId })).status).toBe(201)
    expect(await live.next(RESULT)).toEqual({ id: waits.id, state: 'claimed', epoch: 1 })
    await live.end()
  })

  test('two apps on one id are both told that it is contested, and so is the device', async () => {
    const { device, live } = await connected()
    const linkId = `SSID-${device.id}`
    const [ada, eve] = [await customer(server.httpUrl), await customer(server.httpUrl)]
    const waits = await ada.post(`${V1}/claims`, { linkId })
    const poll = ada.get(`${waits.headers.get('location')}?waitMs=20000`)
    const rival = await eve.post(`${V1}/claims`, { linkId })
    expect([rival.status, rival.body.reason]).toEqual([409, 'link-contested'])
    expect((await poll).body).toMatchObject({ state: 'refused', reason: 'link-contested' })
    await live.publish(LINK, { linkId })
    expect(await live.next(RESULT)).toEqual({ state: 'refused', reason: 'link-contested' })
    expect((await maker.get(`${V1}/devices/${device.id}`)).body.claimed).toBe(false)
    await live.end()
  })

  test('two devices on one id: the one that waits is told too', async () => {
    const [one, two] = [await connected(), await connected()]
    const linkId = `SSID-${one.device.id}`
    await one.live.publish(LINK, { linkId })
    const waits = await one.live.next(RESULT)
    await two.live.publish(LINK, { linkId })
    expect(await two.live.next(RESULT)).toEqual({ state: 'refused', reason: 'link-contested' })
    expect(await one.live.next(RESULT)).toEqual({
      id: waits.id,
      state: 'refused',
      reason: 'link-contested',
    })
    await Promise.all([one.live.end(), two.live.end()])
  })

  test('a long poll on a claim that is over answers at once, and for strangers there is none', async () => {
    const ada = await customer(server.httpUrl)
    const eve = await customer(server.httpUrl)
    const refused = await ada.post(`${V1}/claims`, { device: 'nothing', secret: 'x' })
    const place = refused.headers.get('location') as string
    expect((await ada.get(`${place}?waitMs=60000`)).body).toMatchObject({ state: 'refused' })
    expect((await eve.get(`${place}?waitMs=60000`)).status).toBe(404)
  })

  test('whoever shows the device’s own token links what nobody owns, and takes it from nobody', async () => {
    const device = await makeDevice(maker)
    const [ada, eve] = [await customer(server.httpUrl), await customer(server.httpUrl)]
    const claim = { thingToken: device.token }
    expect((await ada.post(`${V1}/claims`, claim)).status).toBe(201)
    expect((await ada.post(`${V1}/claims`, claim)).status).toBe(200)
    expect((await eve.post(`${V1}/claims`, claim)).status).toBe(403)
    expect((await eve.post(`${V1}/claims`, { thingToken: 'A'.repeat(43) })).status).toBe(403)
    expect((await maker.get(`${V1}/devices/${device.id}`)).body.owner).toBe(ada.home)
    expect((await eve.get(`${V1}/devices`)).body.items).toEqual([])
  })

  test.each([
    [{ linkId: '' }],
    [{ linkId: 'x'.repeat(257) }],
    [{ linkId: 7 }],
    [{ linkId: 'x', device: 'y' }],
    [{ thingToken: null }],
  ])('%j is refused', async (body) => {
    const ada = await customer(server.httpUrl)
    expect((await ada.post(`${V1}/claims`, body)).status).toBe(400)
    const { live } = await connected()
    await live.publish(LINK, body)
    expect(await live.next(RESULT)).toEqual({ state: 'refused', reason: 'bad-request' })
    await live.end()
  })
})
