import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Packet } from 'mqtt-packet'
import type { PacketSink } from '../port.ts'
import { decode, type PacketRead } from './decode.ts'
import type { ConnectRead } from './decode-connect.ts'
import type { PublishRead } from './decode-publish.ts'
import { type Fault, protocolError, REASON_CODES } from './fault.ts'
import { createFrames } from './frames.ts'
import type { Limits } from './limits.ts'
import { type Interception, interceptWrites } from './outbound.ts'
import { createSubscriptions } from './subscriptions.ts'
import { levelsOf } from './text.ts'
import { connack, disconnect, type Promised, refusedConnack } from './v5.ts'
import type { Version } from './version.ts'

/** Why a connection was cut, or what a limit did, for a metric and a log. */
export type FrontEvent = { readonly what: 'fault' | 'throttled'; readonly rule: string }

export type FrontOptions = {
  readonly limits: Limits
  readonly onEvent: (event: FrontEvent) => void
}

/** What stands between one socket and the broker. */
export type Front = {
  /** The client's version; `undefined` before its CONNECT. */
  readonly version: () => Version | undefined
  /** The reason code of the PUBACK or PUBREC for a publish, for a client that can read it. */
  readonly answer: (messageId: number | undefined, reasonCode: number) => void
  /** From the next packet on, and in CONNACK. */
  readonly setPacketLimit: (bytes: number) => void
  /** Publishes with QoS 0 and the properties of MQTT 5, past the broker. `false`: not a client of MQTT 5. */
  readonly publish: (topic: string, payload: string, correlationData: Buffer | undefined) => boolean
  /** Ends the connection, with the reason where the client can read one. Idempotent. */
  readonly end: (reasonCode: number) => void
}

/** The broker's own name for the client of 3.1.1 that a client of MQTT 5 is to it. */
const TRANSLATED = 4
const LINGER_MS = 1000
const TICK_MS = 100
const BURST_S = 10

/**
 * Stands before Aedes on one connection: takes the bytes in its parser's stead, cuts and checks them, keeps the limits,
 * and lets a client of MQTT 5 speak to a broker of 3.1.1. What is refused here, the broker never sees.
 */
