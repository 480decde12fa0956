import {
  type Final,
  grouped,
  type Line,
  linesOf,
  type Notice,
  type Offer,
  type Operation,
  operationsByDevice,
  type Trouble,
} from './history.ts'
import type { Violation } from './violation.ts'

type Claim = Extract<Operation, { op: 'claim' }>
/** Looks along a history for one kind of violation. */
export type Scan = (history: readonly Line[]) => readonly Violation[]

const NS_PER_MS = 1_000_000
/** Clocks of one machine: what a node's wall clock and the client's monotonic one may differ by. */
const SKEW_NS = 50 * NS_PER_MS

/** Ok, and done by this very call. */
const isFresh = ({ result }: Operation): boolean =>
  result.kind === 'ok' && result.again === undefined

/** May have made a change, as far as the client knows. */
const mayHaveChanged = (operation: Operation): boolean =>
  operation.op !== 'read' && (isFresh(operation) || operation.result.kind === 'unknown')

/** When an operation was surely over: an unknown one never is. */
const endOf = ({ result, returned }: Operation | Offer): number =>
  result.kind === 'unknown' ? Number.POSITIVE_INFINITY : returned

const claimsOf = (history: readonly Line[]): readonly Claim[] => linesOf(history, 'claim')

/** I2: a claim that was acknowledged, with nothing after it that may have changed it, is there on every node. */
const nothingLost: Scan = (history) => {
  const finals = linesOf(history, 'final')
  return [...operationsByDevice(history)].flatMap(([device, operations]) => {
    const changes = operations.filter(mayHaveChanged)
    const last = changes.find(
      (one) =>
        one.op === 'claim' &&
        isFresh(one) &&
        changes.every((other) => other === one || endOf(other) < one.called),
    )
    if (last === undefined) return []
    return finals
      .filter((final) => final.device === device && final.owner !== last.by)
      .map(({ node, owner }) => ({
        invariant: 'I2',
        device,
        what: `claimed by ${last.by} at ${last.returned} ns, but ${node} says ${owner ?? 'nobody'}`,
      }))
  })
}

/** I3: whoever owns a device in the end has claimed it, or may have; and all nodes say the same. */
const noGhosts: Scan = (history) => {
  const claims = claimsOf(history).filter(mayHaveChanged)
  const asked = new Set(claims.map(({ device, by }) => `${device} ${by}`))
  const finals = linesOf(history, 'final')
  const first = new Map(finals.map(({ device, owner }) => [device, owner]))
  return finals.flatMap(({ device, node, owner }) => {
    if (owner !== null && !asked.has(`${device} ${owner}`))
      return [{ invariant: 'I3', device, what: `${node} says ${owner}, who never claimed it` }]
    return first.get(device) === owner
      ? []
      : [{ invariant: 'I3', device, what: `${node} says ${owner ?? 'nobody'}, another node not` }]
  })
}

/** Whether a half could still be used at some time of a claim: open by then, not over, and not replaced before. */
const couldBeUsed = (offer: Offer, claim: Claim, offers: readonly Offer[]): boolean => {
  const until = endOf(offer) + offer.durationMs * NS_PER_MS + SKEW_NS
  if (offer.called > claim.returned || claim.called > until) return false
  const isReplaced = offers.some(
    (newer) =>
      newer.half !== offer.half &&
      newer.proof === offer.proof &&
      newer.result.kind === 'ok' &&
      newer.called > endOf(offer) &&
      newer.returned < claim.called,
  )
  return !isReplaced
}

/** I4: every claim that succeeded with a half brought one that was open, the newest of its kind, and in its time. */
const noWrongHalf: Scan = (history) => {
  const offers = grouped(linesOf(history, 'offer'), ({ device }) => device)
  return claimsOf(history)
    .filter((claim) => isFresh(claim) && claim.half !== undefined)
    .flatMap((claim) => {
      const present = (offers.get(claim.device) ?? []).filter(
        ({ result }) => result.kind !== 'refused',
      )
      const brought = present.filter(({ half }) => half === claim.half)
      if (brought.some((offer) => couldBeUsed(offer, claim, present))) return []
      const { device, by } = claim
      const what = brought.length === 0 ? 'a half that was never left' : 'a half that was over'
      return [{ invariant: 'I4', device, what: `${by} claimed with ${what}` }]
    })
}

/** I8: one half makes at most one claim. */
const singleUse: Scan = (history) => {
  const used = claimsOf(history).filter((claim) => isFresh(claim) && claim.half !== undefined)
  return [...grouped(used, ({ half }) => half ?? '')]
    .filter(([, claims]) => claims.length > 1)
    .map(([half, claims]) => ({
      invariant: 'I8',
      device: claims[0]?.device as string,
      what: `${half} was used ${claims.length} times`,
    }))
}

