import type { Engine } from '../shared/claim/engine.ts'
import type { Delivery } from '../shared/delivery/index.ts'
import type { Log } from '../shared/log.ts'
import type { Command } from '../shared/model/events.ts'
import type { Device, KeyValueChange, Notice } from '../shared/model/records.ts'
import type { Registry } from '../shared/registry/index.ts'
import type { Store } from '../shared/store/port.ts'
import type { Connection, Reply } from './connection.ts'

/** What the MQTT dialects work with. */
export type BrokerContext = {
  readonly store: Store
  readonly registry: Registry
  readonly engine: Engine
  readonly delivery: Delivery
  readonly log: Log
  readonly now: () => number
}

/**
 * What becomes of a handled publish: `acknowledged` (its work is committed), `malformed` and kept (an MQTT 5 client
 * is told 0x99), `not-permitted` (acknowledged, and one of MQTT 5 is told 0x87), `unacknowledged` (no PUBACK, the connection stays), `closed` (no PUBACK, the connection ends),
 * `dismissed` (acknowledged, then the connection ends).
 */
export type Verdict =
  | 'acknowledged'
  | 'malformed'
  | 'not-permitted'
  | 'unacknowledged'
  | 'closed'
  | 'dismissed'

/** Handles what a device published on one topic. Throws `StoreDown`: the publish stays unacknowledged. */
export type Handler = (
  context: BrokerContext,
  connection: Connection,
  payload: Uint8Array,
  reply?: Reply,
) => Promise<Verdict>

/** Handles what a device published on a topic with a level that it chose: `chosen`. */
export type LevelHandler = (
  context: BrokerContext,
  connection: Connection,
  payload: Uint8Array,
  chosen: string,
) => Promise<Verdict>

/**
 * Topics in which a device's credential stands. Whoever knows it may speak there: a device that connected with it, and
 * a guest, who connected with nothing.
 */
export type OpenTopics = {
  /** The credential in a topic; `undefined`: it is none of these. */
  readonly tokenIn: (topic: string) => string | undefined
  /** Handles what was published there; the credential was good. */
  readonly publish: (
    context: BrokerContext,
    connection: Connection,
    payload: Uint8Array,
    topic: string,
  ) => Promise<Verdict>
  /** Called before the SUBACK of one of them. */
  readonly onGranted: (
    context: BrokerContext,
    connection: Connection,
    topic: string,
  ) => Promise<void>
  /** Whether a guest asks something by subscribing to a topic. */
  readonly isQuestion: (topic: string) => boolean
  /** The answer, sent on that topic. `isWrong`: to what is counted as a wrong credential. */
  readonly answer: (
    context: BrokerContext,
    topic: string,
  ) => Promise<{ readonly body: unknown; readonly isWrong: boolean }>
}

/** What came of a token that a newcomer brought: told as `body`; a refused one may be a guess. */
export type Provisioned = {
  readonly kind: 'made' | 'refused' | 'malformed'
  readonly body: unknown
}

/** How a client without a device comes by one: under a user name that is nobody's credential, on two topics. */
export type Provisioning = {
  readonly userName: string
  readonly publishes: string
  readonly subscribes: string
  /** `address`: the network that wrong tokens are counted under. Throws `StoreDown`: the publish stays unacknowledged. */
  readonly redeem: (
    context: BrokerContext,
    address: string,
    payload: Uint8Array,
  ) => Promise<Provisioned>
}

/**
 * How a command was given to a device: it will say when it has done it, or nothing more will come (`final`); `not-mine`: the
 * connection does not listen in this dialect.
 */
export type Given = 'awaits-answer' | 'final' | 'not-mine'

/** What somebody says he is: the device of that public number, with that credential. */
export type Identity = { readonly number: number; readonly token: string }

/** The MQTT side of a platform: rows of topics. */
export type MqttDialect = {
  readonly name: string
  /** Who somebody says he is, where the user name is not the credential itself. `undefined`: it is not said in this way. */
  readonly identityIn?: (userName: string, password: Uint8Array | undefined) => Identity | undefined
  /** Topics that a device publishes, exactly. */
  readonly publishes: ReadonlyMap<string, Handler>
  /** Topics with a level that a device chooses: `a/b/` for the last one, `a/+/c` for the one before. */
  readonly publishesBelow?: ReadonlyMap<string, LevelHandler>
  /** Filters that a device may subscribe to, exactly. The last level may be `+`. */
  readonly subscribes: ReadonlySet<string>
  /** The same for filters in which the device's own number stands. */
  readonly subscribesOwn?: (connection: Connection) => readonly string[]
  /** Called after the SUBACK of one of them. */
  readonly onSubscribed?: (
    context: BrokerContext,
    connection: Connection,
    filter: string,
  ) => Promise<void>
  readonly openTopics?: OpenTopics
  readonly provisioning?: Provisioning
  /** Called when something may lie in the inbox of a device whose connection listens to it. */
  readonly onInbox?: (context: BrokerContext, connection: Connection) => Promise<void>
  /** Writes a command to a connection that listens for it. */
  readonly onCommand?: (
    context: BrokerContext,
    connection: Connection,
    command: Command,
  ) => Promise<Given>
  /** Called when a key-value of the device has changed, in the order of the revisions. */
  readonly onKeyValue?: (
    context: BrokerContext,
    connection: Connection,
    change: KeyValueChange,
  ) => Promise<void>
  /** Called when the device has changed hands. */
  readonly onNotice?: (
    context: BrokerContext,
    connection: Connection,
    notice: Notice,
    device: Device,
  ) => Promise<void>
}
