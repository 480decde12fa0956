import { randomUUID } from 'node:crypto'
import type { PresenceBook } from '../shared/delivery/presence.ts'
import { StoreDown } from '../shared/errors.ts'
import { DEFAULT_LIMITS, type Limits } from '../shared/limits.ts'
import type { Device } from '../shared/model/records.ts'
import { type Connection, newConnection } from './connection.ts'
import type { Crowd } from './crowd.ts'
import type { BrokerContext, Identity, MqttDialect, Provisioning } from './dialect.ts'
import type { Front } from './front/front.ts'
import type { Outbox } from './outbox.ts'
import type { AuthError, Client } from './port.ts'
import type { Visitor } from './sockets/visitor.ts'

/** Who may come, and what is known of where he comes from. */
export type ArrivalOptions = {
  /** `refuse`: only devices may connect. `pass`: who is no device of ours is left to the broker's own hooks. */
  readonly strangers: 'refuse' | 'pass'
  /** What stands before a connection, where something does: it knows the client's version and can say why. */
  readonly frontOf?: (client: Client) => Front | undefined
  /** Where a connection comes from and whose certificate it holds, where that is known. */
  readonly visitorOf?: (client: Client) => Visitor | undefined
  /** Who holds back those that come too often; absent: nobody is. */
  readonly crowd?: Crowd
  /** What a connection may ask of us. */
  readonly limits?: Limits
}

/**
 * `certificate`: the one that says which device it is, if it was not its credential. A guest has shown nothing, and may
 * still show credentials in topics.
 */
export type Arrival =
  | {
      readonly kind: 'device'
      readonly connection: Connection
      readonly certificate: string | undefined
    }
  | { readonly kind: 'guest' }
  /** Has no device yet, and comes by one in this way. */
  | { readonly kind: 'newcomer'; readonly way: Provisioning }
  /** `credential`: the one that was wrong, where it was not the user name. */
  | {
      readonly kind: 'refused'
      readonly returnCode: number
      readonly credential?: string
    }

type Options = BrokerContext &
  ArrivalOptions & {
    readonly dialects: readonly MqttDialect[]
    readonly guestsAreWelcome: boolean
    /** How the user name of somebody without a device lets him come by one. */
    readonly wayOf: (userName: string | undefined) => Provisioning | undefined
    readonly presence: PresenceBook<Connection>
    readonly outbox: Pick<Outbox, 'follow'>
  }

type Coming = Extract<Arrival, { kind: 'device' }>

/** [MQTT-3.2.2-4], table 3.1: bad user name or password. */
const WRONG_PASSWORD = 4
/** A device's credential is 43 base64url characters. */
const CREDENTIAL = /^[A-Za-z0-9_-]{43}$/

/** Refuses a CONNECT: 2 to 5. */
export const refuse = (returnCode: number): AuthError =>
  Object.assign(new Error('refused'), { returnCode })

/** Who is coming, and how a device takes its place: by certificate, by credential, or as a guest. */
export const createArrivals = (options: Options) => {
  const { registry, log, dialects, strangers, guestsAreWelcome, wayOf, presence, outbox } = options
  const { frontOf, visitorOf, crowd, limits = DEFAULT_LIMITS } = options

  const connect = (client: Client, device: Device): Connection =>
    newConnection(client, device, frontOf?.(client), limits)

  /** The device that a client's certificate stands for. Its record decides: it may have another one by now. */
  const certified = async (certificate: string | undefined): Promise<Device | undefined> =>
    certificate === undefined ? undefined : registry.certificates.find(certificate)

  const credentialed = async (username: string | undefined): Promise<Device | undefined> => {
    if (username === undefined || !CREDENTIAL.test(username)) return undefined
    return crowd?.isKnownWrong(username) ? undefined : registry.devices.findByToken(username)
  }

  const identityIn = (username: string, password: Uint8Array | undefined): Identity | undefined => {
    for (const { identityIn: read } of dialects) {
      const said = read?.(username, password)
      if (said !== undefined) return said
    }
    return undefined
  }

  /** The device that somebody says he is, if the credential is its own; in somebody else's broker he may be theirs. */
  const identified = async (client: Client, said: Identity): Promise<Arrival | undefined> => {
    const device = await credentialed(said.token)
    if (device?.number === said.number)
      return { kind: 'device', connection: connect(client, device), certificate: undefined }
    return strangers === 'pass'
      ? undefined
      : { kind: 'refused', returnCode: WRONG_PASSWORD, credential: said.token }
  }

  /** Who is coming. `undefined`: nobody of ours. Never throws. */
  const identify = async (
    client: Client,
    username: string | undefined,
    password: Uint8Array | undefined,
  ): Promise<Arrival | undefined> => {
    const nobody: Arrival | undefined =
      strangers === 'refuse' ? { kind: 'refused', returnCode: 5 } : undefined
    try {
      const certificate = visitorOf?.(client)?.certificate
      const proven = await certified(certificate)
      if (proven !== undefined)
        return { kind: 'device', connection: connect(client, proven), certificate }
      if (username === undefined && strangers === 'refuse' && guestsAreWelcome)
        return { kind: 'guest' }
      // In somebody else's broker the name may be an account of theirs.
      const way = strangers === 'refuse' ? wayOf(username) : undefined
      if (way !== undefined) return { kind: 'newcomer', way }
      const said = username === undefined ? undefined : identityIn(username, password)
      if (said !== undefined) return (await identified(client, said)) ?? nobody
      const device = await credentialed(username)
      if (device === undefined) return nobody
      return { kind: 'device', connection: connect(client, device), certificate: undefined }
    } catch (cause) {
      if (!(cause instanceof StoreDown))
        log.error({ err: cause }, 'a device could not be identified')
      return { kind: 'refused', returnCode: 3 }
    }
  }

  /**
   * Whoever removes a device or takes its certificate back ends the connections that are there by then: this one may
   * just have missed it.
   */
  const isStillGood = async (
    { project, device }: Connection,
    certificate: string | undefined,
  ): Promise<boolean> => {
    if (certificate === undefined)
      return (await registry.devices.get(project, device)) !== undefined
    return (await certified(certificate))?.id === device
  }

  const arrive = async ({ connection, certificate }: Coming): Promise<AuthError | undefined> => {
    const { client } = connection
    try {
      const isNewest = (await crowd?.arrived(connection.device)) ?? true
      if (!isNewest || client.closed) return refuse(2)
      // Client ids belong to the device: another device may use the same one, so the broker gets our own.
      client.id = `${connection.device}:${randomUUID()}`
      await outbox.follow(connection.project)
      if (!(await presence.take(connection))) return refuse(2)
      if (await isStillGood(connection, certificate)) return undefined
      presence.leave(connection)
      return refuse(5)
    } catch (cause) {
      presence.leave(connection)
      if (!(cause instanceof StoreDown))
        log.error({ err: cause }, 'a connection could not be taken')
      return refuse(3)
    }
  }

  /** Resolves when a refusal may be said. An outage is nobody's fault. */
  const heldBack = async (client: Client, username: string | undefined, returnCode: number) => {
    const visitor = visitorOf?.(client)
    if (visitor !== undefined && returnCode !== 3) await crowd?.wrong(visitor.address, username)
  }

  return { identify, arrive, heldBack }
}
