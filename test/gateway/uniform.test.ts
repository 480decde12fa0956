import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { APP, modeHome, modeUser } from '../support/mode.ts'
import { enableClaim, ownedDevice, printedDevice, projectWith } from '../support/mode-devices.ts'
import { newCustomer, newDevice, newParticleId, newProduct, newUser } from '../support/particle.ts'
import { askRaw, type RawAnswer, type RawRequest } from '../support/raw.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'
import { activate, newCodes, register } from '../support/thethings.ts'
import { login } from '../support/thingsboard.ts'

const V1 = '/latchkey/v1'
const CLAIM = 'latchkey/v1/claim'
const RESULT = 'latchkey/v1/claim/result'
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

let server: TestServer
let maker: Api

/** An answer to the byte, but for what is another one at every answer and as long: the time, and the id of the attempt. */
const bytesOf = ({ status, headers, text }: RawAnswer): string =>
  [
    String(status),
    ...headers.map(([name, value]) =>
      name.toLowerCase() === 'date' ? 'date' : `${name}: ${value.replace(UUID, 'ID')}`,
    ),
    text.replace(/"timestamp":\d{13}/, '"timestamp":NOW'),
  ].join('\n')

const JSON_TYPE = { 'Content-Type': 'application/json' }

const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  ask({ method: 'POST', path, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) })
const ask = (request: RawRequest) => askRaw(server.httpUrl, request)

/** All are the same, and the same as what is said of the first. */
const areOne = async (
  asked: Readonly<Record<string, () => Promise<RawAnswer>>>,
  status: number,
): Promise<void> => {
  const seen: string[][] = []
  for (const [what, once] of Object.entries(asked)) seen.push([what, bytesOf(await once())])
  const [, first = ''] = seen[0] ?? []
  expect(first.split('\n')[0]).toBe(String(status))
  expect(seen).toEqual(seen.map(([what]) => [what, first]))
}

const windowed = async (more: Readonly<Record<string, unknown>> = {}, durationMs = 600_000) => {
  const device = await makeDevice(maker, more)
  const live = await connectDevice(server.mqttUrl, device.token, [RESULT])
  await live.publish(CLAIM, { secret: 'right', durationMs })
  const answer = await live.next(RESULT)
  await live.end()
  return { ...device, expiresAt: Date.parse(answer.expiresAt) }
}

/** Devices in every state in which somebody may find one that is not for him. */
const devices = async () => {
  const bob = await customer(server.httpUrl)
  const [open, over, owned] = [await windowed(), await windowed({}, 1000), await windowed()]
  const claimed = await bob.post(`${V1}/claims`, { device: owned.id, secret: 'right' })
  expect(claimed.status).toBe(201)
  const closed = await makeDevice(maker)
  const forbidden = await makeDevice(maker, { claimingAllowed: false, claimCode: 'right' })
  const product = await newProduct(server.httpUrl)
  const foreign = await makeDevice(maker, { project: product.slug })
  while (Date.now() <= over.expiresAt) await new Promise((resolve) => setTimeout(resolve, 20))
  return { bob, open, over, owned, closed, forbidden, foreign }
}

