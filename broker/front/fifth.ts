import type { IConnackPacket, Packet } from 'mqtt-packet'
import type { Will } from '../port.ts'
import type { BareRead } from './decode.ts'
import type { ConnectRead } from './decode-connect.ts'
import { createDelivery } from './delivery.ts'
import type { Visit } from './exchange.ts'
import { cutFull, end, type Fifth, type Line, subscriptionsOf } from './line.ts'
import { pack } from './luggage.ts'
import { bytesOf, interceptWrites } from './outbound.ts'
import { createTranslation } from './translation.ts'
import { connack, promisedBy, translateConnect } from './v5.ts'

/** Begins to speak MQTT 5 on a line; makes the CONNECT one of 3.1.1. */
export const speakFifth = (line: Line, connect: ConnectRead): Fifth => {
  const { stream, sink, limits, exchange } = line
  const subscriptions = subscriptionsOf(line)
  const promised = promisedBy(connect, limits)
  let visit: Visit | undefined
  let will: Will | undefined
  let isSettled = false
  const present = () => visit

  /** What the broker writes goes through here. */
  const pass = (packet: Packet, body: Uint8Array | undefined): Packet | undefined => {
    if (line.isOver) return undefined
    if (packet.cmd === 'connack') return welcome(packet)
    if (packet.cmd !== 'publish') return translation.translate(packet)
    delivery.take(packet, body)
    return undefined
  }
  const send = interceptWrites(stream, 5, pass)
  const delivery = createDelivery({
    ...{ promised, limits, subscriptions, visit: present, send },
    tellBroker: sink.emit,
    onFull: () => cutFull(line),
  })
  const translation = createTranslation({ subscriptions, visit: present, tellBroker: sink.emit })

  const begin = (isStored: boolean): Visit | undefined =>
    line.isConfined
      ? undefined
      : exchange?.open({
          id: sink.id(),
          holder: stream,
          isFresh: connect.clean,
          isStored,
          expirySeconds: promised.sessionExpiryInterval,
          end: (reasonCode) => end(line, reasonCode),
        })

  const welcome = ({ returnCode = 0, sessionPresent }: IConnackPacket): Packet | undefined => {
    if (returnCode === 0) visit = begin(sessionPresent)
    if (visit !== undefined) subscriptions.resume(visit.session.hearing)
    const words = connack(returnCode, limits, line.packetBytes, promised, visit)
    if (bytesOf(words) > promised.maximumPacketSize) {
      // [MQTT5-3.1.2-24]: nothing can be said to a client that takes so little.
      stream.destroy()
      return undefined
    }
    line.isWelcome = returnCode === 0
    return words
  }

  /** Its properties begin to count when it is sent (MQTT 5, 3.1.3.2.4). */
  const packWill = (sent: { payload: Buffer; retain: boolean }): void => {
    if (exchange === undefined || connect.willProperties === undefined) return
    const { payload, retain } = sent
    pack(
      exchange.luggage,
      { payload, retain, mqtt5: connect.willProperties },
      undefined,
      exchange.now(),
    )
  }

  const settleIn = (): void => {
    if (visit === undefined) return
    isSettled = true
    sink.keep(visit.isLasting())
    if (connect.willProperties !== undefined) will = sink.takeWill()
  }

  const leave = (goodbye: BareRead | undefined): void => {
    if (visit === undefined) return
    const { session } = visit
    const left = will
    will = undefined
    // [MQTT5-3.14.4-3]
    if (goodbye?.reason === 0) left?.drop()
    const send = () => {
      if (left !== undefined) packWill(left)
      left?.send()
    }
    const isSent = left !== undefined && goodbye?.reason !== 0
    exchange?.leave(session, {
      holder: stream,
      expirySeconds: goodbye?.sessionExpiryInterval,
      bytes: delivery.bytes() + (isSettled ? 0 : session.storedBytes),
      will: isSent ? { send, delaySeconds: promised.willDelayInterval } : undefined,
    })
  }

  translateConnect(connect, promised, exchange !== undefined)
  if (connect.will !== undefined) packWill(connect.will)
  stream.once('close', () => leave(undefined))
  return { send, promised, translation, visit: present, release: delivery.release, settleIn, leave }
}
