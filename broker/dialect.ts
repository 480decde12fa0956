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
  /** Called when the device has changed hands. */
  readonly onNotice?: (
    context: BrokerContext,
    connection: Connection,
    notice: Notice,
    device: Device,
  ) => Promise<void>
}
