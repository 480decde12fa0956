import { once } from 'node:events'
import type { Socket } from 'node:net'
import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet'
import { openSocket, whenClosed } from './malformed-play.ts'

/** A client of bare packets: it acknowledges nothing by itself. */
export type BareClient = {
  readonly socket: Socket
  /** Everything that has come and was not taken yet. */
  readonly came: readonly Packet[]
  readonly send: (...packets: readonly Packet[]) => void
  /** Waits for the next packet of a kind, and takes it and all before it. */
  readonly next: (cmd: Packet['cmd']) => Promise<Packet>
  /** Sends a PINGREQ, waits for its answer, and takes all that came before it. */
  readonly settle: () => Promise<Packet[]>
  readonly closed: Promise<void>
}

/** Connects to a broker on the loopback; the CONNACK is the first to come. */
export const bareClient = async (
  port: number,
  version: 4 | 5,
  properties: object = {},
  pipelined: readonly Packet[] = [],
  more: Partial<IConnectPacket> = {},
): Promise<BareClient> => {
  const socket = await openSocket(port)
  const came: Packet[] = []
  const reader = parser({ protocolVersion: version })
  reader.on('packet', (packet) => came.push(packet))
  socket.on('data', (data: Buffer) => {
    reader.parse(data)
    socket.emit('came')
  })
  const closed = whenClosed(socket)
  const send = (...packets: readonly Packet[]) =>
    socket.write(
      Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: version }))),
    )
  const next = async (cmd: Packet['cmd']): Promise<Packet> => {
    for (;;) {
      const place = came.findIndex((packet) => packet.cmd === cmd)
      if (place !== -1) return came.splice(0, place + 1).at(-1) as Packet
      await Promise.race([
        once(socket, 'came'),
        closed.then(() => Promise.reject(new Error(`closed before ${cmd}`))),
      ])
    }
  }
  const connect = {
    ...{ cmd: 'connect', clientId: `bare-${socket.localPort}`, protocolId: 'MQTT' },
    ...{ protocolVersion: version, clean: true, keepalive: 60 },
    ...(version === 5 ? { properties } : {}),
    ...more,
  } as Packet
  send(connect, ...pipelined)
  return {
    socket,
    came,
    send: (...packets) => void send(...packets),
    next,
    settle: async () => {
      send({ cmd: 'pingreq' })
      while (!came.some(({ cmd }) => cmd === 'pingresp')) await once(socket, 'came')
      return came.splice(0, came.findIndex(({ cmd }) => cmd === 'pingresp') + 1).slice(0, -1)
    },
    closed,
  }
}

/** A publish in few words. */
export const message = (
  topic: string,
  qos: 0 | 1 | 2,
  messageId = 1,
  payload: string | Buffer = 'x',
): Packet => ({
  ...{ cmd: 'publish', topic, payload, qos, retain: false, dup: false },
  ...(qos === 0 ? {} : { messageId }),
})
