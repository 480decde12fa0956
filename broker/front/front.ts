import type { Duplex } from 'node:stream'
import type { Packet } from 'mqtt-packet'
import type { PacketSink } from '../port.ts'
import { decode } from './decode.ts'
import { examine } from './examine.ts'
import { type Fault, REASON_CODES } from './fault.ts'
import { createFrames } from './frames.ts'
import { refuseConnect } from './greeting.ts'
import { confine, cut, end, type FrontOptions, newLine } from './line.ts'
import { bytesOf } from './outbound.ts'
import { isVersion5 } from './v5.ts'
import type { Version } from './version.ts'

export type { FrontEvent } from './fault.ts'
export type { FrontOptions } from './line.ts'

/** What stands between one socket and the broker. */
export type Front = {
  /** The client's version; `undefined` before its CONNECT. */
  readonly version: () => Version | undefined
  /** The reason code of the PUBACK or PUBREC for a publish, for a client that can read it. */
  readonly answer: (messageId: number | undefined, reasonCode: number) => void
  /** From the next packet on, and in CONNACK. */
  readonly setPacketLimit: (bytes: number) => void
  /** The client is a device: whatever it may share with others, it does not. Before its CONNACK. */
  readonly confine: () => void
  /** Publishes with QoS 0 and the properties of MQTT 5, past the broker. `false`: not a client of MQTT 5. */
  readonly publish: (topic: string, payload: string, correlationData: Buffer | undefined) => boolean
  /** Ends the connection, with the reason where the client can read one. Idempotent. */
  readonly end: (reasonCode: number) => void
}

const bytesIn = (chunks: readonly Buffer[]): number =>
  chunks.reduce((sum, { length }) => sum + length, 0)

/**
 * Stands before Aedes on one connection: takes the bytes in its parser's stead, cuts and checks them, keeps the limits,
 * and lets a client of MQTT 5 speak to a broker of 3.1.1. What is refused here, the broker never sees.
 */
export const standBefore = (sink: PacketSink, stream: Duplex, options: FrontOptions): Front => {
  const { limits, onEvent } = options
  const line = newLine(sink, stream, options)
  /** What came after the CONNECT, until the client is let in. */
  let held: Buffer[] | undefined

  const refuse = (fault: Fault, body: Buffer): void => {
    if (line.version === undefined) refuseConnect(line, fault, isVersion5(body))
    else cut(line, fault)
  }

  const frames = createFrames(limits.connectBytes, (bytes, header, start, finish) => {
    const decoded = decode(bytes, header, start, finish, line.version ?? 4)
    if ('fault' in decoded) {
      refuse(decoded.fault, bytes.subarray(start, finish))
      return false
    }
    const { packet } = decoded
    const finding = examine(line, packet)
    if (typeof finding === 'object') cut(line, finding)
    else if (finding === 'pass') sink.emit(packet)
    if (packet.cmd === 'connect') hold(bytes.subarray(finish))
    return !line.isOver && held === undefined
  })

  const feed = (chunk: Buffer): void => {
    if (line.isOver) return
    const fault = frames.feed(chunk)
    if (fault !== undefined) cut(line, fault)
    else if (line.throttle.settle()) onEvent({ what: 'throttled', rule: 'publishes a second' })
  }

  /** [MQTT-3.1.4-5]: what a client sends before its CONNACK is looked at after it; of a stranger it is never looked at. */
  const hold = (rest: Buffer): void => {
    held = [rest]
    frames.setLimit(line.packetBytes)
    if (line.version === 5) frames.setStrict()
    // The broker resumes when it has let the client in.
    sink.pause()
    sink.onConnected(() => {
      line.fifth?.settleIn()
      const chunk = Buffer.concat(held ?? [])
      held = undefined
      feed(chunk)
    })
  }

  sink.take((chunk) => {
    if (held === undefined) feed(chunk)
    else if (bytesIn(held) < limits.gatewayPacketBytes) held.push(chunk)
    else cut(line, { code: REASON_CODES.quotaExceeded, rule: 'too much before the CONNACK' })
  })

  return {
    version: () => line.version,
    answer: (messageId, reasonCode) => {
      if (messageId !== undefined) line.fifth?.translation.answer(messageId, reasonCode)
    },
    setPacketLimit: (bytes) => {
      line.packetBytes = bytes
      if (line.version !== undefined) frames.setLimit(bytes)
    },
    confine: () => confine(line),
    publish: (topic, payload, correlationData) => {
      const { fifth } = line
      if (fifth === undefined || line.isOver) return false
      const properties = correlationData === undefined ? {} : { properties: { correlationData } }
      const flags = { qos: 0, retain: false, dup: false } as const
      const packet: Packet = { cmd: 'publish', topic, payload, ...flags, ...properties }
      if (bytesOf(packet) <= fifth.promised.maximumPacketSize) fifth.send(packet)
      return true
    },
    end: (reasonCode) => end(line, reasonCode),
  }
}