// research/security.md S64, S65; CONTRACT 6, Refusals.
onEachStore(
  async (started) => {
    server = started
    maker = await signIn(server.httpUrl)
  },
  () => {
    test('a native claim that is refused is refused in one way', async () => {
      const { bob, open, over, owned, closed, forbidden, foreign } = await devices()
      const eve = await customer(server.httpUrl)
      const claim = (body: unknown) => () =>
        post(`${V1}/claims`, body, { Authorization: `Bearer ${eve.token}` })
      const code = (await bob.post(`${V1}/claim-codes`)).body.code
      await areOne(
        {
          'no such name': claim({ device: 'no-such-device', secret: 'right' }),
          'no such id': claim({ device: randomUUID(), secret: 'right' }),
          'no such number': claim({ device: '1234567890', secret: 'right' }),
          'a wrong secret': claim({ device: open.name, secret: 'wrong' }),
          'a wrong secret of the right length': claim({ device: open.id, secret: 'wrigh' }),
          'no secret': claim({ device: open.name }),
          'an empty secret': claim({ device: open.name, secret: '' }),
          'no window': claim({ device: closed.name, secret: 'right' }),
          'a window that is over': claim({ device: over.name, secret: 'right' }),
          'a window that was used': claim({ device: owned.name, secret: 'right' }),
          'claiming forbidden': claim({ device: forbidden.name, secret: 'right' }),
          'another project’s': claim({ device: foreign.id, secret: 'right' }),
          'no such token': claim({ thingToken: 'x'.repeat(43) }),
          'another project’s token': claim({ thingToken: foreign.token }),
          'no such code': claim({ code: 'BCDFGHJKLMNP' }),
          'somebody else’s code': claim({ code }),
        },
        403,
      )
    })

    test('what is somebody else’s is absent in one way, wherever it is asked for', async () => {
      const { bob, owned } = await devices()
      const eve = await customer(server.httpUrl)
      const code = (await bob.post(`${V1}/claim-codes`)).body.code
      const link = await bob.post(`${V1}/claims`, { linkId: 'of Bob' })
      const get =
        (path: string, method = 'GET') =>
        () =>
          ask({ method, path: `${V1}/${path}`, headers: { Authorization: `Bearer ${eve.token}` } })
      const id = randomUUID()
      await areOne({ absent: get(`devices/${id}`), his: get(`devices/${owned.id}`) }, 404)
      await areOne({ absent: get(`claims/${id}`), his: get(`claims/${link.body.id}`) }, 404)
      await areOne(
        { absent: get('claim-codes/BCDFGHJKLMNP'), his: get(`claim-codes/${code}`) },
        404,
      )
      const release = (of: string) => get(`devices/${of}/owner`, 'DELETE')
      await areOne({ absent: release(id), his: release(owned.id) }, 404)
    })

    test('a ThingsBoard claim is refused in one way once there is a device of that name', async () => {
      const { open, over, owned, closed, forbidden } = await devices()
      const eve = await customer(server.httpUrl)
      const { pair } = await login(server.httpUrl, {
        email: eve.email,
        password: 'customer-password',
      })
      const claim = (name: string, secretKey: string) => () =>
        post(
          `/api/customer/device/${name}/claim`,
          { secretKey },
          { 'X-Authorization': `Bearer ${pair.token}` },
        )
      await areOne(
        {
          'a wrong secret': claim(open.name, 'wrong'),
          'no secret': claim(open.name, ''),
          'no window': claim(closed.name, 'right'),
          'a window that is over': claim(over.name, 'right'),
          'a window that was used': claim(owned.name, 'right'),
          'claiming forbidden': claim(forbidden.name, 'right'),
        },
        400,
      )
      // The platform's own rule (research/thingsboard.md 1.4): a name that is not there is 404.
      const { foreign } = await devices()
      await areOne(
        { 'no such name': claim('no-such', 'x'), foreign: claim(foreign.name, 'x') },
        404,
      )
    })

    test('a Particle claim by id is refused in one way, unless somebody owns it', async () => {
      const { httpUrl } = server
      const [eve, product] = [await newUser(httpUrl), await newProduct(httpUrl)]
      const offline = await newDevice(maker)
      const foreign = await newDevice(product.maker, product.slug)
      const claim = (id: string) => () =>
        post('/v1/devices', { id }, { Authorization: `Bearer ${eve.accessToken}` })
      await areOne(
        {
          'no such id': claim(newParticleId()),
          'not connected': claim(offline.particleId),
          'another project’s': claim(foreign.particleId),
        },
        404,
      )
      const customerOf = await newCustomer(httpUrl, product)
      const get = (id: string) => () =>
        ask({
          ...{ method: 'GET', path: `/v1/devices/${id}` },
          headers: { Authorization: `Bearer ${customerOf.accessToken}` },
        })
      await areOne({ absent: get(newParticleId()), his: get(foreign.particleId) }, 403)
    })

    test('a MODE claim is refused in one way', async () => {
      const project = await projectWith(server)
      const [eve, bob] = [await modeUser(server, project), await modeUser(server, project)]
      const [hers, his] = [await modeHome(server, eve), await modeHome(server, bob)]
      const closed = await printedDevice(project)
      const owned = await ownedDevice(server, project, { key: bob.key, home: his.id })
      const again = await ownedDevice(server, project, { key: bob.key, home: his.id })
      const forbidden = await printedDevice(project, { claimingAllowed: false })
      await enableClaim(server, again)
      await enableClaim(server, forbidden)
      const over = await printedDevice(project)
      await enableClaim(server, over, { duration: 1 })
      const until = Date.now() + 1001
      while (Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
      const add = (claimCode: string) => () =>
        post('/devices', { homeId: hers.id, claimCode }, { Authorization: `ModeCloud ${eve.key}` })
      await areOne(
        {
          'no such code': add(randomUUID()),
          'not in claim mode': add(closed.claimCode),
          'claim mode is over': add(over.claimCode),
          'claim mode was used': add(owned.claimCode),
          'somebody else’s': add(again.claimCode),
          'claiming forbidden': add(forbidden.claimCode),
        },
        403,
      )
      const provision = (token: string) => () => post('/devices', { token })
      await areOne({ short: provision('x'), long: provision('x'.repeat(43)) }, 403)
    })

    test('a thing that is not there and another project’s are one to thethings.io', async () => {
      const { foreign } = await devices()
      const eve = await register(server.httpUrl)
      const link = (thingToken: string) => () =>
        post('/v2/me/things', { thingToken }, { Authorization: eve.session })
      await areOne(
        { absent: link('x'.repeat(43)), foreign: link(foreign.token), odd: link('x') },
        404,
      )
      const [code] = await newCodes(server.httpUrl)
      const activated = (activationCode: unknown) => () => post('/v2/things', { activationCode })
      expect((await activated(code)()).status).toBe(201)
      await areOne({ unknown: activated('no-such-code'), used: activated(code) }, 400)
      const { thingId } = await activate(server.httpUrl)
      const drop = (id: string) => () =>
        ask({
          method: 'DELETE',
          path: `/v2/me/things/${id}`,
          headers: { Authorization: eve.session },
        })
      await areOne({ absent: drop('x'.repeat(43)), foreign: drop(thingId) }, 404)
    })

    test('a sign-in that fails fails in one way, in every dialect', async () => {
      const { httpUrl } = server
      const ada = await customer(httpUrl)
      const jane = await newUser(httpUrl)
      const project = await projectWith(server)
      const mode = await modeUser(server, project)
      const password = 'a wrong password'
      const absent = 'nobody@example.com'
      const named = (username: string) => ({ username, password })
      const token = (username: string) => () =>
        ask({
          ...{ method: 'POST', path: '/oauth/token' },
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
          body: `grant_type=password&client_id=x&username=${encodeURIComponent(username)}&password=x`,
        })
      const modeAs = (email: string) => () =>
        post('/auth/user', { projectId: project.number, appId: APP, email, password })
      const rows: readonly (readonly [
        number,
        (who: string) => () => Promise<RawAnswer>,
        string,
      ])[] = [
        [401, (email) => () => post(`${V1}/sessions`, { email, password }), ada.email],
        [401, (email) => () => post('/api/auth/login', named(email)), ada.email],
        [400, token, jane.email],
        [403, modeAs, mode.email],
        [401, (email) => () => post('/v2/login', { email, password }), ada.email],
        [401, (email) => () => post('/login', named(email)), ada.email],
      ]
      for (const [status, as, present] of rows)
        await areOne({ absent: as(absent), present: as(present) }, status)
      expect((await api(httpUrl).get('/healthz')).status).toBe(200)
    })
  },
)