export const standBefore = (
  sink: PacketSink,
  stream: Duplex,
  { limits, onEvent }: FrontOptions,
): Front => {
  const subscriptions = createSubscriptions()
  const codes = new Map<number, number>()
  const aliases = new Map<number, string>()
  /** Publishes of QoS 1 and 2 that a client of MQTT 5 waits for. */
  const underWay = new Set<number>()
  let version: Version | undefined
  let promised: Promised | undefined
  let outbound: Interception | undefined
  let packetBytes = limits.packetBytes
  let isOver = false
  let allowance = limits.publishesPerSecond * BURST_S
  let refilledAt = performance.now()

  const end = (reasonCode: number): void => {
    if (isOver) return
    isOver = true
    if (version !== 5 || outbound === undefined || stream.destroyed) {
      stream.destroy()
      return
    }
    outbound.send(disconnect(reasonCode))
    stream.end()
    setTimeout(() => stream.destroy(), LINGER_MS).unref()
  }

  const cut = ({ code, rule }: Fault): void => {
    if (isOver) return
    onEvent({ what: 'fault', rule })
    end(code)
  }

  /** MQTT 5 to 3.1.1 (research/tech.md 1.2): what the broker writes is put into the client's words. */
  const translate = (packet: Packet): Packet | undefined => {
    switch (packet.cmd) {
      case 'connack':
        return connack(packet.returnCode ?? 0, limits, packetBytes, promised as Promised)
      case 'pubcomp':
        underWay.delete(packet.messageId as number)
        return packet
      case 'puback':
      case 'pubrec': {
        if (packet.cmd === 'puback') underWay.delete(packet.messageId as number)
        const reasonCode = codes.get(packet.messageId as number) ?? REASON_CODES.success
        codes.delete(packet.messageId as number)
        return { ...packet, reasonCode }
      }
      case 'suback':
        return {
          ...packet,
          granted: subscriptions.answer(
            packet.messageId as number,
            packet.granted as number[],
            true,
          ),
        }
      case 'unsuback':
        return { ...packet, granted: subscriptions.left(packet.messageId as number) }
      case 'publish': {
        const longest = promised?.maximumPacketSize
        const bytes = packet.topic.length + packet.payload.length + 10
        return longest !== undefined && bytes > longest ? undefined : packet
      }
      default:
        return packet
    }
  }

  const welcome = (connect: ConnectRead): Fault | undefined => {
    version = connect.protocolVersion as Version
    frames.setLimit(packetBytes)
    if (version !== 5) return undefined
    const { mqtt5 } = connect
    const isLong = connect.keepalive === 0 || connect.keepalive > limits.keepAliveSeconds
    const assigned = connect.clientId === '' ? `latchkey-${randomUUID()}` : undefined
    promised = {
      maximumPacketSize: mqtt5.get('maximumPacketSize') as number | undefined,
      receiveMaximum: (mqtt5.get('receiveMaximum') as number | undefined) ?? 65_535,
      assignedClientId: assigned,
      serverKeepAlive: isLong ? limits.keepAliveSeconds : undefined,
      hasUsername: connect.username !== undefined,
    }
    outbound = interceptWrites(stream, 5, translate)
    if (mqtt5.has('authenticationMethod') || mqtt5.has('authenticationData')) {
      outbound.send(refusedConnack(REASON_CODES.badAuthenticationMethod))
      isOver = true
      stream.end()
      return {
        code: REASON_CODES.badAuthenticationMethod,
        rule: 'an authentication method that we do not have',
      }
    }
    if (assigned !== undefined) connect.clientId = assigned
    if (isLong) connect.keepalive = limits.keepAliveSeconds
    connect.protocolVersion = TRANSLATED
    connect.clean = true
    return undefined
  }

  /** MQTT 5, 3.3.2.3.4: a topic said once, then a number for it. */
  const unalias = (publish: PublishRead): Fault | undefined => {
    const alias = publish.mqtt5?.get('topicAlias') as number | undefined
    if (alias === undefined) return undefined
    if (alias > limits.topicAliases)
      return {
        code: REASON_CODES.topicAliasInvalid,
        rule: '[MQTT5-3.3.2-9] an alias over the maximum',
      }
    if (publish.topic !== '') {
      aliases.set(alias, publish.topic)
      return undefined
    }
    const topic = aliases.get(alias)
    if (topic === undefined) return protocolError('an alias that stands for nothing')
    publish.topic = topic
    return undefined
  }

  /** [MQTT5-3.3.4-9]: no more under way than we said. */
  const expect = ({ qos, messageId }: PublishRead): Fault | undefined => {
    if (version !== 5 || qos === 0) return undefined
    underWay.add(messageId as number)
    if (underWay.size <= limits.receiveMaximum) return undefined
    return {
      code: REASON_CODES.receiveMaximumExceeded,
      rule: '[MQTT5-3.3.4-9] more under way than the receive maximum',
    }
  }

  const checkTopic = (topic: string): Fault | undefined => {
    if (topic.length > limits.topicBytes || levelsOf(topic) > limits.topicLevels)
      return { code: REASON_CODES.topicNameInvalid, rule: 'a topic over the limit' }
    return undefined
  }

  const checkFilters = (filters: readonly string[]): Fault | undefined => {
    if (filters.length > limits.filtersPerPacket)
      return { code: REASON_CODES.quotaExceeded, rule: 'too many filters in one packet' }
    return filters.map(checkTopic).find((fault) => fault !== undefined)
  }

  const subscribe = (messageId: number, filters: readonly string[]): Fault | undefined => {
    const fault = checkFilters(filters)
    if (fault !== undefined) return fault
    const hasRepeats = subscriptions.ask(messageId, filters)
    if (hasRepeats && version !== 5) answerRepeats(messageId)
    return undefined
  }

  /** The broker answers a repeated filter once; for this one SUBACK its words are completed. */
  const answerRepeats = (messageId: number): void => {
    const hook = interceptWrites(stream, version as 3 | 4, (packet) => {
      if (packet.cmd !== 'suback' || packet.messageId !== messageId) return packet
      hook.end()
      return {
        ...packet,
        granted: subscriptions.answer(messageId, packet.granted as number[], false),
      }
    })
  }

  const examine = (packet: PacketRead): Fault | undefined => {
    switch (packet.cmd) {
      case 'connect':
        return welcome(packet)
      case 'publish':
        allowance -= 1
        return expect(packet) ?? unalias(packet) ?? checkTopic(packet.topic)
      case 'subscribe':
        for (const asked of packet.subscriptions)
          asked.qos = Math.min(asked.qos, limits.grantedQos) as 0 | 1 | 2
        return subscribe(
          packet.messageId,
          packet.subscriptions.map(({ topic }) => topic),
        )
      case 'unsubscribe':
        if (version === 5) subscriptions.leave(packet.messageId, packet.unsubscriptions)
        return checkFilters(packet.unsubscriptions)
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
      case 'pingreq':
      case 'disconnect':
        return undefined
    }
  }

  /** [MQTT-3.1.4-1] and its like: what a CONNECT that is refused gets to hear. */
  const refuseConnect = (fault: Fault, bytes: Buffer): void => {
    onEvent({ what: 'fault', rule: fault.rule })
    isOver = true
    const isV5 = isVersion5(bytes)
    if (isV5) stream.end(Buffer.from([0x20, 0x03, 0x00, fault.code, 0x00]))
    else if (fault.code === REASON_CODES.unsupportedProtocolVersion)
      stream.end(Buffer.from([0x20, 0x02, 0x00, 0x01]))
    else if (fault.code === REASON_CODES.clientIdentifierNotValid)
      stream.end(Buffer.from([0x20, 0x02, 0x00, 0x02]))
    else stream.destroy()
    setTimeout(() => stream.destroy(), LINGER_MS).unref()
  }

  const frames = createFrames(limits.connectBytes, (bytes, header, start, finish) => {
    const decoded = decode(bytes, header, start, finish, version ?? 4)
    if ('fault' in decoded) {
      if (version === undefined) refuseConnect(decoded.fault, bytes.subarray(start, finish))
      else cut(decoded.fault)
      return false
    }
    const fault = examine(decoded.packet)
    if (fault === undefined) sink.emit(decoded.packet)
    else cut(fault)
    return !isOver
  })

  /** Who publishes faster than he may is read more slowly. */
  const throttle = (): void => {
    if (allowance >= 0) return
    const now = performance.now()
    const earned = ((now - refilledAt) / 1000) * limits.publishesPerSecond
    allowance = Math.min(allowance + earned, limits.publishesPerSecond * BURST_S)
    refilledAt = now
    if (allowance >= 0) return
    onEvent({ what: 'throttled', rule: 'publishes a second' })
    sink.pause()
    const wait = Math.max(TICK_MS, (-allowance / limits.publishesPerSecond) * 1000)
    setTimeout(() => sink.resume(), wait).unref()
  }

  sink.take((chunk) => {
    if (isOver) return
    const fault = frames.feed(chunk)
    if (fault !== undefined) cut(fault)
    else throttle()
  })

  return {
    version: () => version,
    answer: (messageId, reasonCode) => {
      if (version === 5 && messageId !== undefined) codes.set(messageId, reasonCode)
    },
    setPacketLimit: (bytes) => {
      packetBytes = bytes
      if (version !== undefined) frames.setLimit(bytes)
    },
    publish: (topic, payload, correlationData) => {
      if (outbound === undefined || isOver) return false
      outbound.send({
        cmd: 'publish',
        topic,
        payload,
        qos: 0,
        retain: false,
        dup: false,
        ...(correlationData === undefined ? {} : { properties: { correlationData } }),
      })
      return true
    },
    end,
  }
}

/** Whether a CONNECT whose rest is wrong is one of MQTT 5: `00 04 M Q T T 05`. */
const isVersion5 = (body: Buffer): boolean =>
  body.length > 6 && body.toString('latin1', 2, 6) === 'MQTT' && body[6] === 5
