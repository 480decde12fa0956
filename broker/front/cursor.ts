import { type Fault, malformed } from './fault.ts'
import { readText } from './text.ts'

const NOTHING = Buffer.alloc(0)

/**
 * Reads the fields of one packet. The first field that is not there, or not as it must be, becomes the `fault`;
 * from then on every read answers something empty, so that a decoder asks once, at its end.
 */
export class Cursor {
  readonly bytes: Buffer
  at: number
  readonly end: number
  fault: Fault | undefined

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  get isDone(): boolean {
    return this.at >= this.end
  }

  fail(fault: Fault): void {
    this.fault ??= fault
    this.at = this.end
  }

  #has(count: number): boolean {
    if (this.end - this.at >= count) return true
    this.fail(malformed('a field is longer than its packet'))
    return false
  }

  u8(): number {
    if (!this.#has(1)) return 0
    return this.bytes[this.at++] as number
  }

  u16(): number {
    if (!this.#has(2)) return 0
    const value = this.bytes.readUInt16BE(this.at)
    this.at += 2
    return value
  }

  u32(): number {
    if (!this.#has(4)) return 0
    const value = this.bytes.readUInt32BE(this.at)
    this.at += 4
    return value
  }

  /** [MQTT5-1.5.5]: at most four bytes, seven bits each, and no more of them than needed [MQTT5-1.5.5-1]. */
  varint(): number {
    let value = 0
    for (let place = 0; place < 4; place++) {
      const byte = this.u8()
      value += (byte & 0x7f) * 128 ** place
      if (byte & 0x80) continue
      if (byte === 0 && place > 0)
        this.fail(malformed('[MQTT5-1.5.5-1] a longer integer than needed'))
      return value
    }
    this.fail(malformed('a variable byte integer has no end'))
    return 0
  }

  text(): string {
    const length = this.u16()
    if (!this.#has(length)) return ''
    const start = this.at
    this.at += length
    const text = readText(this.bytes, start, this.at)
    if (text !== undefined) return text
    this.fail(malformed('[MQTT-1.5.3-1] a text is not well-formed'))
    return ''
  }

  binary(): Buffer {
    const length = this.u16()
    if (!this.#has(length)) return NOTHING
    const start = this.at
    this.at += length
    return this.bytes.subarray(start, this.at)
  }

  rest(): Buffer {
    const start = this.at
    this.at = this.end
    return this.bytes.subarray(start, this.end)
  }
}
