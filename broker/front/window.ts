import type { IPublishPacket } from 'mqtt-packet'

/** What a packet costs beside its payload. */
const OVERHEAD = 100

type WindowOptions = {
  readonly receiveMaximum: number
  /** Bytes that may wait for a client which acknowledges nothing. */
  readonly backlogBytes: number
  readonly send: (packet: IPublishPacket) => void
}

/**
 * [MQTT5-3.3.4-9]: no more publishes with QoS 1 and 2 are under way to a client than its Receive Maximum; the others
 * wait, in order.
 */
export const createWindow = ({ receiveMaximum, backlogBytes, send }: WindowOptions) => {
  const underWay = new Set<number>()
  const waiting: IPublishPacket[] = []
  let waitingBytes = 0
  const costOf = ({ topic, payload }: IPublishPacket) => OVERHEAD + topic.length + payload.length

  return {
    /** `now`: it may be sent. `later`: it waits. `full`: the client takes too little of what is sent to it. */
    admit: (packet: IPublishPacket): 'now' | 'later' | 'full' => {
      if (packet.qos === 0) return 'now'
      if (underWay.size < receiveMaximum && waiting.length === 0) {
        underWay.add(packet.messageId as number)
        return 'now'
      }
      waitingBytes += costOf(packet)
      if (waitingBytes > backlogBytes) return 'full'
      waiting.push(packet)
      return 'later'
    },
    /** The client has acknowledged one: the next that waits is sent. */
    release: (messageId: number): void => {
      if (!underWay.delete(messageId)) return
      const next = waiting.shift()
      if (next === undefined) return
      waitingBytes -= costOf(next)
      underWay.add(next.messageId as number)
      send(next)
    },
  }
}
