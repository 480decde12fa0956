import type { Duplex } from 'node:stream'
import { generate, type Packet, parser } from 'mqtt-packet'

/** Changes a packet that the broker sends; `undefined`: it is not sent. */
export type Translate = (packet: Packet) => Packet | undefined

/** A write hook that can be taken away again. */
export type Interception = {
  /** Sends a packet of ours past the hook. */
  readonly send: (packet: Packet) => boolean
  readonly end: () => void
}

type Write = (chunk: Uint8Array | string, ...rest: unknown[]) => boolean

/**
 * Lets every packet that the broker writes to a stream be translated: the broker speaks MQTT 3.1.1, the client
 * reads `version`. What the broker writes in pieces is put together first.
 */
export const interceptWrites = (
  stream: Duplex,
  version: 3 | 4 | 5,
  translate: Translate,
): Interception => {
  const write = stream.write.bind(stream) as Write
  const fromBroker = parser({ protocolVersion: 4 })
  const send = (packet: Packet) => write(generate(packet, { protocolVersion: version }))
  let isFlowing = true
  fromBroker.on('packet', (packet) => {
    const translated = translate(packet)
    if (translated !== undefined) isFlowing = send(translated)
  })
  const intercepted: Write = (chunk) => {
    fromBroker.parse(Buffer.from(chunk as Uint8Array))
    return isFlowing
  }
  stream.write = intercepted as typeof stream.write
  return {
    send,
    end: () => {
      if (stream.write === (intercepted as typeof stream.write))
        stream.write = write as typeof stream.write
    },
  }
}
