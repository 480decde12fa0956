import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { check } from '../../faults/check.ts'
import { readHistory, writeHistory } from '../../faults/history.ts'
import {
  again,
  claim,
  ended,
  final,
  full,
  type Line,
  listener,
  logout,
  makerRelease,
  named,
  notice,
  offer,
  ok,
  outage,
  read,
  refused,
  release,
  sighting,
  tried,
  unknown,
  use,
} from './histories.ts'

type Row = readonly [name: string, history: readonly Line[], broken: readonly string[]]

const ROWS: readonly Row[] = [
  ['an empty history', [], []],
  ['I1: two owners', [claim('ann', [0, 1]), claim('bob', [2, 3])], ['I1']],
  ['I2: there on every node', [claim('ann', [0, 1]), final('a', 'ann'), final('b', 'ann')], []],
  [
    'I2: gone on one node',
    [claim('ann', [0, 1]), final('a', 'ann'), final('b', null)],
    ['I1', 'I2', 'I3'],
  ],
  ['I2: given up later', [claim('ann', [0, 1]), release('ann', [2, 3]), final('a', null)], []],
  [
    'I2: perhaps given up later',
    [claim('ann', [0, 1]), release('ann', [2, 3], unknown), final('a', null)],
    [],
  ],
  [
    'I2: of two claims the later one counts',
    [claim('ann', [0, 1]), makerRelease([2, 3]), claim('bob', [4, 5]), final('a', 'ann')],
    ['I1', 'I2'],
  ],
  ['I3: an owner whose reply was lost', [claim('ann', [0, 1], unknown), final('a', 'ann')], []],
  [
    'I3: an owner who was refused',
    [claim('ann', [0, 1], refused('no-window')), final('a', 'ann')],
    ['I1', 'I3'],
  ],
  ['I4: within its time', [offer('s', [0, 1], 1000), claim('ann', [2, 3], undefined, 's')], []],
  ['I4: never left', [offer('s', [0, 1], 1000), claim('ann', [2, 3], undefined, 't')], ['I4']],
  [
    'I4: after its end',
    [offer('s', [0, 1], 1000), claim('ann', [1100, 1200], undefined, 's')],
    ['I4'],
  ],
  [
    'I4: asked before its end',
    [offer('s', [0, 1], 1000), claim('ann', [1000, 1200], undefined, 's')],
    [],
  ],
  [
    'I4: left only afterwards',
    [claim('ann', [0, 1], undefined, 's'), offer('s', [2, 3], 1000)],
    ['I4'],
  ],
  [
    'I4: refused itself',
    [offer('s', [0, 1], 1000, refused('bad-request')), claim('ann', [2, 3], undefined, 's')],
    ['I4'],
  ],
  [
    'I4: replaced by a newer one',
    [offer('s', [0, 1], 1000), offer('t', [2, 3], 1000), claim('ann', [4, 5], undefined, 's')],
    ['I4'],
  ],
  [
    'I4: perhaps replaced by a newer one',
    [
      offer('s', [0, 1], 1000),
      offer('t', [2, 3], 1000, unknown),
      claim('ann', [4, 5], undefined, 's'),
    ],
    [],
  ],
  [
    'I4: its own reply was lost, so that nobody knows when it began',
    [offer('s', [0, 1], 1000, unknown), claim('ann', [5000, 5001], undefined, 's')],
    [],
  ],
  [
    'I8: used twice',
    [
      offer('s', [0, 1], 1000),
      claim('ann', [2, 3], undefined, 's'),
      release('ann', [4, 5]),
      claim('bob', [6, 7], undefined, 's'),
    ],
    ['I8'],
  ],
  [
    'I8: confirmed again',
    [
      offer('s', [0, 1], 1000),
      claim('ann', [2, 3], undefined, 's'),
      claim('ann', [4, 5], again, 's'),
    ],
    [],
  ],
  [
    'I6: every change is told',
    [listener('feed'), notice('x', 1, 1), notice('y', 2, 2), ended(2)],
    [],
  ],
  ['I6: a change that nobody is told of', [listener('feed'), notice('y', 2, 2), ended(2)], ['I6']],
  ['I6: nothing is told at all', [listener('feed'), ended(1)], ['I6']],
  [
    'I6: told twice under one id',
    [listener('feed'), notice('x', 1, 1), notice('x', 1, 2), ended(1)],
    [],
  ],
  [
    'I6: told twice under two ids',
    [listener('feed'), notice('x', 1, 1), notice('z', 1, 2), ended(1)],
    ['I6'],
  ],
  ['I6: a device needs the last word alone', [listener('state'), notice('y', 2, 2), ended(2)], []],
  ['I6: a device without the last word', [listener('state'), notice('x', 1, 1), ended(2)], ['I6']],
  [
    'I7: an older epoch after a newer one',
    [listener('feed'), notice('y', 2, 1), notice('x', 1, 2), ended(2)],
    ['I7'],
  ],
  [
    'I7: the same once more, later',
    [listener('feed'), notice('x', 1, 1), notice('y', 2, 2), notice('x', 1, 3), ended(2)],
    [],
  ],
  ['I10: used before its end', [use([0, 1]), logout([2, 3])], []],
  ['I10: used while it is ended', [logout([0, 9]), use([1, 2])], []],
  ['I10: used after its end', [logout([0, 1]), use([2, 3])], ['I10']],
  ['I10: refused after its end', [logout([0, 1]), use([2, 3], refused('401'))], []],
  ['I10: its end was not acknowledged', [logout([0, 1], unknown), use([2, 3])], []],
  ['what was seen at once counts', [sighting('alive')], ['alive']],
  ['I9: one try of several, answered without a store', [outage([0, 9]), tried([1, 2], ok)], ['I9']],
  ['I9: one try of several, told not now', [outage([0, 9]), tried([1, 2], unknown)], []],
  ['I9: claimed without room', [full([0, 9]), claim('ann', [1, 2])], ['I9']],
  ['I9: confirmed without room', [full([0, 9]), tried([1, 2], again)], []],
  ['I9: read without room', [full([0, 9]), read(null, [1, 2])], []],
  ['I9: not now', [outage([0, 9]), claim('ann', [1, 2], unknown)], []],
  ['I9: claimed without a store', [outage([0, 9]), claim('ann', [1, 2])], ['I9']],
  ['I9: free without a store', [outage([0, 9]), read(null, [1, 2])], ['I9']],
  [
    'I9: refused without a store',
    [outage([0, 9]), claim('ann', [1, 2], refused('no-window'))],
    ['I9'],
  ],
  ['I9: answered after it', [outage([0, 9]), claim('ann', [1, 10])], []],
]

