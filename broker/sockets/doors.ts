import { isLoopback, networkOf } from '../../shared/guard/network.ts'
import type { Limits } from '../../shared/limits.ts'
import type { EdgeEvent } from '../tally.ts'

/** How many may be in at once, in all and from one network. */
export type Doors = {
  /** Lets a connection in; the answer lets it out again (idempotent). `undefined`: there are too many. */
  readonly enter: (address: string) => (() => void) | undefined
}

type DoorsOptions = {
  readonly limits: Limits
  readonly onEvent: (event: EdgeEvent) => void
}

/** Counts open connections before anything is read from them. Remembers only networks that have one. */
export const createDoors = ({ limits, onEvent }: DoorsOptions): Doors => {
  const inside = new Map<string, number>()
  let total = 0
  const isFull = (count: number, limit: number) => limit > 0 && count >= limit

  const enter = (address: string): (() => void) | undefined => {
    const network = networkOf(address)
    const present = inside.get(network) ?? 0
    if (isFull(total, limits.connections)) {
      onEvent({ what: 'refused', rule: 'too many connections' })
      return undefined
    }
    const most = isLoopback(address) ? limits.connectionsFromLoopback : limits.connectionsPerAddress
    if (isFull(present, most)) {
      onEvent({ what: 'refused', rule: 'too many connections from one address', address })
      return undefined
    }
    inside.set(network, present + 1)
    total += 1
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      total -= 1
      const left = (inside.get(network) ?? 1) - 1
      if (left === 0) inside.delete(network)
      else inside.set(network, left)
    }
  }

  return { enter }
}
