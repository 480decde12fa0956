import type { Engine } from '../shared/claim/engine.ts'
import type { Log } from '../shared/log.ts'
import type { Device, Notice } from '../shared/model/records.ts'
import type { Registry } from '../shared/registry/index.ts'
import type { Store } from '../shared/store/port.ts'
import type { Connection, Reply } from './connection.ts'

/** What the MQTT dialects work with. */
export type BrokerContext = {
  readonly store: Store
  readonly registry: Registry
  readonly engine: Engine
  readonly log: Log
  readonly now: () => number
}

/**
 * What becomes of a handled publish: `acknowledged` (its work is committed), `malformed` and kept (an MQTT 5 client
 * is told 0x99), `unacknowledged` (no PUBACK, the connection stays), `closed` (no PUBACK, the connection ends),
 * `dismissed` (acknowledged, then the connection ends).
 */
export type Verdict = 'acknowledged' | 'malformed' | 'unacknowledged' | 'closed' | 'dismissed'

/** Handles what a device published on one topic. Throws `StoreDown`: the publish stays unacknowledged. */
export type Handler = (
  context: BrokerContext,
  connection: Connection,
  payload: Uint8Array,
  reply?: Reply,
) => Promise<Verdict>

/** Handles what a device published one level below a topic; `last` is that level. */
export type LevelHandler = (
  context: BrokerContext,
  connection: Connection,
  payload: Uint8Array,
  last: string,
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

/** The MQTT side of a platform: rows of topics. */
export type MqttDialect = {
  readonly name: string
  /** Topics that a device publishes, exactly. */
  readonly publishes: ReadonlyMap<string, Handler>
  /** Topics whose last level a device chooses, up to and with the slash before it. */
  readonly publishesBelow?: ReadonlyMap<string, LevelHandler>
  /** Filters that a device may subscribe to, exactly. The last level may be `+`. */
  readonly subscribes: ReadonlySet<string>
  /** Called after the SUBACK of one of `subscribes`. */
  readonly onSubscribed?: (
    context: BrokerContext,
    connection: Connection,
    filter: string,
  ) => Promise<void>
  readonly openTopics?: OpenTopics
  /** Called when something may lie in the inbox of a device whose connection listens to it. */
  readonly onInbox?: (context: BrokerContext, connection: Connection) => Promise<void>
  /** Called when the device has changed hands. */
  readonly onNotice?: (
    context: BrokerContext,
    connection: Connection,
    notice: Notice,
    device: Device,
  ) => Promise<void>
}
