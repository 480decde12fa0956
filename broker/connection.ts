import { newWitness, type Witness } from '../shared/delivery/events.ts'
import { DEFAULT_LIMITS, type Limits } from '../shared/limits.ts'
import type { Log } from '../shared/log.ts'
import type { CommandId } from '../shared/model/events.ts'
import type { DeviceId, ProjectId } from '../shared/model/ids.ts'
import type { Device } from '../shared/model/records.ts'
import { REASON_CODES } from './front/fault.ts'
import type { Front } from './front/front.ts'
import type { Client, PublishPacket } from './port.ts'

/** One device's live connection, and what it may hear. */
export type Connection = {
  readonly client: Client
  /** What stands before it; `undefined` in a broker that is not ours. */
  readonly front: Front | undefined
  readonly device: DeviceId
  readonly project: ProjectId
  readonly name: string
  readonly number: number
  readonly isGateway: boolean
  /** Rises with every connection of the device, on all nodes. 0 until it is known. */
  generation: number
  /** The highest generation that another node was heard to have. */
  rival: number
  /** What it is subscribed to, with the QoS granted. */
  readonly subscribed: Map<string, 0 | 1>
  /** What it may ask of us. */
  readonly limits: Limits
  /** The device's record as an event of it found it last. */
  readonly witness: Witness
  /** The highest epoch it was told, so that an old notice never follows a newer one. */
  toldEpoch: number
  /** How far its device's inbox was handed over; `undefined`: it does not listen to it. */
  inboxPlace: string | undefined
  /** The revision of its key-values that it was told; `undefined`: it does not listen to them. */
  keyValueRev: number | undefined
  /** Commands that it was given and will not answer. */
  readonly given: Set<CommandId>
  /** Its claims one after the other: the newest window has to be the last one sent. */
  order: Promise<unknown>
}

/** A client's connection for a device, before anything has happened on it. */
export const newConnection = (
  client: Client,
  device: Device,
  front: Front | undefined,
  limits: Limits = DEFAULT_LIMITS,
): Connection => ({
  client,
  front,
  device: device.id,
  project: device.project,
  name: device.name,
  number: device.number,
  isGateway: device.gateway,
  generation: 0,
  rival: 0,
  subscribed: new Map(),
  limits,
  witness: newWitness(),
  toldEpoch: -1,
  inboxPlace: undefined,
  keyValueRev: undefined,
  given: new Set(),
  order: Promise.resolve(),
})

/** The QoS a device hears a topic with: subscribed to it exactly, or with `+` for its last level. */
export const grantedQos = ({ subscribed }: Connection, topic: string): 0 | 1 | undefined =>
  subscribed.get(topic) ?? subscribed.get(`${topic.slice(0, topic.lastIndexOf('/') + 1)}+`)

/** Where the client wants the answer to a publish of its own. */
export type Reply = { readonly topic: string; readonly correlationData: Buffer | undefined }

/** Ends a connection, with the reason where the client can read one. */
export const cut = ({ front, client }: Connection, reasonCode: number): void => {
  if (front === undefined) client.conn.destroy()
  else front.end(reasonCode)
}

/** Sends to one device, if it is subscribed; resolves when written or when it is gone. */
export const deliver = (
  connection: Connection,
  topic: string,
  body: unknown,
  log: Log,
  reply?: Reply,
): Promise<void> => {
  const { client, front } = connection
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  // The answer goes where the client asked, if it may hear that topic.
  if (reply !== undefined && !client.closed && grantedQos(connection, reply.topic) !== undefined) {
    if (front?.publish(reply.topic, payload, reply.correlationData)) return Promise.resolve()
  }
  const qos = grantedQos(connection, topic)
  if (qos === undefined || client.closed) return Promise.resolve()
  if (client.conn.writableLength > connection.limits.backlogBytes) {
    log.warn({ device: connection.device }, 'cut: does not read what is sent to it')
    cut(connection, REASON_CODES.quotaExceeded)
    return Promise.resolve()
  }
  const packet: PublishPacket = { cmd: 'publish', topic, payload, qos, retain: false, dup: false }
  return new Promise((resolve) => client.publish(packet, () => resolve()))
}

/** Runs a step after all earlier ones of the same connection. */
export const inOrder = <T>(connection: Connection, step: () => Promise<T>): Promise<T> => {
  const next = connection.order.then(step, step)
  connection.order = next.catch(() => undefined)
  return next
}
