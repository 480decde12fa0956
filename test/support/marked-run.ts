import { randomBytes, randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { type Api, api, type Reply } from './api.ts'
import { connectDevice } from './device.ts'
import { ADMIN } from './server.ts'

const V1 = '/latchkey/v1'
const RESULT = 'latchkey/v1/claim/result'
const COMMANDS = 'latchkey/v1/commands'

type Servers = { readonly httpUrl: string; readonly mqttUrl: string }

/** What a run has said that nobody else may hear. */
export type Marked = {
  /** Opens something, or was meant to: in no log, no answer to a mistake, and not in the store. */
  readonly secrets: readonly string[]
  /** What devices and people say to each other: it is stored for them, and in no log. */
  readonly contents: readonly string[]
  /** The bodies of all answers of 400 and more. */
  readonly refusals: readonly string[]
  /** Calls and messages. */
  readonly operations: number
}

const word = (kind: string) => `SEKRET-${kind}-${randomBytes(9).toString('hex')}`
/** Of the form that a device's credential has, and nobody's. */
const noToken = () => `SEKRET${randomBytes(32).toString('base64url')}`.slice(0, 43)
const SECRET_MEMBERS =
  /"(?:token|refreshToken|refresh_token|access_token|secret|key|code|claim_code|boxKey|password|thingToken|ticket|credentialsId)":"([^"]{10,})"/g
const SECRET_LISTS = /"codes":\[([^\]]*)\]/g

/**
 * Uses everything there is, in every dialect and on every carrier, rightly and wrongly, with a mark in every secret, password,
 * token, code, header and payload.
 */
