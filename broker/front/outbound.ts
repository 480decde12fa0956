import type { Duplex } from 'node:stream'
import { generate, type Packet, parser } from 'mqtt-packet'

/**
 * Changes a packet that the broker sends; `undefined`: it is not sent. `body` is the very Buffer which the broker
 * holds as the payload of a publish.
 */
export type Translate = (packet: Packet, body: Uint8Array | undefined) => Packet | undefined

/** Sends a packet of ours past the hook. */
export type Send = (packet: Packet) => void

type Write = (chunk: Uint8Array | string, ...rest: unknown[]) => boolean

/**
 * Lets every packet that the broker writes to a stream be translated from now on: the broker speaks MQTT 3.1.1, the
 * client reads `version`. What the broker writes in pieces is put together first; the last piece of a publish is its
 * payload.
 */
export const interceptWrites = (stream: Duplex, version: 3 | 4 | 5, translate: Translate): Send => {
  const write = stream.write.bind(stream) as Write
  const fromBroker = parser({ protocolVersion: 4 })
  /** An empty payload is written after its packet is whole. */
  let bodiless: Packet | undefined
  let piece: Uint8Array | undefined

  const send: Send = (packet) => {
    write(generate(packet, { protocolVersion: version }))
  }
  const pass = (packet: Packet, body: Uint8Array | undefined): void => {
    const translated = translate(packet, body)
    if (translated !== undefined) send(translated)
  }
  const passBodiless = (body?: Uint8Array): void => {
    const packet = bodiless
    bodiless = undefined
    if (packet !== undefined) pass(packet, body)
  }
  fromBroker.on('packet', (packet) => {
    if (packet.cmd === 'publish' && packet.payload.length === 0) bodiless = packet
    else pass(packet, piece)
  })
  const intercepted: Write = (chunk) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer)
    if (bytes.length === 0) passBodiless(bytes)
    else {
      passBodiless()
      piece = bytes
      fromBroker.parse(bytes)
    }
    // Whoever is told `false` waits for a `drain`: only the stream itself knows whether one will come.
    return !stream.writableNeedDrain
  }
  stream.write = intercepted as typeof stream.write
  return send
}

/** Bytes that a packet has for a client of MQTT 5. */
export const bytesOf = (packet: Packet): number => generate(packet, { protocolVersion: 5 }).length
