import { type Fault, malformed, protocolError, REASON_CODES } from './fault.ts'

/** Takes one whole packet: the bytes it lies in, its first byte, and where its body is. `false`: stop. */
type Take = (bytes: Buffer, header: number, start: number, end: number) => boolean

/** [MQTT-2.2.3]: the Remaining Length has at most four bytes. */
const LENGTH_BYTES = 4
const NOTHING = Buffer.alloc(0)

const tooLarge: Fault = { code: REASON_CODES.packetTooLarge, rule: 'the packet is over the limit' }

/**
 * Cuts a byte stream into packets. Whole packets are taken where they lie; only the beginning of an unfinished one is
 * kept, and never one whose header announces more than the limit: what a stranger can make us hold is the limit.
 */
export const createFrames = (connectLimit: number, take: Take) => {
  let limit = connectLimit
  let isFirst = true
  let isStrict = false
  /** The beginning of an unfinished packet: `have` bytes of it, of `wanted` (0: its header is not whole yet). */
  let kept: Buffer = NOTHING
  let have = 0
  let wanted = 0
  let headerBytes = 0

  /** Bytes of the packet at `at`: 0 when its header is not whole yet. */
  const measure = (bytes: Buffer, at: number): number | Fault => {
    const header = bytes[at] as number
    if (isFirst && header >> 4 !== 1)
      return protocolError('[MQTT-3.1.0-1] the first packet is no CONNECT')
    if (!isFirst && header >> 4 === 1) return protocolError('[MQTT-3.1.0-2] a second CONNECT')
    let length = 0
    for (let place = 0; place < LENGTH_BYTES; place++) {
      if (at + 1 + place >= bytes.length) return 0
      const byte = bytes[at + 1 + place] as number
      length += (byte & 0x7f) * 128 ** place
      if (byte & 0x80) continue
      if (isStrict && byte === 0 && place > 0)
        return malformed('[MQTT5-1.5.5-1] a longer length than needed')
      headerBytes = 2 + place
      const whole = headerBytes + length
      return whole > limit ? tooLarge : whole
    }
    return malformed('[MQTT-2.2.3] the length has no end')
  }

  /** Adds to the unfinished packet; grows by doubling, so that neither a drip nor a mere announcement costs much. */
  const keep = (chunk: Buffer): void => {
    if (have + chunk.length > kept.length) {
      const room = Math.min(
        Math.max(wanted, have + chunk.length),
        Math.max(2 * kept.length, have + chunk.length, 256),
      )
      const grown = Buffer.allocUnsafeSlow(room)
      kept.copy(grown, 0, 0, have)
      kept = grown
    }
    chunk.copy(kept, have)
    have += chunk.length
  }

  /** Takes all whole packets of a chunk. Answers what is wrong, if anything is. */
  const feed = (chunk: Buffer): Fault | undefined => {
    let bytes = chunk
    if (have > 0) {
      keep(chunk)
      if (have < wanted) return undefined
      bytes = kept.subarray(0, have)
      kept = NOTHING
      have = 0
      wanted = 0
    }
    let at = 0
    while (at < bytes.length) {
      const whole = measure(bytes, at)
      if (typeof whole !== 'number') return whole
      if (whole === 0 || at + whole > bytes.length) {
        wanted = whole
        keep(bytes.subarray(at))
        return undefined
      }
      isFirst = false
      if (!take(bytes, bytes[at] as number, at + headerBytes, at + whole)) return undefined
      at += whole
    }
    return undefined
  }

  return {
    feed,
    /** What a packet may have from now on, its header included. */
    setLimit: (bytes: number) => {
      limit = bytes
    },
    /** [MQTT5-1.5.5-1]: from now on a length is said in as few bytes as it needs. 3.1.1 has no such rule. */
    setStrict: () => {
      isStrict = true
    },
  }
}
