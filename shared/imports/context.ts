import type { Digests } from '../guard/digests.ts'
import type { Log } from '../log.ts'
import type { Devices } from '../registry/devices.ts'
import type { Store } from '../store/port.ts'

/** What imports work with. */
export type ImportsContext = {
  readonly store: Store
  readonly digests: Digests
  readonly devices: Pick<Devices, 'draft' | 'tokenOf'>
  readonly log: Log
  readonly now: () => number
  /** A fresh UUID. */
  readonly newId: () => string
}
