import { Duplex } from 'node:stream'
import { generate, type Packet } from 'mqtt-packet'
import type { PacketRead } from '../../broker/front/decode.ts'
import type { Exchange } from '../../broker/front/exchange.ts'
import { type FrontEvent, standBefore } from '../../broker/front/front.ts'
import { DEFAULT_LIMITS } from '../../shared/limits.ts'

/** What a broker of 3.1.1 answers, so that the way back is walked too. */
const answerTo = (packet: PacketRead): Packet | undefined => {
  switch (packet.cmd) {
    case 'connect':
      return { cmd: 'connack', returnCode: 0, sessionPresent: false }
    case 'subscribe': {
      const distinct = new Map(packet.subscriptions.map(({ topic, qos }) => [topic, qos]))
      return { cmd: 'suback', messageId: packet.messageId, granted: [...distinct.values()] }
    }
    case 'unsubscribe':
      return { cmd: 'unsuback', messageId: packet.messageId, granted: [] }
    case 'publish':
      if (packet.qos === 0) return undefined
      return { cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId: packet.messageId as number }
    case 'pubrel':
      return { cmd: 'pubcomp', messageId: packet.messageId }
    case 'pingreq':
      return { cmd: 'pingresp' }
    case 'puback':
    case 'pubrec':
    case 'pubcomp':
    case 'disconnect':
      return undefined
  }
}

/** A front before a broker that answers everything at once, on a stream that forgets nothing. */
export const frontAlone = (exchange?: Exchange) => {
  const sent: Buffer[] = []
  const events: FrontEvent[] = []
  const packets: PacketRead[] = []
  let take: (chunk: Buffer) => void = () => undefined
  let whenConnected: (() => void) | undefined
  let nextId = 0
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      sent.push(chunk)
      done()
    },
  })
  const front = standBefore(
    {
      take: (taker) => {
        take = taker
      },
      emit: (packet) => {
        packets.push(packet as PacketRead)
        const answer = answerTo(packet as PacketRead)
        if (answer !== undefined) stream.write(generate(answer))
      },
      onConnected: (listener) => {
        whenConnected = listener
      },
      pause: () => undefined,
      resume: () => undefined,
      id: () => 'fuzz',
      keep: () => undefined,
      takeWill: () => undefined,
    },
    stream,
    {
      limits: DEFAULT_LIMITS,
      onEvent: (event) => events.push(event),
      ...(exchange === undefined ? {} : { exchange }),
    },
  )
  const afterConnack = () => {
    const listener = whenConnected
    whenConnected = undefined
    listener?.()
  }
  return {
    front,
    events,
    packets,
    /** What the client has read. */
    sent: () => Buffer.concat(sent),
    isClosed: () => stream.destroyed || stream.writableEnded,
    feed: (chunk: Buffer): void => {
      take(chunk)
      afterConnack()
    },
    /** The broker publishes to the client. */
    deliver: (qos: 0 | 1 | 2): void => {
      nextId += 1
      const message = qos === 0 ? {} : { messageId: nextId }
      const flags = { qos, dup: false, retain: false }
      stream.write(generate({ cmd: 'publish', topic: 'a', payload: 'x', ...flags, ...message }))
    },
  }
}
