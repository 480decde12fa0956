import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { lookupDigest } from '../shared/guard/digests.ts'
import { networkOf } from '../shared/guard/network.ts'
import type { Limits } from '../shared/limits.ts'
import type { DeviceId } from '../shared/model/ids.ts'
import type { EdgeEvent } from './tally.ts'

/** Patience with those who come too often: they are answered later, and nobody else is. */
export type Crowd = {
  /** Whether a credential was so often wrong lately that it need not be looked up right now. */
  readonly isKnownWrong: (credential: string) => boolean
  /** A credential was wrong, or none was given. Resolves when that may be said. */
  readonly wrong: (address: string, credential: string | undefined) => Promise<void>
  /**
   * A device is there. Resolves when it may be let in: at once, or within a second if it came too often. `false`: it
   * came again meanwhile, and the newest connection counts.
   */
  readonly arrived: (device: DeviceId) => Promise<boolean>
}

type CrowdOptions = {
  readonly limits: Limits
  readonly now: () => number
  readonly onEvent: (event: EdgeEvent) => void
  /** Only a test passes its own. */
  readonly wait?: (ms: number) => Promise<unknown>
}

type Failures = { readonly since: number; count: number; lookedUpAt: number }
type Allowance = { left: number; at: number }

const WINDOW_MS = 60_000
const DELAY_MS = 1000
/** A credential that is wrong again and again is looked up this often, in case it has become right. */
const LOOKUP_MS = 1000
/** Who are remembered, of each kind; the longest unseen are forgotten. */
const REMEMBERED = 10_000
/** Connections held back at once. Beyond that nobody is: waiting must not cost us more than answering. */
const MOST_WAITING = 1000

/**
 * What a crowd may not do is make us work or wait: wrong CONNECTs are counted by network and by credential, and beyond
 * the limit answered late. A right credential is looked up all the same, so honest devices behind the same address as
 * a flood come in at once. A device that connects without end is let in once a second.
 */
export const createCrowd = ({ limits, now, onEvent, wait = sleepUnref }: CrowdOptions): Crowd => {
  const networks = new LRUCache<string, Failures>({ max: REMEMBERED })
  const credentials = new LRUCache<string, Failures>({ max: REMEMBERED })
  const devices = new LRUCache<DeviceId, Allowance>({ max: REMEMBERED })
  const most = limits.wrongConnectsPerMinute
  const gates = new Map<DeviceId, (isNewest: boolean) => void>()
  let waiting = 0

  const holdBack = async (event: EdgeEvent): Promise<void> => {
    onEvent(event)
    if (waiting >= MOST_WAITING) return
    waiting += 1
    await wait(DELAY_MS)
    waiting -= 1
  }

  const failuresOf = (book: LRUCache<string, Failures>, name: string): Failures => {
    const present = book.get(name)
    if (present !== undefined && now() < present.since + WINDOW_MS) return present
    const fresh: Failures = { since: now(), count: 0, lookedUpAt: 0 }
    book.set(name, fresh)
    return fresh
  }

  const isKnownWrong = (credential: string): boolean => {
    const failures = credentials.get(lookupDigest(credential))
    if (most === 0 || failures === undefined || failures.count <= most) return false
    if (now() >= failures.since + WINDOW_MS || now() >= failures.lookedUpAt + LOOKUP_MS) {
      failures.lookedUpAt = now()
      return false
    }
    return true
  }

  const wrong = async (address: string, credential: string | undefined): Promise<void> => {
    if (most === 0) return
    const network = failuresOf(networks, networkOf(address))
    network.count += 1
    const same = credential && failuresOf(credentials, lookupDigest(credential))
    if (same) same.count += 1
    if (network.count > most)
      await holdBack({ what: 'throttled', rule: 'wrong credentials from one address', address })
    else if (same && same.count > most)
      await holdBack({ what: 'throttled', rule: 'one wrong credential again and again' })
  }

  /** Of those of one device that wait only the newest is let in, once a second. */
  const queue = (device: DeviceId): Promise<boolean> =>
    new Promise((resolve) => {
      const present = gates.get(device)
      present?.(false)
      gates.set(device, resolve)
      if (present !== undefined) return
      void holdBack({ what: 'throttled', rule: 'a device connects without end' }).then(() => {
        gates.get(device)?.(true)
        gates.delete(device)
      })
    })

  const arrived = async (device: DeviceId): Promise<boolean> => {
    const burst = limits.reconnectBurst
    if (burst === 0) return true
    const allowance = devices.get(device) ?? { left: burst, at: now() }
    const earned = Math.max(0, now() - allowance.at) / DELAY_MS
    allowance.left = Math.max(-1, Math.min(burst, allowance.left + earned) - 1)
    allowance.at = now()
    devices.set(device, allowance)
    return allowance.left < 0 || gates.has(device) ? queue(device) : true
  }

  return { isKnownWrong, wrong, arrived }
}

const sleepUnref = (ms: number) => sleep(ms, undefined, { ref: false })
