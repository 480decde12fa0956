import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Operation } from '../../faults/history.ts'
import { linearizable } from '../../faults/linearizability.ts'
import { again, claim, makerRelease, read, refused, release, unknown } from './histories.ts'

type Row = readonly [name: string, operations: readonly Operation[]]

const RIGHT: readonly Row[] = [
  ['nothing at all', []],
  ['a claim, seen', [claim('ann', [0, 1]), read('ann', [2, 3])]],
  ['not yet seen while it is under way', [claim('ann', [0, 9]), read(null, [1, 2])]],
  ['seen while it is under way', [claim('ann', [0, 9]), read('ann', [1, 2])]],
  [
    'of two at once the one that came too late',
    [claim('ann', [0, 9]), claim('bob', [0, 9], refused('owned-by-another'))],
  ],
  [
    'released in between, although the second was called first',
    [claim('ann', [0, 1]), claim('bob', [2, 9]), release('ann', [3, 4])],
  ],
  ['claimed again by the same', [claim('ann', [0, 1]), claim('ann', [2, 3], again)]],
  ['a lost reply of what was done', [claim('ann', [0, 1], unknown), read('ann', [5, 6])]],
  ['a lost reply of what was never done', [claim('ann', [0, 1], unknown), read(null, [5, 6])]],
  [
    'a lost reply of what was done after all, later',
    [claim('ann', [0, 1], unknown), read(null, [2, 3]), read('ann', [5, 6])],
  ],
  [
    'the maker releases for anybody',
    [claim('ann', [0, 1]), makerRelease([2, 3]), read(null, [4, 5])],
  ],
  ['other refusals say nothing of the owner', [claim('ann', [0, 1], refused('wrong-secret'))]],
]

const WRONG: readonly Row[] = [
  ['two owners', [claim('ann', [0, 1]), claim('bob', [2, 3])]],
  ['two owners at once', [claim('ann', [0, 9]), claim('bob', [0, 9])]],
  ['a claim that is lost', [claim('ann', [0, 1]), read(null, [2, 3])]],
  ['an owner that nobody is', [read('eve', [0, 1])]],
  ['seen, and then not', [claim('ann', [0, 9]), read('ann', [1, 2]), read(null, [3, 4])]],
  ['refused as owned while nobody ever was', [claim('ann', [0, 1], refused('owned-by-another'))]],
  ['released by somebody else', [claim('ann', [0, 1]), release('bob', [2, 3])]],
  [
    'still owned after its release',
    [claim('ann', [0, 1]), release('ann', [2, 3]), read('ann', [4, 5])],
  ],
  [
    'an owner who is told he is none',
    [claim('ann', [0, 1]), release('ann', [2, 3], refused('not-owner'))],
  ],
  ['again, but never before', [claim('ann', [0, 1], again)]],
  [
    'one lost reply for two effects',
    [
      claim('ann', [0, 1], unknown),
      read('ann', [2, 3]),
      makerRelease([4, 5]),
      read(null, [6, 7]),
      read('ann', [8, 9]),
    ],
  ],
  ['an effect before its call', [read('ann', [0, 1]), claim('ann', [2, 3])]],
]

test.each(RIGHT)('a register can do this: %s', (_name, operations) => {
  expect(linearizable(operations)).toBe('linearizable')
})

test.each(WRONG)('no register can do this: %s', (_name, operations) => {
  expect(linearizable(operations)).toBe('not-linearizable')
})

test('a search that is given up is not a right history', () => {
  const many = Array.from({ length: 20 }, (_, i) => [
    claim(`user${i}`, [0, 1], unknown),
    makerRelease([0, 1], unknown),
  ]).flat()
  expect(linearizable([...many, read('eve', [2, 3])], 1000)).toBe('undecided')
})

/** The definition, word for word: some order of some choice of the unknown ones, kept in real time, that a register explains. */
const byDefinition = (operations: readonly Operation[]): boolean => {
  const from = (owner: string | null, left: readonly Operation[]): boolean => {
    const known = left.filter(({ result }) => result.kind !== 'unknown')
    if (known.length === 0) return true
    return left.some((one) => {
      if (known.some((other) => other !== one && other.returned < one.called)) return false
      const after = explained(owner, one)
      return (
        after !== undefined &&
        from(
          after.owner,
          left.filter((other) => other !== one),
        )
      )
    })
  }
  return from(null, operations)
}

const explained = (owner: string | null, one: Operation): { owner: string | null } | undefined => {
  const isRefused = one.result.kind === 'refused'
  if (one.op === 'read') return one.owner === owner ? { owner } : undefined
  if (one.op === 'claim' && isRefused)
    return owner !== null && owner !== one.by ? { owner } : undefined
  if (one.op === 'claim') return owner === null ? { owner: one.by } : undefined
  return owner === one.by ? { owner: null } : undefined
}

const span = fc.tuple(fc.nat(8), fc.nat(8)).map(([a, b]): [number, number] => [a, a + b])
const who = fc.constantFrom('ann', 'bob')
const any: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(who, span).map(([by, when]) => claim(by, when)),
  fc.tuple(who, span).map(([by, when]) => claim(by, when, unknown)),
  fc.tuple(who, span).map(([by, when]) => claim(by, when, refused('owned-by-another'))),
  fc.tuple(who, span).map(([by, when]) => release(by, when)),
  fc.tuple(fc.option(who), span).map(([owner, when]) => read(owner, when)),
)

test('the search agrees with trying every order', () => {
  fc.assert(
    fc.property(fc.array(any, { maxLength: 7 }), (operations) => {
      const expected = byDefinition(operations) ? 'linearizable' : 'not-linearizable'
      expect(linearizable(operations)).toBe(expected)
    }),
    { numRuns: 3000 },
  )
})
