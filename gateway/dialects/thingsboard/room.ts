import type { GatewayContext } from '../../context.ts'
import type { Refuse } from './faults.ts'
import type { Guards } from './guards.ts'

/** What the routes of this dialect are built from. */
export type Room = GatewayContext & { readonly guards: Guards; readonly refuse: Refuse }
