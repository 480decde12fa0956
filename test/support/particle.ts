import { randomBytes } from 'node:crypto'
import { expect } from '@jest/globals'
import { type Api, api, signIn } from './api.ts'
import { connectDevice, type TestDevice } from './device.ts'
import { eventually } from './mail.ts'
import type { TestServer } from './server.ts'

/** What every error body of the platform says (research/particle.md 1.5). */
export const errorOf = (error: string) => ({
  ok: false,
  error,
  error_description: expect.any(String),
  errors: [expect.any(String)],
  info: expect.any(String),
})

type Servers = Pick<TestServer, 'httpUrl' | 'mqttUrl'>

const V1 = '/latchkey/v1'
const CODE = 'spark/device/claim/code'
export const CONFIRM = 'spark/device/claim/confirm'

let names = 0
/** A word that nobody else uses. */
export const newWord = (kind: string): string => {
  names += 1
  return `${kind}-${names}-${randomBytes(3).toString('hex')}`
}
export const newEmail = (): string => `${newWord('jane')}@example.com`
export const newParticleId = (): string => randomBytes(12).toString('hex')
export const PASSWORD = 'SuperSecret'

/** Posts a form, as the platform's clients do. */
export const form = async (
  httpUrl: string,
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
) => {
  const reply = await fetch(`${httpUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  })
  const text = await reply.text()
  // biome-ignore lint/suspicious/noExplicitAny: a test may look at any member of a reply
  return { status: reply.status, headers: reply.headers, text, body: JSON.parse(text) as any }
}

export const basic = (name: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
})

/** `POST /oauth/token` with the credentials that any client may have. */
export const token = (httpUrl: string, fields: Readonly<Record<string, string>>) =>
  form(httpUrl, '/oauth/token', {
    client_id: 'particle-api',
    client_secret: 'particle-api',
    ...fields,
  })

/** A user, signed in through the platform's API. */
export const newUser = async (
  httpUrl: string,
): Promise<Api & { email: string; accessToken: string; renewal: string }> => {
  const email = newEmail()
  const made = await api(httpUrl).post('/v1/users', { username: email, password: PASSWORD })
  if (made.status !== 200) throw new Error(`user: ${made.status} ${made.text}`)
  const signedIn = await token(httpUrl, {
    ...{ grant_type: 'password', username: email, password: PASSWORD },
  })
  if (signedIn.status !== 200) throw new Error(`token: ${signedIn.status} ${signedIn.text}`)
  const { access_token: accessToken, refresh_token: renewal } = signedIn.body
  return { ...api(httpUrl, { token: accessToken }), email, accessToken, renewal }
}

export type Product = {
  readonly slug: string
  readonly number: number
  readonly id: string
  readonly maker: Api
  readonly client: { readonly id: string; readonly secret: string }
}

const ALL = ['customers:create', 'customers:act', 'product']

/** A product with one client that may do all. */
export const newProduct = async (
  httpUrl: string,
  policy: Readonly<Record<string, unknown>> = {},
): Promise<Product> => {
  const maker = await signIn(httpUrl)
  const slug = newWord('widget')
  const body = { name: slug, accounts: 'email', provisioning: 'pre', policy }
  const project = await maker.post(`${V1}/projects`, body)
  if (project.status !== 201) throw new Error(`project: ${project.status} ${project.text}`)
  const client = await maker.post(`${V1}/oauth-clients`, { project: slug, grants: ALL })
  if (client.status !== 201) throw new Error(`client: ${client.status} ${client.text}`)
  return { slug, number: project.body.number, id: project.body.id, maker, client: client.body }
}

/** The credentials of a product's client, as fields of a form. */
export const asClient = ({ client }: Product) => ({
  client_id: client.id,
  client_secret: client.secret,
})

/** A customer of a product, signed in as the platform does it. */
export const newCustomer = async (
  httpUrl: string,
  product: Product,
): Promise<Api & { email: string; accessToken: string }> => {
  const email = newEmail()
  const made = await form(httpUrl, `/v1/products/${product.slug}/customers`, {
    ...{ email, password: PASSWORD, ...asClient(product) },
  })
  if (made.status !== 201) throw new Error(`customer: ${made.status} ${made.text}`)
  const accessToken = made.body.access_token
  return { ...api(httpUrl, { token: accessToken }), email, accessToken }
}

/** A device of a project, with a Particle id. */
export const newDevice = async (maker: Api, project?: string) => {
  const particleId = newParticleId()
  const body = { name: newWord('photon'), ids: { particle: particleId } }
  const made = await maker.post(
    `${V1}/devices`,
    project === undefined ? body : { ...body, project },
  )
  if (made.status !== 201) throw new Error(`device: ${made.status} ${made.text}`)
  const { id, token } = made.body as { id: string; token: string }
  return { particleId, id, name: body.name, token }
}

export type Device = Awaited<ReturnType<typeof newDevice>>

/** The device comes online and listens for its confirmation, and for what else is named. */
export const online = async (
  { mqttUrl }: Servers,
  device: Pick<Device, 'token'>,
  topics: readonly string[] = [],
): Promise<TestDevice & { present: (code: string) => Promise<unknown> }> => {
  const client = await connectDevice(mqttUrl, device.token, [CONFIRM, ...topics])
  return { ...client, present: (code) => client.publish(CODE, code) }
}

/** A code of an account; for a customer of his product. */
export const newCode = async (who: Api, product?: string): Promise<string> => {
  const at = product === undefined ? '/v1/device_claims' : `/v1/products/${product}/device_claims`
  const made = await who.post(at, {})
  if (made.status !== 200) throw new Error(`code: ${made.status} ${made.text}`)
  return made.body.claim_code
}

/** The device is claimed by a code of that account, and goes offline. */
export const claimWithCode = async (
  server: Servers,
  device: Device,
  who: Api,
  product?: string,
): Promise<void> => {
  const client = await online(server, device)
  await client.present(await newCode(who, product))
  await client.nextText(CONFIRM)
  await client.end()
  const ping = () => who.put(`/v1/devices/${device.particleId}/ping`)
  await eventually(async () => (await ping()).body.online === false)
}

export { lettersTo } from './letters.ts'
