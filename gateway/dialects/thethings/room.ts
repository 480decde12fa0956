import type { GatewayContext } from '../../context.ts'
import type { createGuard } from './guards.ts'
import type { Streams } from './streams.ts'

/** What the routes of this dialect work with. */
export type Room = GatewayContext & {
  /** Lets only signed-in users through. */
  readonly signedIn: ReturnType<typeof createGuard>
  readonly streams: Streams
}
