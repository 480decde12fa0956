import type { Duplex } from 'node:stream'
import type { Packet } from 'mqtt-packet'
import type { PacketSink } from '../port.ts'
import { createAliases } from './aliases.ts'
import { checkFilters, checkTopic } from './checks.ts'
import { decode, type PacketRead } from './decode.ts'
import type { ConnectRead } from './decode-connect.ts'
import type { PublishRead } from './decode-publish.ts'
import type { SubscribeRead } from './decode-subscribe.ts'
import { type Fault, protocolError, REASON_CODES } from './fault.ts'
import { createFrames } from './frames.ts'
import type { Limits } from './limits.ts'
import { bytesOf, interceptWrites, type Send } from './outbound.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createThrottle } from './throttle.ts'
import { createTranslation, type Translation } from './translation.ts'
import {
  disconnect,
  isVersion5,
  type Promised,
  promisedBy,
  refusal,
  translateConnect,
} from './v5.ts'
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

/** What speaks MQTT 5 to the client. */
type Fifth = {
  readonly send: Send
  readonly promised: Promised
  readonly translation: Translation
}

const LINGER_MS = 1000

const bytesIn = (chunks: readonly Buffer[]): number =>
  chunks.reduce((sum, { length }) => sum + length, 0)

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
  const unalias = createAliases(limits.topicAliases)
  const throttle = createThrottle({
    perSecond: limits.publishesPerSecond,
    pause: sink.pause,
    resume: sink.resume,
  })
  let version: Version | undefined
  let fifth: Fifth | undefined
  let packetBytes = limits.packetBytes
  let isOver = false
  let isWelcome = false
  let completesSubacks = false
  /** What came after the CONNECT, until the client is let in. */
  let held: Buffer[] | undefined

  const leave = (): void => {
    stream.end()
    setTimeout(() => stream.destroy(), LINGER_MS).unref()
  }

  const end = (reasonCode: number): void => {
    if (isOver) return
    isOver = true
    // [MQTT5-3.14.0-1]: no DISCONNECT before the CONNACK.
    if (fifth === undefined || !isWelcome || stream.destroyed) {
      stream.destroy()
      return
    }
    fifth.send(disconnect(reasonCode))
    leave()
  }

  const cut = ({ code, rule }: Fault): void => {
    if (isOver) return
    onEvent({ what: 'fault', rule })
    end(code)
  }

  /** What the broker writes goes through here, for a client of MQTT 5. */
  const pass = (packet: Packet): Packet | undefined => {
    if (fifth === undefined || isOver) return undefined
    const { promised, translation } = fifth
    const translated = translation.translate(packet)
    if (packet.cmd !== 'connack' || translated === undefined) return translated
    if (bytesOf(translated) > promised.maximumPacketSize) {
      // [MQTT5-3.1.2-24]: nothing can be said to a client that takes so little.
      stream.destroy()
      return undefined
    }
    isWelcome = packet.returnCode === 0
    return translated
  }

  /** [MQTT-3.1.4-1] and its like: what a CONNECT that is refused gets to hear. */
  const refuseConnect = ({ code, rule }: Fault, isV5: boolean): void => {
    onEvent({ what: 'fault', rule })
    isOver = true
    const words = refusal(code, isV5)
    if (words === undefined) {
      stream.destroy()
      return
    }
    stream.write(words)
    leave()
  }

  const welcome = (connect: ConnectRead): void => {
    version = connect.protocolVersion as Version
    frames.setLimit(packetBytes)
    if (version !== 5) return
    if (connect.mqtt5.has('authenticationMethod')) {
      const rule = 'an authentication method that we do not have'
      refuseConnect({ code: REASON_CODES.badAuthenticationMethod, rule }, true)
      return
    }
    frames.setStrict()
    const promised = promisedBy(connect, limits)
    const send = interceptWrites(stream, 5, pass)
    const translation = createTranslation({
      promised,
      limits,
      packetBytes: () => packetBytes,
      subscriptions,
      send,
      tellBroker: sink.emit,
      onFull: () => cut({ code: REASON_CODES.quotaExceeded, rule: 'it acknowledges too little' }),
    })
    fifth = { send, promised, translation }
    translateConnect(connect, promised)
  }

  /** [MQTT5-3.3.4-9]: no more under way than we said. */
  const expect = ({ qos, messageId }: PublishRead): Fault | undefined => {
    if (fifth === undefined || qos === 0) return undefined
    if (fifth.translation.expect(messageId as number) <= limits.receiveMaximum) return undefined
    return {
      code: REASON_CODES.receiveMaximumExceeded,
      rule: '[MQTT5-3.3.4-9] more under way than the receive maximum',
    }
  }

  /** The broker answers a repeated filter once; its words are completed. */
  const completeSuback = (packet: Packet): Packet => {
    if (packet.cmd !== 'suback') return packet
    const messageId = packet.messageId as number
    if (!subscriptions.isAsked(messageId)) return packet
    const granted = subscriptions.answer(messageId, packet.granted as number[], false)
    return { ...packet, granted }
  }

  const subscribe = ({ messageId, subscriptions: asked }: SubscribeRead): Fault | undefined => {
    const fault = checkFilters(
      asked.map(({ topic }) => topic),
      limits,
    )
    if (fault !== undefined) return fault
    if (fifth !== undefined && subscriptions.isAsked(messageId))
      return protocolError('[MQTT5-2.2.1-3] a packet id that is in use')
    for (const one of asked) one.qos = Math.min(one.qos, limits.grantedQos) as 0 | 1 | 2
    const isChanged = subscriptions.ask(
      messageId,
      asked.map(({ topic, qos }) => ({ topic, qos })),
      fifth !== undefined,
    )
    if (!isChanged || fifth !== undefined || completesSubacks) return undefined
    completesSubacks = true
    interceptWrites(stream, version as 3 | 4, completeSuback)
    return undefined
  }

  const examine = (packet: PacketRead): Fault | undefined => {
    switch (packet.cmd) {
      case 'connect':
        welcome(packet)
        return undefined
      case 'publish':
        throttle.spend()
        return expect(packet) ?? unalias(packet) ?? checkTopic(packet.topic, limits)
      case 'subscribe':
        return subscribe(packet)
      case 'unsubscribe':
        if (fifth !== undefined) subscriptions.leave(packet.messageId, packet.unsubscriptions)
        return checkFilters(packet.unsubscriptions, limits)
      case 'puback':
      case 'pubcomp':
        fifth?.translation.release(packet.messageId)
        return undefined
      case 'disconnect':
        if (fifth?.promised.sessionExpiryInterval === 0 && packet.sessionExpiryInterval !== 0)
          return protocolError('[MQTT5-3.14.2-2] a session that was to end with its connection')
        return undefined
      case 'pubrec':
      case 'pubrel':
      case 'pingreq':
        return undefined
    }
  }

  const frames = createFrames(limits.connectBytes, (bytes, header, start, finish) => {
    const decoded = decode(bytes, header, start, finish, version ?? 4)
    if ('fault' in decoded) {
      if (version === undefined)
        refuseConnect(decoded.fault, isVersion5(bytes.subarray(start, finish)))
      else cut(decoded.fault)
      return false
    }
    const fault = examine(decoded.packet)
    if (fault !== undefined) cut(fault)
    else if (!isOver) sink.emit(decoded.packet)
    if (decoded.packet.cmd === 'connect') hold(bytes.subarray(finish))
    return !isOver && held === undefined
  })

  const feed = (chunk: Buffer): void => {
    if (isOver) return
    const fault = frames.feed(chunk)
    if (fault !== undefined) cut(fault)
    else if (throttle.settle()) onEvent({ what: 'throttled', rule: 'publishes a second' })
  }

  /** [MQTT-3.1.4-5]: what a client sends before its CONNACK is looked at after it; of a stranger it is never looked at. */
  const hold = (rest: Buffer): void => {
    held = [rest]
    // The broker resumes when it has let the client in.
    sink.pause()
    sink.onConnected(() => {
      const chunk = Buffer.concat(held ?? [])
      held = undefined
      feed(chunk)
    })
  }

  sink.take((chunk) => {
    if (held === undefined) feed(chunk)
    else if (bytesIn(held) < limits.gatewayPacketBytes) held.push(chunk)
    else cut({ code: REASON_CODES.quotaExceeded, rule: 'too much before the CONNACK' })
  })

  return {
    version: () => version,
    answer: (messageId, reasonCode) => {
      if (messageId !== undefined) fifth?.translation.answer(messageId, reasonCode)
    },
    setPacketLimit: (bytes) => {
      packetBytes = bytes
      if (version !== undefined) frames.setLimit(bytes)
    },
    publish: (topic, payload, correlationData) => {
      if (fifth === undefined || isOver) return false
      const properties = correlationData === undefined ? {} : { properties: { correlationData } }
      const flags = { qos: 0, retain: false, dup: false } as const
      const packet: Packet = { cmd: 'publish', topic, payload, ...flags, ...properties }
      if (bytesOf(packet) <= fifth.promised.maximumPacketSize) fifth.send(packet)
      return true
    },
    end,
  }
}
