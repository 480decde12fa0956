import type { Connection, Reply } from './connection.ts'
import type { BrokerContext, Handler, LevelHandler, MqttDialect } from './dialect.ts'
import { REASON_CODES } from './front/fault.ts'
import type { PublishPacket } from './port.ts'

/** A handled publish goes no further: it has this topic then, and no payload. */
export const HANDLED = '$latchkey/handled'
const NOTHING = Buffer.alloc(0)

/** Where an MQTT 5 client wants the answer (4.10): its Response Topic and Correlation Data. */
export const replyOf = ({ mqtt5 }: PublishPacket): Reply | undefined => {
  const topic = mqtt5?.get('responseTopic')
  if (typeof topic !== 'string') return undefined
  return { topic, correlationData: mqtt5?.get('correlationData') as Buffer | undefined }
}

/** From here on the packet carries nothing: no payload, no topic of anybody's. */
export const blank = (packet: PublishPacket): void => {
  packet.topic = HANDLED
  packet.payload = NOTHING
  packet.retain = false
}

/** What a device publishes, from its topic to its dialect's handler and the verdict of that. */
export const createHandling = (context: BrokerContext, dialects: readonly MqttDialect[]) => {
  const handlers = new Map<string, Handler>(dialects.flatMap((d) => [...d.publishes]))
  const below = new Map<string, LevelHandler>(
    dialects.flatMap((d) => [...(d.publishesBelow ?? [])]),
  )

  const handlerOf = (topic: string): Handler | undefined => {
    const exact = handlers.get(topic)
    if (exact !== undefined) return exact
    const end = topic.lastIndexOf('/') + 1
    const last = below.get(topic.slice(0, end))
    if (last !== undefined) return (...[c, on, payload]) => last(c, on, payload, topic.slice(end))
    const start = topic.lastIndexOf('/', end - 2) + 1
    const inner = below.get(`${topic.slice(0, start)}+/${topic.slice(end)}`)
    return inner && ((...[c, on, payload]) => inner(c, on, payload, topic.slice(start, end - 1)))
  }

  /** Resolves with the error that ends the connection, if one has to. */
  const handle = async (handler: Handler, connection: Connection, packet: PublishPacket) => {
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload)
    blank(packet)
    const verdict = await handler(context, connection, payload, replyOf(packet))
    switch (verdict) {
      case 'acknowledged':
        return undefined
      case 'malformed':
        connection.front?.answer(packet.messageId, REASON_CODES.payloadFormatInvalid)
        return undefined
      case 'not-permitted':
        connection.front?.answer(packet.messageId, REASON_CODES.notAuthorized)
        return undefined
      case 'unacknowledged':
        // Aedes answers QoS 0 with nothing and keeps the connection.
        packet.qos = 0
        return undefined
      case 'dismissed':
        connection.front?.answer(packet.messageId, REASON_CODES.implementationSpecificError)
        // After this turn, in which Aedes writes the PUBACK.
        setImmediate(() => connection.client.conn.end())
        return undefined
      case 'closed':
        // Only 3.1.1 has no other way to say that a payload is malformed.
        if (connection.front?.version() !== 5)
          return new Error('closed by the rules of the protocol')
        connection.front.answer(packet.messageId, REASON_CODES.payloadFormatInvalid)
        return undefined
    }
  }

  return { handlerOf, handle }
}
