import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import {
  beginning,
  canonical,
  chained,
  follow,
  type Seen,
  startFault,
} from '../../shared/audit/chain.ts'
import type { AuditEvent, AuditLine, Mark } from '../../shared/audit/records.ts'
import type { ProjectId } from '../../shared/model/ids.ts'

const project = 'p' as ProjectId
const event = (at: number, more: Partial<AuditEvent> = {}): AuditEvent => ({
  ...{ at, project, type: 'claim.ok' },
  ...more,
})

const chainOf = (events: readonly AuditEvent[]): AuditLine[] => {
  const lines: AuditLine[] = []
  let head: Mark = beginning(project)
  for (const one of events) {
    const line = chained(head, one)
    lines.push(line)
    head = line
  }
  return lines
}

const look = (lines: readonly unknown[]): Seen | string | undefined => {
  let seen: Seen | undefined
  for (const line of lines) {
    const next = follow(seen, line)
    if (typeof next === 'string') return next
    seen = next
  }
  return seen
}

const three = chainOf([event(1), event(2), event(3)])

test('canonical JSON has the members in the order of their names, however they were written (RFC 8785, 3.2.3)', () => {
  expect(canonical({ b: [{ z: 1, a: 'é"' }], a: 1 })).toBe('{"a":1,"b":[{"a":"é\\"","z":1}]}')
})

test('a hash is SHA-256 over the former one, a line feed and the line itself', () => {
  const [first] = three
  const start = createHash('sha256').update('latchkey audit\np').digest('base64url')
  expect(first?.prev).toBe(start)
  const content = '{"at":1,"project":"p","seq":1,"type":"claim.ok"}'
  expect(first?.hash).toBe(createHash('sha256').update(`${start}\n${content}`).digest('base64url'))
})

test('a whole chain is followed to its end', () => {
  expect(look(three)).toMatchObject({ seq: 3, first: 1, hash: three[2]?.hash })
})

const [one, two, last] = three as [AuditLine, AuditLine, AuditLine]

test.each<[string, readonly unknown[], RegExp]>([
  ['a changed member', [one, { ...two, at: 9 }, last], /line 2 has been changed/],
  ['an added member', [one, { ...two, reason: 'no-window' }, last], /line 2 has been changed/],
  ['a line that is left out', [one, last], /line 3 comes after line 1/],
  ['two lines the other way round', [two, one], /line 1 comes after line 2/],
  ['a line twice', [one, one], /line 1 comes after line 1/],
  [
    'a line that was made anew',
    [one, chained({ seq: 1, hash: 'x' }, event(2)), last],
    /does not follow/,
  ],
  ['another first line', [chained({ seq: 0, hash: 'x' }, event(1))], /no beginning/],
  [
    'a line of another project',
    [one, chained(one, { ...event(2), project: 'q' as ProjectId })],
    /another project/,
  ],
  ['what is no line', [one, 'x'], /no line/],
  ['nothing', [one, undefined], /no line/],
  ['an array', [one, []], /no line/],
])('%s is found', (_, lines, fault) => {
  expect(look(lines)).toMatch(fault)
})

test('lines at the beginning may be missing only where the chain says so', () => {
  const cut = { seq: 2, hash: two.hash }
  const whole = chainOf([
    event(1),
    event(2),
    event(3),
    event(4),
    event(5, { type: 'audit.cut', cut }),
  ])
  for (const [from, fault] of [
    [0, undefined],
    [1, undefined],
    [2, undefined],
    [3, 'lines 3 to 3 are missing'],
  ] as const)
    expect(startFault(look(whole.slice(from)) as Seen)).toBe(fault)
  expect(startFault(look(three.slice(1)) as Seen)).toBe('lines 1 to 1 are missing')
})
