import { describe, expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const RESULT = 'latchkey/v1/claim/result'
const OWNER = 'latchkey/v1/owner'
const CLAIM = 'latchkey/v1/claim'
const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api

const ready = async (started: TestServer) => {
  server = started
  maker = await signIn(server.httpUrl)
}

const windowOpened = async (secret = 'open sesame', more: Record<string, unknown> = {}) => {
  const device = await makeDevice(maker)
  const connected = await connectDevice(server.mqttUrl, device.token, [RESULT, OWNER])
  expect(await connected.next(OWNER)).toEqual({ claimed: false, epoch: 0 })
  await connected.publish(CLAIM, { secret, durationMs: 60_000, ...more })
  const opened = await connected.next(RESULT)
  expect(opened).toMatchObject({ state: 'open', id: expect.any(String) })
  return { device, connected, opened }
}

onEachStore(ready, () => {
  describe('a window that a device opened', () => {
    test('is claimed by who knows the secret, and the device is told', async () => {
      const { device, connected, opened } = await windowOpened()
      const ada = await customer(server.httpUrl)
      const reply = await ada.post(`${V1}/claims`, { device: device.name, secret: 'open sesame' })
      expect(reply.status).toBe(201)
      expect(reply.body).toEqual({
        id: expect.any(String),
        state: 'claimed',
        device: device.id,
        epoch: 1,
      })
      expect(reply.headers.get('location')).toBe(`${V1}/claims/${reply.body.id}`)
      expect(await connected.next(RESULT)).toEqual({ id: opened.id, state: 'claimed', epoch: 1 })
      expect(await connected.next(OWNER)).toEqual({ claimed: true, epoch: 1, home: ada.home })
      await connected.end()
    })

    test('lasts as long as it says, from the server', async () => {
      const before = Date.now()
      const { opened, connected } = await windowOpened('s', { durationMs: 5000 })
      const lasts = Date.parse(opened.expiresAt) - before
      expect(lasts).toBeGreaterThanOrEqual(5000)
      expect(lasts).toBeLessThan(5000 + (Date.now() - before) + 1)
      await connected.end()
    })

    test('answers the same to the same claim again, and changes nothing', async () => {
      const { device, connected } = await windowOpened()
      const ada = await customer(server.httpUrl)
      const claim = { device: device.id, secret: 'open sesame' }
      const first = await ada.post(`${V1}/claims`, claim)
      const second = await ada.post(`${V1}/claims`, claim)
      expect([first.status, second.status]).toEqual([201, 200])
      expect(second.body).toEqual(first.body)
      await connected.end()
    })

    test('is claimed by exactly one of 32 who come at once', async () => {
      const { device, connected } = await windowOpened()
      const people = await Promise.all(Array.from({ length: 32 }, () => customer(server.httpUrl)))
      const replies = await Promise.all(
        people.map((person) =>
          person.post(`${V1}/claims`, { device: device.id, secret: 'open sesame' }),
        ),
      )
      const statuses = replies.map(({ status }) => status).sort()
      expect(statuses).toEqual([201, ...Array(31).fill(403)])
      const winner = people[replies.findIndex(({ status }) => status === 201)]
      const seen = await maker.get(`${V1}/devices/${device.id}`)
      expect(seen.body).toMatchObject({ claimed: true, owner: winner?.home, epoch: 1 })
      await connected.end()
    })

    test('is claimable as soon as it is acknowledged, every time', async () => {
      const device = await makeDevice(maker)
      const ada = await customer(server.httpUrl)
      const connected = await connectDevice(server.mqttUrl, device.token)
      for (let round = 1; round <= 1000; round++) {
        await connected.publish(CLAIM, { secret: `round ${round}` })
        const reply = await ada.post(`${V1}/claims`, {
          device: device.id,
          secret: `round ${round}`,
        })
        expect([reply.status, reply.body.epoch]).toEqual([201, 2 * round - 1])
        expect((await ada.delete(`${V1}/devices/${device.id}/owner`)).status).toBe(204)
      }
      await connected.end()
    })

    test('is replaced by the newest', async () => {
      const { device, connected } = await windowOpened('first')
      await connected.publish(CLAIM, { secret: 'second' })
      const ada = await customer(server.httpUrl)
      expect((await ada.post(`${V1}/claims`, { device: device.id, secret: 'first' })).status).toBe(
        403,
      )
      expect((await ada.post(`${V1}/claims`, { device: device.id, secret: 'second' })).status).toBe(
        201,
      )
      await connected.end()
    })

    test('survives any number of wrong guesses by others', async () => {
      const { device, connected } = await windowOpened()
      const eve = await customer(server.httpUrl)
      const statuses: number[] = []
      for (let guess = 0; guess < 60; guess++)
        statuses.push(
          (await eve.post(`${V1}/claims`, { device: device.id, secret: `guess ${guess}` })).status,
        )
      const looked = statuses.filter((status) => status === 403).length
      expect(looked).toBeGreaterThanOrEqual(5)
      expect(looked).toBeLessThanOrEqual(50)
      expect(statuses.slice(looked).every((status) => status === 429)).toBe(true)
      const right = await eve.post(`${V1}/claims`, { device: device.id, secret: 'open sesame' })
      expect(right.status).toBe(429)
      expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(right.body).toMatchObject({
        reason: 'too-many-attempts',
        retryAfterMs: expect.any(Number),
      })
      const ada = await customer(server.httpUrl)
      expect(
        (await ada.post(`${V1}/claims`, { device: device.id, secret: 'open sesame' })).status,
      ).toBe(201)
      await connected.end()
    })

    test('gains nothing from guessing many at once', async () => {
      const { device, connected } = await windowOpened()
      const eve = await customer(server.httpUrl)
      const replies = await Promise.all(
        Array.from({ length: 200 }, (_, guess) =>
          eve.post(`${V1}/claims`, { device: device.id, secret: `guess ${guess}` }),
        ),
      )
      expect(replies.filter(({ status }) => status === 403).length).toBeLessThanOrEqual(50)
      await connected.end()
    })
  })

  describe('a stranger is refused', () => {
    test('in the same words and bytes whatever the cause, and the true reason is in the attempt', async () => {
      const { device: open, connected } = await windowOpened()
      const closed = await makeDevice(maker)
      const forbidden = await makeDevice(maker, { claimingAllowed: false, claimCode: 'in the box' })
      const owned = await windowOpened()
      const bob = await customer(server.httpUrl)
      await bob.post(`${V1}/claims`, { device: owned.device.id, secret: 'open sesame' })
      const expired = await makeDevice(maker)
      const brief = await connectDevice(server.mqttUrl, expired.token)
      await brief.publish(CLAIM, { secret: 'brief', durationMs: 1000 })
      const until = Date.now() + 1001
      const eve = await customer(server.httpUrl)
      const cases = [
        [{ device: 'no-such-device', secret: 'x' }, 'device-unknown'],
        [{ device: closed.name, secret: 'x' }, 'no-window'],
        [{ device: open.name, secret: 'x' }, 'wrong-secret'],
        [{ device: open.name }, 'secret-required'],
        [{ device: forbidden.name, secret: 'in the box' }, 'claiming-not-allowed'],
        [{ device: owned.device.name, secret: 'open sesame' }, 'owned-by-another'],
        [{ device: expired.name, secret: 'brief' }, 'window-expired'],
      ] as const
      while (Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50))
      const shapes = new Set<string>()
      for (const [claim, reason] of cases) {
        const reply = await eve.post(`${V1}/claims`, claim)
        const names = [...reply.headers.keys()].filter((name) => name !== 'date').sort()
        shapes.add(JSON.stringify([reply.status, reply.text, names]))
        expect(reply.headers.get('content-type')).toContain('application/problem+json')
        const explain = await maker.get(`${reply.headers.get('location')}/explain`)
        expect(explain.status).toBe(200)
        expect(explain.body).toMatchObject({ reason, nextStep: expect.any(String) })
        const own = await eve.get(`${reply.headers.get('location')}/explain`)
        expect(own.status).toBe(200)
        const entitled = ['window-expired', 'owned-by-another', 'claiming-not-allowed'].includes(
          reason,
        )
        expect(own.body.reason).toBe(entitled ? reason : 'not-permitted')
        const other = await bob.get(`${reply.headers.get('location')}/explain`)
        if (reason !== 'owned-by-another') expect(other.status).toBe(404)
      }
      expect([...shapes]).toHaveLength(1)
      await Promise.all([connected.end(), owned.connected.end(), brief.end()])
    })

    test('when the maker withholds the right to claim from him', async () => {
      const { device, connected } = await windowOpened()
      const bob = await customer(server.httpUrl)
      await maker.put(`${V1}/users/${bob.id}/grants`, { claimDevices: false })
      const claim = { device: device.id, secret: 'open sesame' }
      expect((await bob.post(`${V1}/claims`, claim)).status).toBe(403)
      await maker.put(`${V1}/users/${bob.id}/grants`, { claimDevices: true })
      expect((await bob.post(`${V1}/claims`, claim)).status).toBe(201)
      await connected.end()
    })
  })

  describe('a release', () => {
    test('frees the device for somebody else and is told to it', async () => {
      const { device, connected } = await windowOpened()
      const ada = await customer(server.httpUrl)
      await ada.post(`${V1}/claims`, { device: device.id, secret: 'open sesame' })
      await connected.next(OWNER)
      expect((await ada.delete(`${V1}/devices/${device.id}/owner`)).status).toBe(204)
      expect(await connected.next(OWNER)).toEqual({ claimed: false, epoch: 2 })
      expect((await ada.get(`${V1}/devices/${device.id}`)).status).toBe(404)
      const again = await ada.post(`${V1}/claims`, { device: device.id, secret: 'open sesame' })
      expect(again.status).toBe(403)
      await connected.publish(CLAIM, { secret: 'new' })
      const bob = await customer(server.httpUrl)
      const reply = await bob.post(`${V1}/claims`, { device: device.id, secret: 'new' })
      expect(reply.body).toMatchObject({ state: 'claimed', epoch: 3 })
      const story = await maker.get(`${V1}/devices/${device.id}/history`)
      expect(
        story.body.items.map(({ type, epoch }: { type: string; epoch?: number }) => [type, epoch]),
      ).toEqual([
        ['claimed', 3],
        ['refused', undefined],
        ['released', 2],
        ['claimed', 1],
      ])
      await connected.end()
    })

    test('is not for strangers, and they cannot tell whether there is such a device', async () => {
      const { device, connected } = await windowOpened()
      const ada = await customer(server.httpUrl)
      await ada.post(`${V1}/claims`, { device: device.id, secret: 'open sesame' })
      const eve = await customer(server.httpUrl)
      const foreign = await eve.delete(`${V1}/devices/${device.id}/owner`)
      const absent = await eve.delete(`${V1}/devices/no-such-device/owner`)
      expect([foreign.status, foreign.text]).toEqual([404, absent.text])
      expect((await maker.get(`${V1}/devices/${device.id}`)).body.owner).toBe(ada.home)
      await connected.end()
    })

    test('can be done by the device itself where possession counts', async () => {
      const { device, connected } = await windowOpened()
      const ada = await customer(server.httpUrl)
      await ada.post(`${V1}/claims`, { device: device.id, secret: 'open sesame' })
      await connected.next(OWNER)
      await connected.publish('latchkey/v1/release', {})
      expect(await connected.next(OWNER)).toEqual({ claimed: false, epoch: 2 })
      expect((await ada.get(`${V1}/devices`)).body.items).toEqual([])
      await connected.end()
    })
  })

  describe('a key in the box', () => {
    test('is made once, claims once, and works while the device is away', async () => {
      const device = await makeDevice(maker)
      const expiresAt = new Date(Date.now() + 60_000).toISOString()
      const key = await maker.put(`${V1}/devices/${device.id}/box-key`, { expiresAt })
      expect(key.status).toBe(200)
      const ada = await customer(server.httpUrl)
      const claim = { device: device.name, secret: key.body.secret }
      expect((await ada.post(`${V1}/claims`, claim)).status).toBe(201)
      await ada.delete(`${V1}/devices/${device.id}/owner`)
      expect((await ada.post(`${V1}/claims`, claim)).status).toBe(403)
    })

    test('has a check character, so that a typing error is no wrong try', async () => {
      const device = await makeDevice(maker)
      const expiresAt = new Date(Date.now() + 60_000).toISOString()
      const { secret } = (await maker.put(`${V1}/devices/${device.id}/box-key`, { expiresAt })).body
      expect(secret).toMatch(/^K(-[2-9A-HJKMNP-Z]{4}){4}$/)
      const ada = await customer(server.httpUrl)
      const typo = secret.slice(0, -1) + (secret.endsWith('A') ? 'B' : 'A')
      const claim = (typed: string) =>
        ada.post(`${V1}/claims`, { device: device.name, secret: typed })
      expect((await claim(typo)).status).toBe(400)
      expect((await claim(secret.toLowerCase())).status).toBe(201)
    })

    test('needs a time in the future', async () => {
      const device = await makeDevice(maker)
      const past = await maker.put(`${V1}/devices/${device.id}/box-key`, {
        expiresAt: '2020-01-01T00:00:00Z',
      })
      expect([past.status, past.body.reason]).toEqual([400, 'bad-request'])
    })
  })

  describe('bad input', () => {
    const bodies: readonly (readonly [unknown, string])[] = [
      [{}, 'no device'],
      [{ device: 'x', owner: 'me' }, 'an unknown member'],
      [{ device: 'x', secret: null }, 'null as secret'],
      [{ device: 'x', secret: ['abc'] }, 'a list as secret'],
      [{ device: 'x', secret: 12345 }, 'a number as secret'],
      [{ device: '' }, 'an empty name'],
      [{ device: 'x'.repeat(256) }, 'a name too long'],
      [{ device: 'x', secret: 'y'.repeat(257) }, 'a secret too long'],
      [[], 'a list'],
      ['text', 'a text'],
    ]
    test.each(bodies)('%j is refused: %s', async (body, _) => {
      const ada = await customer(server.httpUrl)
      const reply = await ada.post(`${V1}/claims`, body)
      expect(reply.status).toBe(400)
      expect(reply.body).toMatchObject({
        status: 400,
        reason: 'bad-request',
        title: expect.any(String),
      })
    })

    test('is refused without an account before it is looked at', async () => {
      const reply = await api(server.httpUrl).post(`${V1}/claims`, { owner: 1 })
      expect([reply.status, reply.body.reason]).toEqual([401, 'not-permitted'])
    })

    test('of another content type is refused', async () => {
      const ada = await customer(server.httpUrl)
      const reply = await fetch(`${server.httpUrl}${V1}/claims`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'text/plain' },
        body: '{"device":"x"}',
      })
      expect(reply.status).toBe(415)
    })
  })

  test('what was claimed and refused is counted, by reason', async () => {
    const text = (await api(server.httpUrl).get('/metrics')).text
    expect(text).toMatch(/latchkey_claims_total{verb="redeem",state="claimed",reason=""} [1-9]/)
    expect(text).toMatch(
      /latchkey_claims_total{verb="redeem",state="refused",reason="wrong-secret"} [1-9]/,
    )
    expect(text).toMatch(/latchkey_connections \d/)
  })
})
