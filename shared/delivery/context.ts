import type { Log } from '../log.ts'
import type { Store } from '../store/port.ts'

/** What the delivery room works with. */
export type DeliveryContext = {
  readonly store: Store
  readonly log: Log
  readonly now: () => number
  /** A fresh UUID. */
  readonly newId: () => string
}
