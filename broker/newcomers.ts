import { randomUUID } from 'node:crypto'
import { networkOf } from '../shared/guard/network.ts'
import type { Limits } from '../shared/limits.ts'
import type { Crowd } from './crowd.ts'
import type { BrokerContext, Provisioned, Provisioning } from './dialect.ts'
import { REASON_CODES } from './front/fault.ts'
import type { Front } from './front/front.ts'
import { blank, replyOf } from './handling.ts'
import type { Client, PublishPacket, Subscription } from './port.ts'
import type { Visitor } from './sockets/visitor.ts'

/** A client that has no device yet, and can do nothing here but come by one. */
export type Newcomer = {
  readonly client: Client
  readonly way: Provisioning
  /** The QoS of its subscription; `undefined`: there is none, and answers wait. */
  heardWith: 0 | 1 | undefined
  readonly answers: Answer[]
  asked: number
  isAnswered: boolean
  end: NodeJS.Timeout
  /** Its tokens one after the other. */
  order: Promise<unknown>
}

type Answer = { readonly body: unknown; readonly correlationData: Buffer | undefined }

type Options = {
  readonly context: BrokerContext
  readonly ways: readonly Provisioning[]
  readonly limits: Pick<Limits, 'newcomerMs' | 'newcomerAnsweredMs'>
  readonly frontOf: ((client: Client) => Front | undefined) | undefined
  readonly visitorOf: ((client: Client) => Visitor | undefined) | undefined
  readonly crowd: Crowd | undefined
}

/** Tokens that one connection may bring. */
const MOST_ASKED = 10
/** Newcomers at once. */
const MOST_NEWCOMERS = 10_000

/**
 * Clients under a user name that stands for no device: they bring a token, hear what came of it, and are sent away. An
 * answer waits for its subscription, so that the one credential of a new device is not lost.
 */
export const createNewcomers = (options: Options) => {
  const { context, ways, limits, frontOf, visitorOf, crowd } = options
  const present = new Map<Client, Newcomer>()

  const sendAway = (client: Client, code: number): void => {
    const front = frontOf?.(client)
    if (front === undefined) client.conn.destroy()
    else front.end(code)
  }

  const endIn = (client: Client, ms: number) =>
    setTimeout(() => sendAway(client, REASON_CODES.administrativeAction), ms).unref()

  /** The way that a user name stands for. */
  const wayOf = (userName: string | undefined) => ways.find((way) => way.userName === userName)

  /** Lets a client in. `false`: there are too many. */
  const welcome = (client: Client, way: Provisioning): boolean => {
    if (present.size >= MOST_NEWCOMERS) return false
    client.id = `${way.userName}:${randomUUID()}`
    const newcomer: Newcomer = {
      ...{ client, way, heardWith: undefined, answers: [], asked: 0, isAnswered: false },
      end: endIn(client, limits.newcomerMs),
      order: Promise.resolve(),
    }
    present.set(client, newcomer)
    client.conn.once('close', () => {
      clearTimeout(newcomer.end)
      present.delete(client)
    })
    return true
  }

  const send = ({ client, way, heardWith }: Newcomer, { body, correlationData }: Answer) => {
    const payload = JSON.stringify(body)
    const topic = way.subscribes
    if (
      correlationData !== undefined &&
      frontOf?.(client)?.publish(topic, payload, correlationData)
    )
      return Promise.resolve()
    const rest = { qos: heardWith ?? 0, retain: false, dup: false } as const
    return new Promise<void>((resolve) =>
      client.publish({ cmd: 'publish', topic, payload, ...rest }, () => resolve()),
    )
  }

  /** Sends what waits, as soon as it can be heard. */
  const answer = async (newcomer: Newcomer): Promise<void> => {
    if (newcomer.heardWith === undefined || newcomer.client.closed) return
    for (const waiting of newcomer.answers.splice(0)) await send(newcomer, waiting)
  }

  const settle = async (
    newcomer: Newcomer,
    packet: Pick<PublishPacket, 'messageId'>,
    { kind }: Provisioned,
    token: string,
  ) => {
    const { client } = newcomer
    if (kind === 'malformed')
      return frontOf?.(client)?.answer(packet.messageId, REASON_CODES.payloadFormatInvalid)
    const address = visitorOf?.(client)?.address
    if (kind === 'refused' && address !== undefined) await crowd?.wrong(address, token)
    if (newcomer.isAnswered) return
    newcomer.isAnswered = true
    clearTimeout(newcomer.end)
    newcomer.end = endIn(client, limits.newcomerAnsweredMs)
  }

  const redeem = async (newcomer: Newcomer, packet: PublishPacket): Promise<void> => {
    const { client, way } = newcomer
    newcomer.asked += 1
    if (newcomer.asked > MOST_ASKED) return sendAway(client, REASON_CODES.quotaExceeded)
    const payload = Buffer.from(packet.payload)
    const correlationData = replyOf(packet)?.correlationData
    blank(packet)
    const address = networkOf(visitorOf?.(client)?.address ?? 'unknown')
    const outcome = await way.redeem(context, address, payload)
    newcomer.answers.push({ body: outcome.body, correlationData })
    await settle(newcomer, packet, outcome, payload.toString('latin1'))
    await answer(newcomer)
  }

  /** Takes a publish. Its own topic brings a token; any other is acknowledged and dropped. */
  const take = (newcomer: Newcomer, packet: PublishPacket): Promise<void> => {
    const { client, way } = newcomer
    if (packet.topic !== way.publishes) {
      frontOf?.(client)?.answer(packet.messageId, REASON_CODES.notAuthorized)
      blank(packet)
      return Promise.resolve()
    }
    const step = () => redeem(newcomer, packet)
    const next = newcomer.order.then(step, step)
    newcomer.order = next.catch(() => undefined)
    return next
  }

  const grant = (newcomer: Newcomer, { topic, qos }: Subscription): Subscription | null => {
    if (topic !== newcomer.way.subscribes) return null
    newcomer.heardWith = qos > 0 ? 1 : 0
    return { topic, qos: newcomer.heardWith }
  }

  return {
    wayOf,
    welcome,
    in: (client: Client): Newcomer | undefined => present.get(client),
    take,
    grant,
    hears: ({ way, heardWith }: Newcomer, topic: string) =>
      heardWith !== undefined && topic === way.subscribes,
    answer,
  }
}

export type Newcomers = ReturnType<typeof createNewcomers>
