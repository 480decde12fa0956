import { once } from 'node:events'
import { connectAsync } from 'mqtt'
import { WebSocket } from 'ws'
import { Unreachable } from '../failure.ts'
import { httpSender, isDone, type Send } from '../http.ts'
import { fields, number, parseJson, text } from '../json.ts'

/** What is printed on a device, or what it was given when it came into being. */
export type ModeIdentity = { readonly id: number; readonly key: string }

/** What a device was told to do. */
export type ModeCommand = { readonly action: string; readonly parameters: unknown }

/** A simulated device that listens. */
export type ModeDevice = {
  /** The next command that has not been taken yet. */
  readonly next: () => Promise<ModeCommand>
  readonly close: () => Promise<void>
}

const KEYED = (key: string) => ({ authorization: `ModeCloud ${key}` })

/** The device's own side of the HTTP API. */
export const modeSender = (http: string, key: string): Send =>
  httpSender({ url: http, headers: KEYED(key) })

/** Claim mode on for so many seconds: device-sdk-go, `EnableClaimMode`. */
export const enableClaimMode = async (
  http: string,
  { id, key }: ModeIdentity,
  duration: number,
): Promise<string | undefined> => {
  const body = { deviceId: id, claimable: true, duration }
  const reply = await modeSender(http, key)({ method: 'POST', path: '/deviceRegistration', body })
  return isDone(reply) ? text(fields(reply.body), 'claimExpirationTime') : undefined
}

/** A device that is not there yet brings the token that it was handed: device-sdk-go, `ProvisionDevice`. */
export const provisionMode = async (
  http: string,
  token: string,
): Promise<ModeIdentity | undefined> => {
  const reply = await httpSender({ url: http })({
    method: 'POST',
    path: '/devices',
    body: { token },
  })
  const [id, key] = [number(fields(reply.body), 'id'), text(fields(reply.body), 'apiKey')]
  return isDone(reply) && id !== undefined && key !== undefined ? { id, key } : undefined
}

/** What came, for whoever takes it. */
const createQueue = () => {
  const came: ModeCommand[] = []
  const waiting: ((command: ModeCommand) => void)[] = []
  const take = (payload: string): void => {
    const said = fields(parseJson(payload))
    const action = text(said, 'action')
    if (action === undefined) return
    const command = { action, parameters: said?.get('parameters') }
    const waiter = waiting.shift()
    if (waiter === undefined) came.push(command)
    else waiter(command)
  }
  const next = (): Promise<ModeCommand> => {
    const present = came.shift()
    return present === undefined
      ? new Promise((resolve) => waiting.push(resolve))
      : Promise.resolve(present)
  }
  return { take, next }
}

/** Listens over MQTT: number and key, an empty client id, QoS 0. Facts: research/mode_thethings_thingful.md 1.6. */
export const listenOverMqtt = async (
  mqtt: string,
  { id, key }: ModeIdentity,
): Promise<ModeDevice> => {
  const queue = createQueue()
  const credentials = { username: String(id), password: key }
  const client = await connectAsync(mqtt, { ...credentials, clientId: '', reconnectPeriod: 0 })
  client.on('message', (_topic, payload) => queue.take(payload.toString()))
  await client.subscribeAsync(`/devices/${id}/command`, { qos: 0 })
  return { next: queue.next, close: () => client.endAsync() }
}

/** Listens over a WebSocket, as the platform's library for Node does. */
export const listenOverSocket = async (
  http: string,
  { id, key }: ModeIdentity,
): Promise<ModeDevice> => {
  const queue = createQueue()
  const url = `${http.replace(/^http/, 'ws')}/devices/${id}/command`
  const socket = new WebSocket(url, { headers: KEYED(key) })
  socket.on('message', (data) => queue.take(String(data)))
  await once(socket, 'open').catch((error: unknown) => {
    throw new Unreachable('the socket was not opened', { cause: error })
  })
  return {
    next: queue.next,
    close: async () => {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}
