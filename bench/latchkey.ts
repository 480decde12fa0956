import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { type Caller, createCaller, type LoadDevice, loadDevice, timed } from './load.ts'

const ADMIN = { email: 'admin@localhost', password: 'bench-password' }
const CUSTOMER = { email: 'bench@example.com', password: 'bench-password' }
export const V1 = '/latchkey/v1'

export type MadeDevice = { readonly id: string; readonly token: string }

/** The program as it is shipped, with a maker and an app signed in. */
export type Latchkey = {
  readonly child: Child
  readonly mqttPort: number
  readonly maker: Caller
  readonly app: Caller
  readonly end: () => Promise<void>
}

/** The body of a 201. Throws on anything else: a benchmark of refusals is none. */
export const created = (reply: { readonly status: number; readonly body: string }): string => {
  if (reply.status !== 201) throw new Error(`${reply.status} ${reply.body}`)
  return reply.body
}

const signedIn = async (port: number, who: typeof ADMIN) => {
  const anyone = createCaller(port, undefined)
  const { token } = JSON.parse(created(await anyone.post(`${V1}/sessions`, who)))
  anyone.end()
  return createCaller(port, token)
}

/** Starts it on a store. What limits a single client is out of the way; all else is as usual. */
export const startLatchkey = async (store: string, folder: string): Promise<Latchkey> => {
  const child = await startChild('main.js', {
    LATCHKEY_STORE: store,
    LATCHKEY_KEY_FILE: join(folder, 'instance.key'),
    LATCHKEY_MQTT_PORT: '0',
    LATCHKEY_HTTP_PORT: '0',
    LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
    LATCHKEY_LOG_LEVEL: 'warn',
    LATCHKEY_LIMITS: '{"publishesPerSecond":1000000,"receiveMaximum":1000}',
  })
  const port = child.ready.http?.port as number
  const maker = await signedIn(port, ADMIN)
  const anyone = createCaller(port, undefined)
  created(await anyone.post(`${V1}/users`, CUSTOMER))
  anyone.end()
  const app = await signedIn(port, CUSTOMER)
  const end = async () => {
    maker.end()
    app.end()
    await child.end()
  }
  return { child, mqttPort: child.ready.mqtt?.port as number, maker, app, end }
}

/** So many devices, registered. */
export const makeDevices = async (
  { maker }: Latchkey,
  name: string,
  count: number,
  more: object = {},
): Promise<MadeDevice[]> => {
  const made: MadeDevice[] = []
  await timed(count, 16, async (i) => {
    made[i] = JSON.parse(
      created(await maker.post(`${V1}/devices`, { name: `${name}-${i}`, ...more })),
    )
  })
  return made
}

/** Each of them connected, with its state as owner heard. */
export const connectDevices = async (
  { mqttPort }: Latchkey,
  made: readonly MadeDevice[],
): Promise<LoadDevice[]> => {
  const devices: LoadDevice[] = []
  await timed(made.length, 16, async (i) => {
    const device = await loadDevice(mqttPort, (made[i] as MadeDevice).token, `d${i}`, [
      'latchkey/v1/owner',
    ])
    await device.heard()
    devices[i] = device
  })
  return devices
}

/** A window and the claim that meets it. */
export const claimOne = async (
  { app }: Latchkey,
  device: LoadDevice,
  { id }: MadeDevice,
  secret: string,
): Promise<void> => {
  await device.publish('latchkey/v1/claim', JSON.stringify({ secret, durationMs: 60_000 }))
  created(await app.post(`${V1}/claims`, { device: id, secret }))
  await device.heard()
}
