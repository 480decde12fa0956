import type { GatewayContext } from '../../context.ts'
import type { Waits } from '../../waits.ts'
import type { WhoCalls } from './callers.ts'
import type { Router } from './router.ts'

/** What the endpoints of this dialect are built from. `on` adds one of the table. */
export type Room = GatewayContext & {
  readonly on: Router
  readonly whoCalls: WhoCalls
  /** Requests that wait until a command was given. */
  readonly answers: Waits
}
