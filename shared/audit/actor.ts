import { AsyncLocalStorage } from 'node:async_hooks'
import type { Actor } from './records.ts'

/** Who asks, and from where, as far as it is known by now. */
export type Asking = { by?: Actor; readonly from?: string }

const present = new AsyncLocalStorage<Asking>()

/** How much of a client's address is written down. */
export const ADDRESSES = ['network', 'full', 'none'] as const
export type Addresses = (typeof ADDRESSES)[number]

/** `network`: an IPv4 /24 or an IPv6 /48. `full`: as it is counted, an IPv4 address or a /64. */
export const writtenAddress = (network: string, wanted: Addresses): string | undefined => {
  if (wanted === 'none') return undefined
  if (wanted === 'full') return network
  const v4 = /^(\d+\.\d+\.\d+)\.\d+$/.exec(network)?.[1]
  if (v4 !== undefined) return `${v4}.0/24`
  return `${network.split('::')[0]?.split(':').slice(0, 3).join(':')}::/48`
}

/** Somebody of whom only the network is known yet. */
export const stranger = (from: string | undefined): Asking => (from === undefined ? {} : { from })

/** Does something for one request: whatever is written down meanwhile, also later by what it has begun, says who asked. */
export const within = <T>(asking: Asking, work: () => T): T => present.run(asking, work)

/** The first good credential of a request says who acts. */
export const actsAs = (by: Actor): void => {
  const asking = present.getStore()
  if (asking !== undefined) asking.by ??= by
}

/** Who acts now. */
export const acting = (): Readonly<Asking> => present.getStore() ?? {}
