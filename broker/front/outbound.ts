import type { Duplex } from 'node:stream'
import { generate, type Packet, parser } from 'mqtt-packet'

/** Changes a packet that the broker sends; `undefined`: it is not sent. */
export type Translate = (packet: Packet) => Packet | undefined

/** Sends a packet of ours past the hook. */
export type Send = (packet: Packet) => void

type Write = (chunk: Uint8Array | string, ...rest: unknown[]) => boolean

/**
 * Lets every packet that the broker writes to a stream be translated from now on: the broker speaks MQTT 3.1.1, the
 * client reads `version`. What the broker writes in pieces is put together first.
 */
export const interceptWrites = (stream: Duplex, version: 3 | 4 | 5, translate: Translate): Send => {
  const write = stream.write.bind(stream) as Write
  const fromBroker = parser({ protocolVersion: 4 })
  const send: Send = (packet) => {
    write(generate(packet, { protocolVersion: version }))
  }
  fromBroker.on('packet', (packet) => {
    const translated = translate(packet)
    if (translated !== undefined) send(translated)
  })
  const intercepted: Write = (chunk) => {
    fromBroker.parse(Buffer.from(chunk as Uint8Array))
    // Whoever is told `false` waits for a `drain`: only the stream itself knows whether one will come.
    return !stream.writableNeedDrain
  }
  stream.write = intercepted as typeof stream.write
  return send
}

/** Bytes that a packet has for a client of MQTT 5. */
export const bytesOf = (packet: Packet): number => generate(packet, { protocolVersion: 5 }).length
