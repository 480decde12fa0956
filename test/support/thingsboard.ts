import { type Api, api } from './api.ts'
import { connectDevice } from './device.ts'
import { ADMIN, startServer } from './server.ts'

export const NULL_UUID = '13814000-1dd2-11b2-8080-808080808080'
const PASSWORD = 'customer-password'

/** Speaks for an account with the platform's own header. */
export const withToken = (httpUrl: string, token: string): Api =>
  api(httpUrl, { headers: { 'x-authorization': `Bearer ${token}` } })

/** Signs in as the platform's clients do. */
export const login = async (
  httpUrl: string,
  who: { email: string; password: string } = ADMIN,
): Promise<Api & { pair: { token: string; refreshToken: string } }> => {
  const reply = await api(httpUrl).post('/api/auth/login', {
    username: who.email,
    password: who.password,
  })
  if (reply.status !== 200) throw new Error(`login: ${reply.status} ${reply.text}`)
  return { ...withToken(httpUrl, reply.body.token), pair: reply.body }
}

let count = 0
const next = (what: string) => {
  count += 1
  return `${what}-${count}`
}

/** The claim of a device by its name. */
export const claim = (who: Api, name: string, body?: unknown) =>
  who.post(`/api/customer/device/${encodeURIComponent(name)}/claim`, body)

/** Gives a device up by its name. */
export const reclaim = (who: Api, name: string) =>
  who.delete(`/api/customer/device/${encodeURIComponent(name)}/claim`)

/** A server with its tenant signed in, and what a test makes there, all of it through the platform's API. */
export const openThingsboard = async (settings: Readonly<Record<string, string>> = {}) => {
  const server = await startServer(settings)
  const { httpUrl, mqttUrl } = server
  const tenant = await login(httpUrl)

  /** A user of a new customer (or of one that is there), activated and signed in. */
  const newCustomer = async (customerId?: string) => {
    const home =
      customerId ?? (await tenant.post('/api/customer', { title: next('Customer') })).body.id.id
    const email = `${next('user')}@example.com`
    const made = await tenant.post('/api/user?sendActivationMail=false', {
      email,
      authority: 'CUSTOMER_USER',
      customerId: { entityType: 'CUSTOMER', id: home },
    })
    const link = await tenant.get(`/api/user/${made.body.id.id}/activationLink`)
    const activateToken = new URL(link.text).searchParams.get('activateToken')
    const activated = await api(httpUrl).post('/api/noauth/activate', {
      activateToken,
      password: PASSWORD,
    })
    if (activated.status !== 200) throw new Error(`activation: ${activated.text}`)
    const client = withToken(httpUrl, activated.body.token)
    return {
      ...client,
      token: activated.body.token as string,
      home: home as string,
      id: made.body.id.id as string,
      email,
      password: PASSWORD,
    }
  }

  /** A new device with its access token. */
  const newDevice = async (more: Record<string, unknown> = {}) => {
    const name = next('Device')
    const made = await tenant.post('/api/device', { name, type: 'default', ...more })
    if (made.status !== 200) throw new Error(`device: ${made.status} ${made.text}`)
    const id = made.body.id.id as string
    const credentials = await tenant.get(`/api/device/${id}/credentials`)
    return { id, name, token: credentials.body.credentialsId as string }
  }

  const newGateway = () => newDevice({ additionalInfo: { gateway: true } })

  /** What a device sends on one topic, over a connection of its own, as often as asked. */
  const sendOver =
    (protocolVersion: 4 | 5) =>
    async (token: string, topic: string, ...bodies: readonly unknown[]) => {
      const device = await connectDevice(mqttUrl, token, [], { protocolVersion })
      for (const body of bodies) await device.publish(topic, body)
      await device.end()
    }

  /** What became of a QoS 1 publish: acknowledged (over MQTT 5 with a code), or the connection closed before. */
  const fateOf = async (
    token: string,
    topic: string,
    body: unknown,
    protocolVersion: 4 | 5 = 4,
  ) => {
    const device = await connectDevice(mqttUrl, token, [], { protocolVersion })
    const acked = device.publish(topic, body).then(
      () => 'acknowledged' as const,
      ({ code }: { code?: number }) => code ?? ('closed' as const),
    )
    const fate = await Promise.race([acked, device.closed.then(() => 'closed' as const)])
    return { fate, device }
  }

  const save = (id: string, attributes: unknown) =>
    tenant.post(`/api/plugins/telemetry/DEVICE/${id}/SERVER_SCOPE`, attributes)

  const read = async (id: string, keys = '') => {
    const query = keys === '' ? '' : `?keys=${keys}`
    const path = `/api/plugins/telemetry/DEVICE/${id}/values/attributes/SERVER_SCOPE${query}`
    return (await tenant.get(path)).body as { key: string; value: unknown; lastUpdateTs: number }[]
  }

  return {
    server,
    httpUrl,
    mqttUrl,
    tenant,
    newCustomer,
    newDevice,
    newGateway,
    send: sendOver(4),
    sendOver,
    fateOf,
    save,
    read,
  }
}

export type Thingsboard = Awaited<ReturnType<typeof openThingsboard>>
