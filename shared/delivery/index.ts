import { type Commands, createCommands } from './commands.ts'
import type { DeliveryContext } from './context.ts'
import { createEvents, type Events } from './events.ts'

/** Commands, events, ownership notices: who must hear what, under an epoch, handed over at least once. */
export type Delivery = { readonly events: Events; readonly commands: Commands }

export const createDelivery = (context: DeliveryContext): Delivery => ({
  events: createEvents(context),
  commands: createCommands(context),
})
