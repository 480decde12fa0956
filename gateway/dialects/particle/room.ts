import type { GatewayContext } from '../../context.ts'
import type { Waits } from '../../waits.ts'
import type { Guards } from './guards.ts'

/** What the routes of this dialect work with. */
export type Room = GatewayContext & {
  readonly guards: Guards
  /** Requests that wait for what becomes of a command. */
  readonly answers: Waits
}
