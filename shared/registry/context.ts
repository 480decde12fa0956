import type { Digests } from '../guard/digests.ts'
import type { Store } from '../store/port.ts'

/** What every use-case of the registry works with. Time and identity come in, so that tests can say them. */
export type RegistryContext = {
  readonly store: Store
  readonly digests: Digests
  readonly now: () => number
  /** A fresh UUID. */
  readonly newId: () => string
  /** A random integer from 0 (inclusive) to `below` (exclusive). */
  readonly random: (below: number) => number
}

/** Public numbers of projects, homes and devices: integers that tell nothing about how many there are. */
export const newNumber = ({ random }: RegistryContext): number =>
  100_000_000 + random(2_000_000_000)