/** I9: what is called and answered while no store can be reached is answered with nothing but "not now". */
const failsClosed: Scan = (history) => {
  const faults = linesOf(history, 'fault')
  const isWithin = ({ called, returned }: Timed, spans: readonly Trouble[]) =>
    spans.some(({ from, to }) => called > from && returned < to)
  const outages = faults.filter(({ isOutage }) => isOutage)
  const fulls = faults.filter(({ isFull }) => isFull)
  return history.flatMap((line) => {
    if (!('called' in line) || line.result.kind === 'unknown') return []
    const isWrite = line.op === 'try' ? line.isWrite === true : WRITES.has(line.op)
    const isWritten = isWrite && line.result.kind === 'ok' && !line.result.again
    if (!isWithin(line, outages) && !(isWritten && isWithin(line, fulls))) return []
    const { result } = line
    const op = line.op === 'try' ? line.what : line.op
    const device = 'device' in line ? { device: line.device } : {}
    const said = result.kind === 'refused' ? result.reason : result.kind
    return [{ invariant: 'I9', ...device, what: `${op} was answered ${said} without a store` }]
  })
}

type Timed = { readonly called: number; readonly returned: number }

/** What needs room in the store. What only takes rights away needs none. */
const WRITES: ReadonlySet<string> = new Set(['claim', 'offer'])

/** I6, feed: every change up to the last one is told, each under one id. */
const toldOf = (process: string, told: readonly Notice[], finals: readonly Final[]) => {
  const nameOf = ({ device, epoch }: Notice) => `${device} ${epoch}`
  const byEpoch = grouped(told, nameOf)
  const missing = finals.flatMap(({ device, epoch = 0 }) =>
    Array.from({ length: epoch }, (_, before) => before + 1)
      .filter((one) => !byEpoch.has(`${device} ${one}`))
      .map((one) => ({ invariant: 'I6', device, what: `${process} never heard of epoch ${one}` })),
  )
  const twice = [...byEpoch.values()]
    .filter((same) => new Set(same.map(({ id }) => id)).size > 1)
    .map(([first]) => ({
      invariant: 'I6',
      device: first?.device as string,
      what: `${process} was told of epoch ${first?.epoch} under several ids`,
    }))
  return [...missing, ...twice]
}

/** I6: each change reaches everybody who is to hear of it; what comes again comes under the same id. */
export const notified: Scan = (history) => {
  const finals = [...new Map(linesOf(history, 'final').map((one) => [one.device, one])).values()]
  const notices = grouped(linesOf(history, 'notice'), ({ process }) => process)
  return linesOf(history, 'listener').flatMap(({ process, hears, device }) => {
    const told = notices.get(process) ?? []
    if (hears === 'feed') return toldOf(process, told, finals)
    const final = finals.find((one) => one.device === device)
    const last = told.at(-1)?.epoch ?? 0
    if (final?.epoch === undefined || last === final.epoch) return []
    return [
      {
        invariant: 'I6',
        device: final.device,
        what: `${process} heard of epoch ${last} last, and it is ${final.epoch}`,
      },
    ]
  })
}

/** I7: nobody hears an older epoch of a device after a newer one; what comes again does not count. */
const inOrder: Scan = (history) => {
  const streams = grouped(
    linesOf(history, 'notice'),
    ({ process, device }) => `${process} ${device}`,
  )
  return [...streams.values()].flatMap((told) => {
    const known = new Set<string>()
    let newest = 0
    return told.flatMap(({ process, device, id, epoch }) => {
      const isOld = epoch < newest && !known.has(id)
      known.add(id)
      newest = Math.max(newest, epoch)
      const what = `${process} heard of epoch ${epoch} after epoch ${newest}`
      return isOld ? [{ invariant: 'I7', device, what }] : []
    })
  })
}

/** I10: a session that was ended, and acknowledged so, is good for nothing any more. */
const sessionsStayEnded: Scan = (history) => {
  const uses = grouped(linesOf(history, 'use'), ({ session }) => session)
  return linesOf(history, 'logout')
    .filter(({ result }) => result.kind === 'ok')
    .flatMap(({ session, by, returned }) =>
      (uses.get(session) ?? [])
        .filter(({ called, result }) => called > returned && result.kind === 'ok')
        .map(({ process }) => ({
          invariant: 'I10',
          what: `${process} took a session of ${by} that had been ended`,
        })),
    )
}

/** What was seen at once, by whoever did it. */
const seenThen: Scan = (history) =>
  linesOf(history, 'sighting').map(({ invariant, what }) => ({ invariant, what }))

/** What is looked for along a history. */
export const SCANS: readonly Scan[] = [
  nothingLost,
  noGhosts,
  noWrongHalf,
  notified,
  inOrder,
  singleUse,
  failsClosed,
  sessionsStayEnded,
  seenThen,
]
