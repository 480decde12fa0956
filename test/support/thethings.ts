import type { IClientOptions } from 'mqtt'
import { type Api, api } from './api.ts'
import { connectDevice, type TestDevice } from './device.ts'
import { ADMIN } from './server.ts'

/** What every answer to a bad session is, to the byte. */
export const BAD_SESSION = '{"status":"error","code":401,"message":"Invalid session token"}'

let people = 0
let links = 0

/** A link id that nobody else uses. */
export const newLinkId = (): string => {
  links += 1
  return `SCALE-${links}-${Math.random().toString(36).slice(2)}`
}

/** Speaks for an account with the platform's own header: the bare token. */
export const withSession = (httpUrl: string, token: string): Api =>
  api(httpUrl, { headers: { authorization: token } })

/** A user of an app, registered and so signed in. */
export const register = async (
  httpUrl: string,
): Promise<Api & { session: string; email: string }> => {
  people += 1
  const email = `app-user-${people}@example.com`
  const body = { email, password: 'user-password', app: 'default' }
  const reply = await api(httpUrl).post('/v2/register', body)
  if (reply.status !== 201) throw new Error(`register: ${reply.status} ${reply.text}`)
  return { ...withSession(httpUrl, reply.body.token), session: reply.body.token, email }
}

/** The bare session token of a new sign-in, to whatever app the account belongs. */
export const thethingsToken = async (
  httpUrl: string,
  who: { readonly email: string; readonly password: string },
): Promise<string> => {
  const reply = await api(httpUrl).post('/v2/login', who)
  if (reply.status !== 200) throw new Error(`login: ${reply.status} ${reply.text}`)
  return reply.body.token
}

/** Activation codes of the maker. */
export const newCodes = async (httpUrl: string, count = 1): Promise<string[]> => {
  const session = await api(httpUrl).post('/latchkey/v1/sessions', ADMIN)
  const maker = api(httpUrl, { token: session.body.token })
  const made = await maker.post('/latchkey/v1/activation-codes', { count })
  if (made.status !== 201) throw new Error(`codes: ${made.status} ${made.text}`)
  return made.body.codes
}

/** A thing, activated as its firmware does it. */
export const activate = async (
  httpUrl: string,
): Promise<{ thingToken: string; thingId: string }> => {
  const [activationCode] = await newCodes(httpUrl)
  const made = await api(httpUrl).post('/v2/things', { activationCode })
  if (made.status !== 201) throw new Error(`activation: ${made.status} ${made.text}`)
  return made.body
}

/** The maker takes a thing out of the project: its token is dead. */
export const removeThing = async (httpUrl: string, thingId: string): Promise<void> => {
  const session = await api(httpUrl).post('/latchkey/v1/sessions', ADMIN)
  const maker = api(httpUrl, { token: session.body.token })
  const seen = await maker.get(`/latchkey/v1/devices/${thingId}`)
  const gone = await maker.delete(`/api/device/${seen.body.id}`)
  if (gone.status !== 200) throw new Error(`remove: ${gone.status} ${gone.text}`)
}

/** An MQTT client that gives no user name at all. */
export const guest = (
  mqttUrl: string,
  topics: readonly string[] = [],
  options: IClientOptions = {},
): Promise<TestDevice> => connectDevice(mqttUrl, undefined as unknown as string, topics, options)
