import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { signIn } from './api.ts'
import { connectDevice, type TestDevice } from './device.ts'
import { type ModeProject, send } from './mode.ts'
import type { TestServer } from './server.ts'

const V1 = '/latchkey/v1'

/** A project of its own, as its maker wants it. */
export const projectWith = async (
  { httpUrl }: TestServer,
  wanted: {
    readonly accounts?: 'email' | 'phone' | 'byou'
    readonly provisioning?: 'pre' | 'on-demand'
    readonly policy?: Record<string, unknown>
  } = {},
): Promise<ModeProject> => {
  const maker = await signIn(httpUrl)
  const body = { name: randomUUID(), accounts: 'email', provisioning: 'pre', ...wanted }
  const made = await maker.post(`${V1}/projects`, body)
  if (made.status !== 201) throw new Error(`project: ${made.status} ${made.text}`)
  return { id: made.body.id, number: made.body.number, maker }
}

export type PrintedDevice = {
  readonly id: number
  readonly key: string
  readonly uuid: string
  readonly claimCode: string
}

/** A device with a claim code printed on it, in nobody's home. */
export const printedDevice = async (
  { id: project, maker }: ModeProject,
  more: Record<string, unknown> = {},
): Promise<PrintedDevice> => {
  const claimCode = randomUUID()
  const wanted = { name: randomUUID(), claimCode, project, ...more }
  const made = await maker.post(`${V1}/devices`, wanted)
  if (made.status !== 201) throw new Error(`device: ${made.status} ${made.text}`)
  const { number, token, id } = made.body
  return { id: number, key: token, uuid: id, claimCode: wanted.claimCode }
}

/** The device puts itself into claim mode. */
export const enableClaim = async (
  { httpUrl }: TestServer,
  { id, key }: Pick<PrintedDevice, 'id' | 'key'>,
  more: Record<string, unknown> = {},
) => {
  const body = { deviceId: id, claimable: true, duration: 300, ...more }
  return send(httpUrl, 'POST', '/deviceRegistration', { key, body })
}

/** A member adds a device by its code. */
export const addDevice = (
  { httpUrl }: TestServer,
  key: string,
  homeId: number,
  claimCode: string,
) => send(httpUrl, 'POST', '/devices', { key, body: { homeId, claimCode } })

/** A device of a home, claimed as the platform does it. */
export const ownedDevice = async (
  server: TestServer,
  project: ModeProject,
  { key, home }: { readonly key: string; readonly home: number },
  more: Record<string, unknown> = {},
): Promise<PrintedDevice> => {
  const device = await printedDevice(project, more)
  const open = await enableClaim(server, device)
  if (open.status !== 200) throw new Error(`claim mode: ${open.status} ${open.text}`)
  const added = await addDevice(server, key, home, device.claimCode)
  if (added.status !== 201) throw new Error(`add: ${added.status} ${added.text}`)
  return device
}

/** Connects over MQTT as the platform's firmware does: number and key, nothing else. */
export const connectMode = (
  { mqttUrl }: TestServer,
  { id, key }: Pick<PrintedDevice, 'id' | 'key'>,
  topics: readonly string[] = [],
  more: Record<string, unknown> = {},
): Promise<TestDevice> =>
  connectDevice(mqttUrl, String(id), topics, { password: key, clientId: '', ...more })

/** A WebSocket whose frames can be awaited in order. */
export type TestSocket = {
  // biome-ignore lint/suspicious/noExplicitAny: a test may look at any member of a message
  readonly next: (ms?: number) => Promise<any>
  readonly closed: Promise<number>
  readonly close: () => Promise<unknown>
}

/** Opens a WebSocket; throws the status with which it was refused. */
export const openSocket = async (
  { httpUrl }: TestServer,
  path: string,
  key?: string,
): Promise<TestSocket> => {
  const headers = key === undefined ? {} : { authorization: `ModeCloud ${key}` }
  const socket = new WebSocket(`${httpUrl.replace('http', 'ws')}${path}`, { headers })
  const came: string[] = []
  const waiting: ((text: string) => void)[] = []
  socket.on('message', (data) => {
    const waiter = waiting.shift()
    if (waiter === undefined) came.push(String(data))
    else waiter(String(data))
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  const refused = new Promise<never>((_, reject) => {
    socket.once('unexpected-response', (request, response) => {
      request.destroy()
      reject(new Error(String(response.statusCode)))
    })
    socket.on('error', (error) => reject(error))
  })
  await Promise.race([once(socket, 'open'), refused])
  refused.catch(() => undefined)
  return {
    closed,
    close: () => {
      socket.close()
      return closed
    },
    next: async (ms = 5000) =>
      JSON.parse(
        await new Promise<string>((resolve, reject) => {
          const present = came.shift()
          if (present !== undefined) return resolve(present)
          const timer = setTimeout(() => reject(new Error('nothing came')), ms)
          waiting.push((text) => {
            clearTimeout(timer)
            resolve(text)
          })
        }),
      ),
  }
}
