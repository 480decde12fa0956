import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const SECOND = 1000
const HOUR = 3_600_000
const RESULT = 'latchkey/v1/claim/result'
/** operations.md: wrong claims of an account in ten minutes. */
const WRONG_TRIES = 20

// The program asks `Date.now` at every use; what the machine's clock does, it does. Timers go by another clock.
const real = Date.now
let offset = 0
beforeAll(() => {
  Date.now = () => real() + offset
})
afterAll(() => {
  Date.now = real
})

let server: TestServer
let maker: Api

/** A device with a window of a minute, opened when the clock is `at` ahead. */
const opened = async (at: number) => {
  const device = await makeDevice(maker)
  const live = await connectDevice(server.mqttUrl, device.token, [RESULT])
  offset = at
  await live.publish('latchkey/v1/claim', { secret: 's', durationMs: 60_000 })
  expect(await live.next(RESULT)).toMatchObject({ state: 'open' })
  await live.end()
  return device
}

const claimAt = async (at: number, device: { id: string }, who: Api) => {
  offset = at
  const { status } = await who.post(`${V1}/claims`, { device: device.id, secret: 's' })
  offset = 0
  return status
}

onEachStore(
  async (ready) => {
    server = ready
    offset = 0
    maker = await signIn(server.httpUrl)
  },
  () => {
    test.each([
      ['stays open when the clock jumps a second ahead', 0, SECOND, true],
      ['stays open when the clock jumps a second back', SECOND, 0, true],
      ['is over when the clock jumps an hour ahead', 0, HOUR, false],
      ['is over when the clock jumps a day ahead', 0, 25 * HOUR, false],
      ['is over, not an hour longer, when the clock jumps an hour back', HOUR, 0, false],
      ['is over, not a day longer, when the clock jumps a day back', 25 * HOUR, 0, false],
    ])('a window %s', async (_words, openedAt, claimedAt, isOpen) => {
      const device = await opened(openedAt)
      const ada = await customer(server.httpUrl)
      const status = await claimAt(claimedAt, device, ada)
      expect(status === 201).toBe(isOpen)
      if (!isOpen) expect([status >= 400, status < 500]).toEqual([true, true])
    })

    test('a session that was ended stays ended, and one of a clock that was ahead is not good until then', async () => {
      const ada = await customer(server.httpUrl)
      expect((await ada.delete(`${V1}/sessions`)).status).toBe(204)
      for (const at of [0, SECOND, -SECOND, -HOUR, HOUR, -25 * HOUR]) {
        offset = at
        expect((await ada.get(`${V1}/devices`)).status).toBe(401)
      }
      offset = 25 * HOUR
      const ahead = await customer(server.httpUrl)
      offset = 0
      expect((await ahead.get(`${V1}/devices`)).status).toBe(401)
    })

    test('who has guessed too often has to wait, though the clock goes back', async () => {
      const device = await opened(0)
      const eve = await customer(server.httpUrl)
      const guess = async () =>
        (await eve.post(`${V1}/claims`, { device: device.id, secret: 'wrong' })).status
      for (let n = 0; n < WRONG_TRIES; n++) await guess()
      for (const at of [0, SECOND, -SECOND, -HOUR, -25 * HOUR, 0]) {
        offset = at
        expect([401, 429]).toContain(await guess())
      }
      offset = 0
      expect(await guess()).toBe(429)
    })

    test('who owns it owns it, whatever the clock does', async () => {
      const device = await opened(0)
      const ada = await customer(server.httpUrl)
      expect(await claimAt(0, device, ada)).toBe(201)
      for (const at of [SECOND, -SECOND, HOUR, -HOUR, 25 * HOUR, -25 * HOUR, 0]) {
        offset = at
        const again = await signIn(server.httpUrl, {
          email: ada.email,
          password: 'customer-password',
        })
        const { status, body } = await again.get(`${V1}/devices/${device.id}`)
        // A Redis that is not a day behind forgets the session that is made so: it fails closed.
        if (at > -25 * HOUR) expect(status).toBe(200)
        expect([[ada.home, 1], 401]).toContainEqual(
          status === 200 ? [body.owner, body.epoch] : status,
        )
      }
      offset = 0
    })
  },
)