test.each(ROWS)('%s', (_name, history, broken) => {
  expect([...named(check(history))].sort()).toEqual(broken)
})

test('a history in which something is undecided is not clean', () => {
  const many = Array.from({ length: 20 }, (_, i) => [
    claim(`user${i}`, [0, 1], unknown),
    makerRelease([0, 1], unknown),
  ]).flat()
  expect(named(check([...many, read('eve', [2, 3])], { budget: 1000 }))).toEqual(['I1'])
})

test('a history outlives its way through a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-history-'))
  const history = ROWS.flatMap(([, lines]) => lines)
  const path = join(folder, 'history.jsonl')
  await writeHistory(path, history)
  expect(await readHistory(path)).toEqual(history)
  rmSync(folder, { recursive: true })
})

test.each([
  '{',
  '[]',
  '{"op":"claim"}',
  '{"op":"final","node":"a","device":"d","owner":7}',
  '{"op":"final","node":"a","device":"d","owner":null,"more":1}',
])('a file with the line %s is no history', async (line) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-history-'))
  const path = join(folder, 'history.jsonl')
  writeFileSync(path, `${JSON.stringify(final('a', null))}\n${line}\n`)
  expect(await readHistory(path)).toBe('line 2 is no line of a history')
  rmSync(folder, { recursive: true })
})