export const markedRun = async ({ httpUrl, mqttUrl }: Servers): Promise<Marked> => {
  const secrets: string[] = []
  const contents: string[] = []
  const refusals: string[] = []
  let operations = 0

  const secret = (kind: string): string => {
    const made = word(kind)
    secrets.push(made)
    return made
  }
  const content = (kind: string): string => {
    const made = word(kind)
    contents.push(made)
    return made
  }
  const foreign = (): string => {
    const made = noToken()
    secrets.push(made)
    return made
  }
  const heard = (reply: Reply): Reply => {
    operations += 1
    if (reply.status >= 400) refusals.push(reply.text)
    for (const [, found] of reply.text.matchAll(SECRET_MEMBERS)) secrets.push(found as string)
    for (const [, list] of reply.text.matchAll(SECRET_LISTS))
      secrets.push(...[...(list ?? '').matchAll(/"([^"]+)"/g)].map(([, one]) => one as string))
    return reply
  }
  const listening = (plain: Api): Api => ({
    token: plain.token,
    get: async (path, more) => heard(await plain.get(path, more)),
    post: async (path, body, more) => heard(await plain.post(path, body, more)),
    put: async (path, body) => heard(await plain.put(path, body)),
    patch: async (path, body) => heard(await plain.patch(path, body)),
    delete: async (path) => heard(await plain.delete(path)),
  })
  const speak = (headers: Record<string, string> = {}) => listening(api(httpUrl, { headers }))
  const bearer = (token: string) => speak({ authorization: `Bearer ${token}` })
  const form = async (path: string, fields: Record<string, string>, headers = {}) => {
    const reply = await fetch(`${httpUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(fields).toString(),
    })
    const text = await reply.text()
    const body = text === '' ? undefined : JSON.parse(text)
    return heard({ status: reply.status, headers: reply.headers, text, body })
  }
  const nobody = speak()

  const signUp = async () => {
    const email = `${randomUUID()}@example.com`
    const password = secret('password')
    await nobody.post(`${V1}/users`, { email, password })
    const { body } = await nobody.post(`${V1}/sessions`, { email, password })
    await nobody.post(`${V1}/sessions`, { email, password: secret('wrong-password') })
    return { ...bearer(body.token), email, password, home: body.user.home as string }
  }

  /** A connection that does a little, however it ends. */
  const over = async (
    username: string | undefined,
    work: (live: Awaited<ReturnType<typeof connectDevice>>) => Promise<unknown>,
    options: Record<string, unknown> = {},
  ): Promise<void> => {
    operations += 1
    const live = await connectDevice(mqttUrl, username as string, [], options).catch(
      () => undefined,
    )
    if (live === undefined) return
    await Promise.race([work(live).catch(() => undefined), live.closed])
    await live.end()
  }

  const native = async (maker: Api) => {
    const [ann, bob] = [await signUp(), await signUp()]
    const claimCode = secret('claim-code')
    const made = await maker.post(`${V1}/devices`, { name: randomUUID(), claimCode })
    const { id, token } = made.body
    const at = `${V1}/devices/${id}`
    await maker.put(`${at}/box-key`, {
      secret: secret('box-key'),
      expiresAt: '2099-01-01T00:00:00Z',
    })
    await maker.put(`${at}/box-key`, { secret: [secret('no-text')], expiresAt: 'never' })
    const window = secret('window')
    await over(token, async (live) => {
      await live.client.subscribeAsync([RESULT, COMMANDS], { qos: 1 })
      await live.publish('latchkey/v1/claim', { secret: window })
      await live.next(RESULT)
      await live.publish('latchkey/v1/claim', { secret: [secret('no-text')] })
      await live.publish('latchkey/v1/claim', `{"secret":"${secret('cut')}`)
      await live.publish('latchkey/v1/code', { code: secret('code') })
      await live.publish('latchkey/v1/events', {
        eventType: content('event'),
        eventData: { said: content('data') },
      })
      await live.publish('latchkey/v1/events', { [content('member')]: content('data') })
      await live.publish(`${COMMANDS}/${secret('command')}/ack`, { x: content('result') })
      await live.publish(`elsewhere/${content('topic')}`, content('payload'))
    })
    await bob.post(`${V1}/claims`, { device: id, secret: secret('wrong') })
    await bob.post(`${V1}/claims`, { device: content('device'), secret: secret('wrong') })
    await bob.post(`${V1}/claims`, { device: id, secret: { no: secret('text') } })
    await bob.post(`${V1}/claims`, { linkId: secret('link') })
    await bob.post(`${V1}/claims`, { code: secret('code') })
    await bob.post(`${V1}/claims`, { thingToken: foreign() })
    await ann.post(
      `${V1}/claims`,
      { device: id, secret: window },
      { 'idempotency-key': secret('idempotency') },
    )
    await ann.post(`${at}/commands`, { action: content('action'), parameters: content('more') })
    await ann.post(`${V1}/claim-codes`, {})
    await ann.post(`${V1}/tickets`)
    await ann.get(`${V1}/events?ticket=${secret('ticket')}`)
    await ann.get(`${V1}/claim-codes/${secret('code')}`)
    await ann.get(`/${content('path')}?token=${secret('query')}`)
    await nobody.post(`${V1}/password-resets`, { email: ann.email })
    await nobody.post(`${V1}/passwords`, { token: secret('mailed'), password: secret('password') })
    await maker.post(`${V1}/project-keys`, { name: 'a program' })
    await maker.post(`${V1}/activation-codes`, { count: 2 })
    await maker.post(`${at}/credential`)
    await bearer(secret('bearer')).get(at)
    await speak({ authorization: `Basic ${secret('basic')}` }).get(at)
    await speak({ cookie: `session=${secret('cookie')}`, 'x-y': content('header') }).get(at)
    await ann.delete(`${at}/owner`)
  }

  const onWires = async () => {
    await over(foreign(), async () => undefined)
    await over(secret('user'), async () => undefined, { password: secret('mqtt-password') })
    await over('provision', async (live) => {
      await live.publish('latchkey/v1/provision', { token: secret('provisioning') })
    })
    await over(undefined, async (live) => {
      await live.publish(`v2/things/${foreign()}`, { values: [{ key: 'x', value: 1 }] })
    })
    await new Promise<void>((resolve) => {
      const url = `${httpUrl.replace('http', 'ws')}${V1}/events?ticket=${secret('ticket')}`
      const socket = new WebSocket(url)
      socket.on('error', () => resolve())
      socket.on('close', () => resolve())
    })
  }

  const thingsboard = async (maker: Api) => {
    const login = { username: ADMIN.email, password: ADMIN.password }
    const { body } = await nobody.post('/api/auth/login', login)
    await nobody.post('/api/auth/login', { ...login, password: secret('wrong-password') })
    const tenant = speak({ 'x-authorization': `Bearer ${body.token}` })
    const made = await tenant.post('/api/device', { name: randomUUID(), type: 'default' })
    const id = made.body.id.id
    const { body: own } = await tenant.get(`/api/device/${id}/credentials`)
    const claimingData = JSON.stringify({
      secretKey: secret('server-key'),
      expirationTime: Date.now() + 3_600_000,
    })
    const path = `/api/plugins/telemetry/DEVICE/${id}/SERVER_SCOPE`
    await tenant.post(path, { claimingData, note: content('attribute') })
    await tenant.post(path, { claimingData: secret('no-json') })
    await nobody.post(`/api/v1/${own.credentialsId}/claim`, { secretKey: secret('device-key') })
    await nobody.post(`/api/v1/${foreign()}/claim`, { secretKey: secret('device-key') })
    await over(own.credentialsId, async (live) => {
      await live.publish('v1/devices/me/claim', { secretKey: secret('key'), durationMs: 60_000 })
    })
    await tenant.post(`/api/customer/device/${made.body.name}/claim`, { secretKey: secret('x') })
    await nobody.get(`/api/noauth/activate?activateToken=${secret('activation')}`)
    await nobody.post('/api/noauth/activate', {
      ...{ activateToken: secret('activation'), password: secret('password') },
    })
    await nobody.post('/api/auth/token', { refreshToken: secret('refresh') })
    await speak({ 'x-authorization': `Bearer ${secret('bearer')}` }).get(`/api/device/${id}`)
    await maker.get(`${V1}/devices/${id}`)
  }

  const particle = async (maker: Api) => {
    const email = `${randomUUID()}@example.com`
    const password = secret('password')
    const client = { client_id: 'particle', client_secret: secret('client-secret') }
    await nobody.post('/v1/users', { username: email, password })
    const fields = { grant_type: 'password', username: email, password, ...client }
    const { body } = await form('/oauth/token', fields)
    await form('/oauth/token', { ...fields, password: secret('wrong-password') })
    await form('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: secret('refresh'), ...client },
    })
    await form('/oauth/token', fields, {
      authorization: `Basic ${Buffer.from(`x:${secret('basic')}`).toString('base64')}`,
    })
    const user = bearer(body.access_token)
    await user.post('/v1/device_claims', {})
    await nobody.get(`/v1/devices?access_token=${secret('query')}`)
    await user.delete(`/v1/access_tokens/${secret('token')}`)
    await user.post('/v1/devices/events', { name: content('name'), data: content('data') })
    await user.put('/v1/user', { password: secret('new'), current_password: secret('wrong') })
    const id = randomBytes(12).toString('hex')
    const device = await maker.post(`${V1}/devices`, { name: randomUUID(), ids: { particle: id } })
    await over(device.body.token, async (live) => {
      await live.publish('spark/device/claim/code', secret('claim-code').padEnd(63, 'x'))
    })
    await user.post('/v1/devices', { id, request_transfer: true })
  }

  const mode = async (maker: Api) => {
    const wanted = { name: randomUUID(), accounts: 'email', provisioning: 'on-demand' }
    const space = (await maker.post(`${V1}/projects`, wanted)).body
    const email = `${randomUUID()}@example.com`
    const password = secret('password')
    await maker.post(`${V1}/users`, { email, password, project: space.id })
    const sign = { projectId: space.number, appId: 'app', email, password }
    const { body } = await nobody.post('/auth/user', sign)
    await nobody.post('/auth/user', { ...sign, password: secret('wrong-password') })
    const user = speak({ authorization: `ModeCloud ${body.token}` })
    const { body: home } = await user.post('/homes', { name: content('home') })
    const { body: begun } = await user.post(`/homes/${home.id}/deviceProvisioning`, {
      deviceClass: 'lamp',
    })
    await nobody.post('/devices', { token: begun.token })
    await nobody.post('/devices', { token: secret('provisioning') })
    const claimCode = secret('printed')
    const project = space.id
    const made = await maker.post(`${V1}/devices`, { name: randomUUID(), claimCode, project })
    const device = speak({ authorization: `ModeCloud ${made.body.token}` })
    await device.post('/deviceRegistration', { deviceId: made.body.number, claimable: true })
    await user.post('/devices', { homeId: home.id, claimCode: secret('wrong-code') })
    await user.post('/devices', { homeId: home.id, claimCode })
    await user.put(`/devices/${made.body.number}/kv/color`, { value: content('value') })
    await device.put(`/devices/${made.body.number}/event`, {
      ...{ eventType: content('type'), eventData: { said: content('data') } },
    })
    await nobody.get(`/userSession?authToken=${secret('query')}`)
    await nobody.post('/auth/user/emailVerification', { token: secret('mailed') })
    await nobody.post('/auth/user/passwordReset', {
      ...{ token: secret('mailed'), newPassword: secret('password') },
    })
    await speak({ authorization: `ModeCloud ${secret('key')}` }).get('/homes')
    await over(String(made.body.number), async () => undefined, { password: secret('key') })
  }

  const thethings = async (maker: Api) => {
    const body = {
      email: `${randomUUID()}@example.com`,
      password: secret('password'),
      app: 'default',
    }
    const registered = await nobody.post('/v2/register', body)
    await nobody.post('/v2/login', { ...body, password: secret('wrong-password') })
    const user = speak({ authorization: registered.body.token })
    const codes = (await maker.post(`${V1}/activation-codes`, { count: 1 })).body.codes
    const { thingToken } = (await nobody.post('/v2/things', { activationCode: codes[0] })).body
    await nobody.post('/v2/things', { activationCode: secret('activation') })
    await nobody.post(`/v2/things/${thingToken}`, {
      values: [{ key: 'x', value: content('value') }],
    })
    await nobody.post(`/v2/things/${foreign()}`, { values: [{ key: 'x', value: 1 }] })
    await user.post('/v2/me/things', { thingToken: foreign() })
    await user.post('/v2/me/things/link-id', { linkId: secret('link') })
    await user.post('/v2/me/things', { thingToken })
    const login = { data: { type: 'session', attributes: { username: body.email } } }
    await speak({ 'content-type': 'application/vnd.api+json' }).post('/login', {
      ...login,
      password: secret('jsonapi'),
    })
    await bearer(secret('bearer')).get('/logout')
  }

  const { body } = await nobody.post(`${V1}/sessions`, ADMIN)
  const maker = bearer(body.token)
  await native(maker)
  await onWires()
  await thingsboard(maker)
  await particle(maker)
  await mode(maker)
  await thethings(maker)
  await nobody.get('/metrics')
  return { secrets: [...new Set(secrets)], contents, refusals, operations }
}
