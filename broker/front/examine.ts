import { createAliases } from './aliases.ts'
import { checkFilters, checkTopic } from './checks.ts'
import type { BareRead, PacketRead } from './decode.ts'
import type { PublishRead } from './decode-publish.ts'
import type { SubscribeRead, UnsubscribeRead } from './decode-subscribe.ts'
import { type Fault, protocolError, REASON_CODES } from './fault.ts'
import { greet } from './greeting.ts'
import { hasNoLocal } from './hearing.ts'
import { type Line, subscriptionsOf } from './line.ts'
import { pack } from './luggage.ts'
import { interceptWrites } from './outbound.ts'
import type { Refuse } from './subscriptions.ts'

/** What becomes of a packet: the broker gets it, or it is done with, or the connection ends. */
export type Finding = 'pass' | 'done' | Fault

/** [MQTT5-3.3.4-9]: no more under way than we said. */
const expect = (line: Line, { qos, messageId }: PublishRead): Fault | undefined => {
  const { fifth, limits } = line
  if (fifth === undefined || qos === 0) return undefined
  if (fifth.translation.expect(messageId as number) <= limits.receiveMaximum) return undefined
  return {
    code: REASON_CODES.receiveMaximumExceeded,
    rule: '[MQTT5-3.3.4-9] more under way than the receive maximum',
  }
}

/** What the broker does not carry; not for a device, whose publishes go no further. */
const load = ({ exchange, isConfined, fifth }: Line, packet: PublishRead): void => {
  if (exchange === undefined || isConfined) return
  if (fifth === undefined && !packet.retain) return
  const session = fifth?.visit()?.session
  const isDeaf = session !== undefined && hasNoLocal(session.hearing)
  pack(exchange.luggage, packet, isDeaf ? session : undefined, exchange.now())
}

const publish = (line: Line, packet: PublishRead): Finding => {
  const { throttle, limits } = line
  throttle.spend()
  const fault = expect(line, packet) ?? unalias(line, packet) ?? checkTopic(packet.topic, limits)
  if (fault !== undefined) return fault
  load(line, packet)
  return 'pass'
}

/** Nothing is made for a client that sets no alias: most do not. */
const unalias = (line: Line, packet: PublishRead): Fault | undefined => {
  if (!packet.mqtt5?.has('topicAlias')) return undefined
  line.unalias ??= createAliases(line.limits.topicAliases)
  return line.unalias(packet)
}

/** The broker answers a repeated filter once; its words are completed. */
const subscribePlainly = (line: Line, packet: SubscribeRead): Finding => {
  const { messageId, subscriptions: asked } = packet
  const hasRepeats = new Set(asked.map(({ topic }) => topic)).size < asked.length
  if (!hasRepeats) {
    line.subscriptions?.forget(messageId)
    return 'pass'
  }
  const isFirst = line.subscriptions === undefined
  const subscriptions = subscriptionsOf(line)
  subscriptions.ask(packet)
  if (!isFirst) return 'pass'
  interceptWrites(line.stream, line.version as 3 | 4, (answer) => {
    if (answer.cmd !== 'suback' || !subscriptions.isAsked(answer.messageId as number)) return answer
    const granted = subscriptions.answer(answer.messageId as number, answer.granted as number[])
    return { ...answer, granted }
  })
  return 'pass'
}

/** On topics of the broker's own, which would take any filter and any number of them. */
const refusing =
  ({ limits }: Line): Refuse =>
  (filter, hearing) => {
    if (filter.startsWith('$share/')) return REASON_CODES.sharedSubscriptionsNotSupported
    if (hearing.size >= limits.subscriptions && !hearing.has(filter))
      return REASON_CODES.quotaExceeded
    return undefined
  }

const UNIDENTIFIED: Fault = {
  code: REASON_CODES.subscriptionIdentifiersNotSupported,
  rule: 'MQTT 5, 3.2.2.3.12: a subscription identifier, which CONNACK says we do not have',
}

const subscribe = (line: Line, packet: SubscribeRead): Finding => {
  const { fifth, limits } = line
  const { messageId, subscriptions: asked, identifier } = packet
  const visit = fifth?.visit()
  if (identifier !== undefined && visit === undefined) return UNIDENTIFIED
  const filters = asked.map(({ topic }) => topic)
  const fault = checkFilters(filters, limits)
  if (fault !== undefined) return fault
  for (const one of asked) one.qos = Math.min(one.qos, line.grantedQos) as 0 | 1 | 2
  if (fifth === undefined) return subscribePlainly(line, packet)
  const subscriptions = subscriptionsOf(line)
  if (subscriptions.isAsked(messageId))
    return protocolError('[MQTT5-2.2.1-3] a packet id that is in use')
  if (subscriptions.ask(packet, visit && refusing(line))) return 'pass'
  fifth.send({ cmd: 'suback', messageId, granted: subscriptions.answer(messageId, []) })
  return 'done'
}

const unsubscribe = (line: Line, { messageId, unsubscriptions }: UnsubscribeRead): Finding => {
  if (line.fifth !== undefined) subscriptionsOf(line).leave(messageId, unsubscriptions)
  return checkFilters(unsubscriptions, line.limits) ?? 'pass'
}

/** [MQTT5-3.14.4-3]: only with reason 0 the will is forgotten; the broker would always forget it. */
const disconnect = (line: Line, packet: BareRead): Finding => {
  const { fifth, stream } = line
  if (fifth === undefined) return 'pass'
  if (fifth.promised.sessionExpiryInterval === 0 && packet.sessionExpiryInterval)
    return protocolError('[MQTT5-3.14.2-2] a session that was to end with its connection')
  fifth.leave(packet)
  if (packet.reason === 0) return 'pass'
  line.isOver = true
  stream.destroy()
  return 'done'
}

/** Looks at a packet of a line before the broker gets it. */
export const examine = (line: Line, packet: PacketRead): Finding => {
  switch (packet.cmd) {
    case 'connect':
      greet(line, packet)
      return line.isOver ? 'done' : 'pass'
    case 'publish':
      return publish(line, packet)
    case 'subscribe':
      return subscribe(line, packet)
    case 'unsubscribe':
      return unsubscribe(line, packet)
    case 'puback':
    case 'pubcomp':
      line.fifth?.release(packet.messageId)
      return 'pass'
    case 'disconnect':
      return disconnect(line, packet)
    case 'pubrec':
    case 'pubrel':
    case 'pingreq':
      return 'pass'
  }
}
