import { randomUUID } from 'node:crypto'
import type { DeviceId } from '../shared/model/ids.ts'
import type { Device } from '../shared/model/records.ts'
import { type Connection, newConnection } from './connection.ts'
import type { Crowd } from './crowd.ts'
import type { BrokerContext, OpenTopics } from './dialect.ts'
import type { Front } from './front/front.ts'
import type { Outbox } from './outbox.ts'
import type { Client, Subscription } from './port.ts'
import type { Visitor } from './sockets/visitor.ts'

/** A client that gave no credential when it connected, and the devices whose credentials it showed since. */
export type Guest = {
  readonly client: Client
  /** Whether it has nothing else here: the broker's own hooks did not let it in. */
  readonly isFenced: boolean
  readonly devices: Map<DeviceId, Connection>
  /** What it asked by subscribing, with the QoS granted. */
  readonly questions: Map<string, 0 | 1>
}

/** A gateway speaks for many things on one connection, but not for any number. */
const MOST_DEVICES = 100
const MOST_QUESTIONS = 100

type Options = {
  readonly context: BrokerContext
  readonly openTopics: readonly OpenTopics[]
  readonly outbox: Pick<Outbox, 'follow'>
  readonly frontOf: ((client: Client) => Front | undefined) | undefined
  readonly visitorOf: ((client: Client) => Visitor | undefined) | undefined
  readonly crowd: Crowd | undefined
}

/** Where a publish goes, and for whom. */
export type Spoken = { readonly topics: OpenTopics; readonly connection: Connection }

/**
 * Topics in which the credential itself stands: whoever knows it may speak there. A guest has nothing else: no device
 * of his own, no presence, no topic without a good credential in it.
 */
export const createGuests = (options: Options) => {
  const { context, openTopics, outbox, frontOf, visitorOf, crowd } = options
  const { registry, log } = context
  const speakers = new Map<DeviceId, Set<Connection>>()
  const guestsBy = new WeakMap<Client, Guest>()

  const readToken = (topic: string) => {
    for (const topics of openTopics) {
      const token = topics.tokenIn(topic)
      if (token !== undefined) return { topics, token }
    }
    return undefined
  }

  const questionIn = (topic: string) => openTopics.find(({ isQuestion }) => isQuestion(topic))

  const forget = ({ devices }: Guest): void => {
    for (const [device, connection] of devices) {
      const line = speakers.get(device)
      if (line?.delete(connection) && line.size === 0) speakers.delete(device)
    }
    devices.clear()
  }

  const newGuest = (client: Client, isFenced: boolean): Guest => {
    const guest: Guest = { client, isFenced, devices: new Map(), questions: new Map() }
    guestsBy.set(client, guest)
    client.conn.once('close', () => forget(guest))
    return guest
  }

  /** Lets a client in that has shown nothing yet. */
  const welcome = (client: Client): void => {
    newGuest(client, true)
    // Without an account nobody owns a client id: two guests may use the same one.
    client.id = `guest:${randomUUID()}`
    // Nor a session.
    client.clean = true
    frontOf?.(client)?.confine()
  }

  /** Somebody's own client as a guest on the topics in which credentials stand, beside all that it has there. */
  const beside = (client: Client): Guest => guestsBy.get(client) ?? newGuest(client, false)

  /** The guest's connection for a device, made when it shows the device's credential for the first time. */
  const speakFor = async (guest: Guest, device: Device): Promise<Connection | undefined> => {
    const present = guest.devices.get(device.id)
    if (present !== undefined) return present
    if (guest.devices.size >= MOST_DEVICES) return undefined
    const connection = newConnection(guest.client, device, frontOf?.(guest.client))
    guest.devices.set(device.id, connection)
    await outbox.follow(device.project)
    // A last will speaks for who has gone, and hears nothing.
    if (guest.client.closed) return connection
    speakers.set(device.id, (speakers.get(device.id) ?? new Set()).add(connection))
    return connection
  }

  /** Counts a wrong credential against the network it comes from. Resolves when that may be said. */
  const heldBack = async ({ client }: Pick<Guest, 'client'>, token?: string): Promise<void> => {
    const visitor = visitorOf?.(client)
    if (visitor !== undefined) await crowd?.wrong(visitor.address, token)
  }

  /** For whom a topic speaks, as long as the credential in it is good. A device speaks for itself alone. */
  const resolve = async (
    speaker: Guest | Connection,
    topic: string,
  ): Promise<Spoken | undefined> => {
    const read = readToken(topic)
    if (read === undefined) return undefined
    const { topics, token } = read
    const device = crowd?.isKnownWrong(token)
      ? undefined
      : await registry.devices.findByToken(token)
    if (device === undefined) {
      await heldBack(speaker, token)
      return undefined
    }
    if ('device' in speaker)
      return speaker.device === device.id ? { topics, connection: speaker } : undefined
    const connection = await speakFor(speaker, device)
    return connection && { topics, connection }
  }

  /** The QoS that a subscription gets. `undefined`: it is not granted. */
  const grant = async (
    speaker: Guest | Connection,
    { topic, qos: wanted }: Subscription,
  ): Promise<0 | 1 | undefined> => {
    const qos = wanted > 0 ? 1 : 0
    if ('questions' in speaker && questionIn(topic) !== undefined) {
      if (speaker.questions.size >= MOST_QUESTIONS) return undefined
      speaker.questions.set(topic, qos)
      return qos
    }
    const spoken = await resolve(speaker, topic)
    if (spoken === undefined) return undefined
    await spoken.topics.onGranted(context, spoken.connection, topic)
    spoken.connection.subscribed.set(topic, qos)
    return qos
  }

  /** Whether a guest may hear a topic now. */
  const hears = ({ devices, questions }: Guest, topic: string): boolean =>
    questions.has(topic) || [...devices.values()].some(({ subscribed }) => subscribed.has(topic))

  /** Answers what a guest has asked by subscribing; after the SUBACK. */
  const answer = async (guest: Guest, topic: string): Promise<void> => {
    const { client } = guest
    const qos = guest.questions.get(topic)
    const asked = questionIn(topic)
    if (qos === undefined || asked === undefined) return
    const { body, isWrong } = await asked.answer(context, topic)
    if (isWrong) await heldBack(guest)
    if (client.closed) return
    const payload = JSON.stringify(body)
    await new Promise<void>((resolve) =>
      client.publish({ cmd: 'publish', topic, payload, qos, retain: false, dup: false }, () =>
        resolve(),
      ),
    )
  }

  const leave = ({ devices, questions }: Guest, topic: string): void => {
    questions.delete(topic)
    for (const { subscribed } of devices.values()) subscribed.delete(topic)
  }

  return {
    /** Whether there is anything for a guest here. */
    areWelcome: openTopics.length > 0,
    isOpen: (topic: string): boolean =>
      readToken(topic) !== undefined || questionIn(topic) !== undefined,
    welcome,
    beside,
    /** The guest in a client, if it is one. */
    in: (client: Client): Guest | undefined => guestsBy.get(client),
    resolve,
    grant,
    hears,
    answer: (guest: Guest, topic: string): void => {
      answer(guest, topic).catch((cause: unknown) => {
        log.warn({ err: cause }, 'a question of a guest could not be answered')
        guest.client.conn.destroy()
      })
    },
    leave,
    /** The guests' connections that speak for a device here. */
    of: (device: DeviceId): readonly Connection[] => [...(speakers.get(device) ?? [])],
    all: (): readonly Connection[] => [...speakers.values()].flatMap((line) => [...line]),
  }
}

export type Guests = ReturnType<typeof createGuests>
