import type { Metrics } from '../metrics.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'

/** Wrong secrets of programs from one network, and in which time. A right one is good all the same. */
export const WRONG_SECRETS = { perAddress: 100, windowMs: 600_000 } as const

/** Who shows a wrong one has not shown to which project he belongs. */
const NOBODYS = '~programs' as ProjectId

type Context = { readonly store: Store; readonly metrics: Pick<Metrics, 'limited'> }

/**
 * Counts a wrong secret of a program (an OAuth client) by the network it came from. Secrets have 256 bits, so nobody is
 * locked out for them: who only brings wrong ones is told nothing else for a while. `undefined`: he may be told that it was
 * wrong; else the ms for which he is not.
 */
export const countWrongSecret = async (
  { store, metrics }: Context,
  address: string,
): Promise<number | undefined> => {
  const { perAddress, windowMs } = WRONG_SECRETS
  const counter = keys.budget(NOBODYS, `wrong-secrets:${address}`)
  const { count, resetInMs } = await store.count(counter, windowMs, 1)
  if (count <= perAddress) return undefined
  metrics.limited('wrong secrets of programs of one network')
  return Math.max(1000, resetInMs)
}
