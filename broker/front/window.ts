/** What a packet costs beside its topic and payload. */
const OVERHEAD = 100

/** A publish on its way to a client. */
export type Sendable = {
  readonly packet: {
    readonly qos: 0 | 1 | 2
    readonly messageId?: number | undefined
    readonly topic: string
    readonly payload: string | Buffer
  }
}

/** Bytes of memory, more or less, that a publish takes while it waits. */
export const costOf = ({ topic, payload }: { topic: string; payload: string | Buffer }): number =>
  OVERHEAD + topic.length + payload.length

type WindowOptions<T extends Sendable> = {
  readonly receiveMaximum: number
  /** Bytes that may wait for a client which acknowledges nothing. */
  readonly backlogBytes: number
  /** Sends one. `false`: it was dropped instead, and nothing will be acknowledged. */
  readonly send: (one: T) => boolean
}

/**
 * [MQTT5-3.3.4-9]: no more publishes with QoS 1 and 2 are under way to a client than its Receive Maximum; the others
 * wait, in order.
 */
export const createWindow = <T extends Sendable>(options: WindowOptions<T>) => {
  const { receiveMaximum, backlogBytes, send } = options
  /** What each packet id under way costs. */
  const underWay = new Map<number, number>()
  const waiting: T[] = []
  let underWayBytes = 0
  let waitingBytes = 0

  const begin = (one: T): void => {
    const { packet } = one
    const messageId = packet.messageId as number
    const cost = costOf(packet)
    // Before it is sent: the client may answer at once.
    underWay.set(messageId, cost)
    underWayBytes += cost
    if (!send(one)) finish(messageId)
  }

  const finish = (messageId: number): boolean => {
    const cost = underWay.get(messageId)
    if (cost === undefined) return false
    underWay.delete(messageId)
    underWayBytes -= cost
    return true
  }

  return {
    /** Sends it now or when its turn comes. `full`: the client takes too little of what is sent to it. */
    admit: (one: T): 'admitted' | 'full' => {
      if (one.packet.qos === 0) {
        send(one)
        return 'admitted'
      }
      if (underWay.size < receiveMaximum && waiting.length === 0) {
        begin(one)
        return 'admitted'
      }
      waitingBytes += costOf(one.packet)
      if (waitingBytes > backlogBytes) return 'full'
      waiting.push(one)
      return 'admitted'
    },
    /** The client has acknowledged one: those whose turn has come are sent. */
    release: (messageId: number): void => {
      if (!finish(messageId)) return
      while (underWay.size < receiveMaximum) {
        const next = waiting.shift()
        if (next === undefined) return
        waitingBytes -= costOf(next.packet)
        begin(next)
      }
    },
    /** Bytes of all that is not acknowledged. */
    bytes: (): number => underWayBytes + waitingBytes,
  }
}
