import type { Log } from '../shared/log.ts'
import type { DeviceId, ProjectId } from '../shared/model/ids.ts'
import type { Client, PublishPacket } from './port.ts'

/** One device's live connection, and what it may hear. */
export type Connection = {
  readonly client: Client
  readonly device: DeviceId
  readonly project: ProjectId
  readonly name: string
  readonly isGateway: boolean
  /** Rises with every connection of the device, on all nodes. 0 until it is known. */
  generation: number
  /** What it is subscribed to, with the QoS granted. */
  readonly subscribed: Map<string, 0 | 1>
  /** The highest epoch it was told, so that an old notice never follows a newer one. */
  toldEpoch: number
  /** Its claims one after the other: the newest window has to be the last one sent. */
  order: Promise<unknown>
}

/** Bytes that may lie unsent for one client before it is cut. */
const LONGEST_BACKLOG = 4 * 1024 * 1024

/** Sends to one device, if it is subscribed; resolves when written or when it is gone. */
export const deliver = (
  connection: Connection,
  topic: string,
  body: unknown,
  log: Log,
): Promise<void> => {
  const { client, subscribed } = connection
  const qos = subscribed.get(topic)
  if (qos === undefined || client.closed) return Promise.resolve()
  if (client.conn.writableLength > LONGEST_BACKLOG) {
    log.warn({ device: connection.device }, 'cut: does not read what is sent to it')
    client.conn.destroy()
    return Promise.resolve()
  }
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  const packet: PublishPacket = { cmd: 'publish', topic, payload, qos, retain: false, dup: false }
  return new Promise((resolve) => client.publish(packet, () => resolve()))
}

/** Runs a step after all earlier ones of the same connection. */
export const inOrder = <T>(connection: Connection, step: () => Promise<T>): Promise<T> => {
  const next = connection.order.then(step, step)
  connection.order = next.catch(() => undefined)
  return next
}
