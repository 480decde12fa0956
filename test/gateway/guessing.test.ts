import { describe, expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, type Reply, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { form, newProduct, token } from '../support/particle.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const CLAIM = 'latchkey/v1/claim'
const RESULT = 'latchkey/v1/claim/result'
/** docs/operations.md. */
const PER_ACCOUNT = 20
const ATTACKERS = 10
const GUESSES = 50
/** Who comes with the right secret meanwhile. */
const OWNERS = 10

let server: TestServer
let maker: Api

const people = (count: number) =>
  Promise.all(Array.from({ length: count }, () => customer(server.httpUrl)))

/** A device whose window only `right` opens. */
const windowed = async () => {
  const device = await makeDevice(maker)
  const live = await connectDevice(server.mqttUrl, device.token, [RESULT])
  await live.publish(CLAIM, { secret: 'right', durationMs: 600_000 })
  expect(await live.next(RESULT)).toMatchObject({ state: 'open' })
  return { ...device, live }
}

/** Somebody of the network that a proxy in front has seen. */
const from = (address: string) => ({ 'x-forwarded-for': address })

const guess = (who: Api, device: string, secret: string, address: string): Promise<Reply> =>
  who.post(`${V1}/claims`, { device, secret }, from(address))

onEachStore(
  async (started) => {
    server = started
    maker = await signIn(server.httpUrl)
  },
  () => {
    // research/security.md S61, S62; CONTRACT 6, Refusals.
    describe('while ten attackers guess from ten addresses', () => {
      test('the rightful owner claims at his first try, every time, and no more than twenty guesses of each are looked at', async () => {
        const attackers = await people(ATTACKERS)
        const owners = await people(OWNERS)
        const devices = await Promise.all(owners.map(windowed))
        const target = devices[0] as (typeof devices)[0]
        let isOver = false
        const attacks = attackers.map(async (attacker, i) => {
          const answers: Reply[] = []
          for (let n = 0; n < GUESSES || !isOver; n++)
            answers.push(await guess(attacker, target.id, `guess ${i} ${n}`, `198.51.100.${i}`))
          return answers
        })
        const claims: Reply[] = []
        for (const [i, owner] of owners.entries()) {
          const { id } = devices[owners.length - 1 - i] as (typeof devices)[0]
          // From the address of one of the attackers: it is the same provider's.
          claims.push(await guess(owner, id, 'right', `198.51.100.${i % ATTACKERS}`))
        }
        isOver = true
        expect(claims.map(({ status }) => status)).toEqual(Array(OWNERS).fill(201))
        for (const answers of await Promise.all(attacks)) {
          const looked = answers.filter(({ status }) => status === 403)
          const stopped = answers.filter(({ status }) => status === 429)
          expect(looked).toHaveLength(PER_ACCOUNT)
          expect(looked.length + stopped.length).toBe(answers.length)
          for (const { headers, body } of stopped) {
            expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
            expect(body).toMatchObject({ reason: 'too-many-attempts' })
          }
        }
        await Promise.all(devices.map(({ live }) => live.end()))
      })

      test('all at once gain no more than one after the other', async () => {
        const attackers = await people(3)
        const device = await windowed()
        const answers = await Promise.all(
          attackers.flatMap((attacker, i) =>
            Array.from({ length: GUESSES }, (_, n) =>
              guess(attacker, device.id, `burst ${n}`, `203.0.113.${i}`),
            ),
          ),
        )
        const looked = answers.filter(({ status }) => status === 403)
        expect(looked).toHaveLength(attackers.length * PER_ACCOUNT)
        const [owner] = await people(1)
        expect((await guess(owner as Api, device.id, 'right', '203.0.113.0')).status).toBe(201)
        await device.live.end()
      })

      test('a device that opens its window again and again opens one', async () => {
        const device = await windowed()
        for (let round = 0; round < 100; round++)
          await device.live.publish(CLAIM, { secret: `round ${round}`, durationMs: 600_000 })
        const [owner] = await people(1)
        const answers = []
        for (const secret of ['right', 'round 0', 'round 98', 'round 99'])
          answers.push((await guess(owner as Api, device.id, secret, '203.0.113.9')).status)
        expect(answers).toEqual([403, 403, 403, 201])
        const story = await maker.get(`${V1}/devices/${device.id}/history`)
        expect(story.body.items.length).toBeLessThanOrEqual(5)
        await device.live.end()
      })
    })

    describe('the secret of a program', () => {
      const ask = (id: string, secret: string, address: string) =>
        form(
          server.httpUrl,
          '/oauth/token',
          { grant_type: 'client_credentials', client_id: id, client_secret: secret },
          from(address),
        )

      test('may be guessed a hundred times from one network, and the right one is good all the same', async () => {
        const { client } = await newProduct(server.httpUrl)
        const answers = []
        for (let n = 0; n < 120; n++)
          answers.push(await ask(client.id, `guess ${n}`, `2001:db8:0:7::${n.toString(16)}`))
        // CONTRACT 6, Particle: `invalid_client` is 400.
        expect(
          answers
            .slice(0, 100)
            .every(({ status, body }) => status === 400 && body.error === 'invalid_client'),
        ).toBe(true)
        for (const { status, headers, body } of answers.slice(100)) {
          expect([status, body.ok]).toEqual([429, false])
          expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
        }
        expect((await ask(client.id, client.secret, '2001:db8:0:7::1')).status).toBe(200)
        expect((await ask(client.id, 'wrong', '2001:db8:0:8::1')).status).toBe(400)
      })

      test('is asked for where customers are made, too', async () => {
        const { client, slug } = await newProduct(server.httpUrl)
        const make = (secret: string) =>
          form(
            server.httpUrl,
            `/v1/products/${slug}/customers`,
            {
              email: 'x@example.com',
              password: 'SuperSecret',
              client_id: client.id,
              client_secret: secret,
            },
            from('192.0.2.77'),
          )
        for (let n = 0; n < 100; n++) expect((await make(`guess ${n}`)).status).toBe(400)
        expect((await make('one more')).status).toBe(429)
        expect((await make(client.secret)).status).toBe(201)
      })

      test('is not what signs in users: they have none', async () => {
        const fields = { grant_type: 'password', username: 'nobody@example.com', password: 'x' }
        expect((await token(server.httpUrl, fields)).body.error).toBe('invalid_grant')
      })
    })
  },
  { LATCHKEY_TRUST_PROXY: '127.0.0.0/8' },
)
