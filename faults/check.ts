import { type Line, linesOf, type Operation, operationsByDevice } from './history.ts'
import { linearizable } from './linearizability.ts'
import { SCANS } from './scans.ts'
import type { Violation } from './violation.ts'

export type { Violation } from './violation.ts'

const NAMED: Readonly<Record<Exclude<ReturnType<typeof linearizable>, 'linearizable'>, string>> = {
  'not-linearizable': 'no order of its operations is one of a register with one owner',
  undecided: 'the search for an order was given up',
}

/** What every node says in the end is read after everything else. */
const finalReads = (history: readonly Line[]): readonly Operation[] => {
  const end = history.reduce(
    (last, line) => Math.max(last, 'returned' in line ? line.returned : 0),
    0,
  )
  return linesOf(history, 'final').map(({ node, device, owner }) => ({
    ...{ op: 'read', process: node, by: node, device, owner },
    ...{ called: end + 1, returned: end + 2, result: { kind: 'ok' } },
  }))
}

/** I1: the history of each device is linearizable against the one-owner register. What cannot be decided fails as well. */
const oneOwner = (history: readonly Line[], budget?: number): readonly Violation[] =>
  [...operationsByDevice([...history, ...finalReads(history)])].flatMap(([device, operations]) => {
    const verdict = linearizable(operations, budget)
    return verdict === 'linearizable' ? [] : [{ invariant: 'I1', device, what: NAMED[verdict] }]
  })

/** Everything in a history that breaks an invariant. Empty: none is broken. */
export const check = (
  history: readonly Line[],
  options: { readonly budget?: number } = {},
): readonly Violation[] => [
  ...oneOwner(history, options.budget),
  ...SCANS.flatMap((scan) => scan(history)),
]
