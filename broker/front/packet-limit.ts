import type { Duplex } from 'node:stream'

/** Bytes a packet may have: the CONNECT, and any later one. */
export type PacketLimits = { readonly connect: number; readonly packet: number }

/** [MQTT-2.2.3]: the Remaining Length has at most four bytes. */
const LENGTH_BYTES = 4

/**
 * Follows the packet borders of a byte stream without keeping a byte of it. `accepts` is false from the first packet
 * on whose fixed header announces more than the limit, or has no end, or is not a CONNECT where one must be.
 */
export const createPacketLimit = ({ connect, packet }: PacketLimits) => {
  let limit = connect
  let isFirst = true
  let missing = 0
  let headerBytes = 0
  let length = 0
  let isBroken = false

  const readHeader = (byte: number): boolean => {
    headerBytes += 1
    if (headerBytes === 1) {
      const type = byte >> 4
      return isFirst ? byte === 0x10 : type !== 1
    }
    length += (byte & 0x7f) * 128 ** (headerBytes - 2)
    if (byte & 0x80) return headerBytes - 1 < LENGTH_BYTES
    if (headerBytes + length > limit) return false
    missing = length
    headerBytes = 0
    length = 0
    if (isFirst) {
      isFirst = false
      limit = packet
    }
    return true
  }

  const accepts = (chunk: Uint8Array): boolean => {
    if (isBroken) return false
    let at = 0
    while (at < chunk.length) {
      if (missing > 0) {
        const step = Math.min(missing, chunk.length - at)
        missing -= step
        at += step
      } else {
        isBroken = !readHeader(chunk[at] as number)
        if (isBroken) return false
        at += 1
      }
    }
    return true
  }

  return {
    accepts,
    /** What later packets may have from now on: a gateway's device sends more. */
    raise: (bytes: number) => {
      limit = Math.max(limit, bytes)
    },
  }
}

export type PacketLimit = ReturnType<typeof createPacketLimit>

/**
 * Puts the limit before a stream's reader: Aedes takes its bytes with `read()` (lib/client.js), so what is refused
 * here never reaches its parser, and nothing is copied. Ends the stream at the first refused packet.
 */
export const limitPackets = (
  stream: Duplex,
  limits: PacketLimits,
  onRefused: () => void,
): PacketLimit => {
  const limit = createPacketLimit(limits)
  const read = stream.read.bind(stream)
  stream.read = (size?: number) => {
    const chunk: Buffer | null = read(size)
    if (chunk === null || limit.accepts(chunk)) return chunk
    onRefused()
    stream.destroy()
    return null
  }
  return limit
}
