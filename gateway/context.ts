import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { Sealer } from '../shared/audit/sealer.ts'
import type { Engine } from '../shared/claim/engine.ts'
import type { Delivery } from '../shared/delivery/index.ts'
import type { Digests } from '../shared/guard/digests.ts'
import type { Imports } from '../shared/imports/index.ts'
import type { Log } from '../shared/log.ts'
import type { Mail } from '../shared/mail/mail.ts'
import type { Metrics } from '../shared/metrics.ts'
import type { Registry } from '../shared/registry/index.ts'
import type { Store } from '../shared/store/port.ts'
import type { Described } from './description/index.ts'
import type { Listeners } from './listeners.ts'
import type { Live } from './live.ts'
import type { Sockets } from './live-socket.ts'
import type { Waits } from './waits.ts'

/** What every HTTP dialect is built from. */
export type GatewayContext = {
  readonly store: Store
  readonly registry: Registry
  readonly engine: Engine
  readonly delivery: Delivery
  readonly digests: Digests
  /** Mails and text messages, asked for in the commit of what they are about. */
  readonly mail: Mail
  /** Files of devices. */
  readonly imports: Imports
  /** Puts what is written down into the chain of the audit. */
  readonly sealer: Sealer
  readonly log: Log
  readonly waits: Waits
  /** Streams of events. */
  readonly live: Live
  /** Devices that hear their commands over a WebSocket. */
  readonly listeners: Listeners
  /** WebSockets of the dialects. */
  readonly sockets: Sockets
  readonly metrics: Metrics
  readonly now: () => number
  /** How the outside calls us, without a slash at the end. */
  readonly publicUrl: () => string
}

/** Why no route takes a path. */
export type StrayPath = 'unreadable' | 'absent'

/** How a dialect refuses a path under one of its own that no route of it takes. */
export type Strays = {
  readonly under: readonly string[]
  readonly refuse: (reply: FastifyReply, why: StrayPath, now: () => number) => FastifyReply
}

/** One dialect: the path under which it lives, and the routes it adds there. */
export type HttpDialect = {
  readonly name: string
  /** What is told of it in `/openapi.json` and `/asyncapi.json`. A platform's own documents tell of the others. */
  readonly described?: Described
  /** Absent: as the native API does. */
  readonly strays?: Strays
  readonly routes: (context: GatewayContext) => FastifyPluginAsync
}
