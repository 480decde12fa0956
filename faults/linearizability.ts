import type { Operation } from './history.ts'

/** Whose a device is: the state of the one-owner register. */
type Owner = string | null

/** What a register does with an operation that is given this answer. `undefined`: it would have answered otherwise. */
const step = (owner: Owner, operation: Operation): { readonly owner: Owner } | undefined => {
  const { result } = operation
  switch (operation.op) {
    case 'claim':
      return claimed(owner, operation.by, result)
    case 'release':
      return released(owner, operation, result)
    case 'read':
      return seen(owner, operation) ? { owner } : undefined
  }
}

const seen = (owner: Owner, read: Extract<Operation, { op: 'read' }>): boolean => {
  const { result, by } = read
  if (result.kind === 'refused') return REFUSALS.get(result.reason)?.(owner, by) !== false
  return read.owner === undefined || owner === read.owner
}

const claimed = (owner: Owner, by: string, result: Operation['result']) => {
  switch (result.kind) {
    case 'ok':
      return owner === (result.again ? by : null) ? { owner: by } : undefined
    case 'unknown':
      return owner === null ? { owner: by } : undefined
    case 'refused': {
      const fits = REFUSALS.get(result.reason)
      return fits === undefined || fits(owner, by) ? { owner } : undefined
    }
  }
}

/** What a refusal says of the owner; other reasons say nothing of it. */
const REFUSALS = new Map<string, (owner: Owner, by: string) => boolean>([
  ['owned-by-another', (owner, by) => owner !== null && owner !== by],
  ['already-yours', (owner, by) => owner === by],
  ['not-owner', (owner, by) => owner !== by],
])

const released = (
  owner: Owner,
  { by, maker }: Extract<Operation, { op: 'release' }>,
  result: Operation['result'],
) => {
  const may = maker === true || owner === by
  if (result.kind !== 'refused') return may ? { owner: null } : undefined
  return REFUSALS.get(result.reason)?.(owner, by) === false ? undefined : { owner }
}

/** Whether an operation can say anything of the register at all. */
const isTelling = ({ op, result }: Operation): boolean => {
  switch (result.kind) {
    case 'ok':
      return true
    case 'unknown':
      return op !== 'read'
    case 'refused':
      return REFUSALS.has(result.reason)
  }
}

/** What a search came to. `undecided`: the budget was used up before, which no run may count as well. */
export type Verdict = 'linearizable' | 'not-linearizable' | 'undecided'

/** How many configurations (what is done, whose it is then) one device may cost. */
export const SEARCH_BUDGET = 500_000

/**
 * Whether there is an order of one device's operations that the one-owner register explains, each at some time between
 * its call and its return: the search of Wing and Gong, with the memory of Lowe. An operation with an unknown result
 * may stand at any time after its call, or nowhere. It begins with nobody's device.
 */
export const linearizable = (
  operations: readonly Operation[],
  budget: number = SEARCH_BUDGET,
): Verdict => {
  const telling = operations.filter(isTelling).sort((a, b) => a.called - b.called)
  const ends = telling.map(({ result, returned }) =>
    result.kind === 'unknown' ? Number.POSITIVE_INFINITY : returned,
  )
  const twins = twinsOf(telling)
  const known = ends.filter((end) => end !== Number.POSITIVE_INFINITY).length
  const seen = new Set<string>()
  type Configuration = { readonly done: bigint; readonly left: number; readonly owner: Owner }
  const open: Configuration[] = [{ done: 0n, left: known, owner: null }]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at.left === 0) return 'linearizable'
    for (const next of successors(telling, ends, twins, at.done, at.owner)) {
      const { place, owner } = next
      const done = at.done | (1n << BigInt(place))
      const name = `${done.toString(36)} ${owner === null ? '' : `=${owner}`}`
      if (seen.has(name)) continue
      if (seen.size >= budget) return 'undecided'
      seen.add(name)
      open.push({
        done,
        left: ends[place] === Number.POSITIVE_INFINITY ? at.left : at.left - 1,
        owner,
      })
    }
  }
  return 'not-linearizable'
}

const isDone = (done: bigint, place: number): boolean => ((done >> BigInt(place)) & 1n) === 1n

/**
 * For each unknown operation the one before it that is the same in everything but its time, or -1. Which of them had the
 * effect is no difference, and the earlier one may do so whenever the later one may: so they are tried in order.
 */
const twinsOf = (telling: readonly Operation[]): readonly number[] => {
  const newest = new Map<string, number>()
  return telling.map(({ op, by, result }, place) => {
    if (result.kind !== 'unknown') return -1
    const name = `${op} ${by}`
    const twin = newest.get(name) ?? -1
    newest.set(name, place)
    return twin
  })
}

/** What may come next: nothing that was called after another, which is not done yet, had returned. */
const successors = (
  telling: readonly Operation[],
  ends: readonly number[],
  twins: readonly number[],
  done: bigint,
  owner: Owner,
): readonly { readonly place: number; readonly owner: Owner }[] => {
  const next: { place: number; owner: Owner }[] = []
  let earliestEnd = Number.POSITIVE_INFINITY
  for (const [place, operation] of telling.entries()) {
    if (operation.called > earliestEnd) break
    if (isDone(done, place)) continue
    const twin = twins[place] as number
    if (twin >= 0 && !isDone(done, twin)) continue
    earliestEnd = Math.min(earliestEnd, ends[place] as number)
    const after = step(owner, operation)
    if (after !== undefined) next.push({ place, owner: after.owner })
  }
  // Whoever has to be done first is tried first: the stack takes the last.
  return next.sort((a, b) => (ends[b.place] as number) - (ends[a.place] as number))
}
