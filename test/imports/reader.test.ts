import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createCsvReader } from '../../shared/imports/csv.ts'
import { createNdjsonReader } from '../../shared/imports/ndjson.ts'
import { MOST_ROW_BYTES, type Reader } from '../../shared/imports/reader.ts'
import { createRowReader } from '../../shared/imports/rows.ts'

const readAll = <T>(
  { feed, end }: Pick<Reader<T>, 'feed' | 'end'>,
  bytes: Uint8Array,
  piece: number,
) => {
  const records = []
  for (let start = 0; start < bytes.length; start += piece)
    records.push(...feed(bytes.subarray(start, start + piece)))
  return [...records, ...end()]
}

const csv = (text: string | Uint8Array, piece = 7) =>
  readAll(createCsvReader(), Buffer.from(text), piece)
const cellsOf = (text: string) =>
  csv(text).map((record) =>
    record.ok ? record.content : [record.line, ...record.faults.map(({ message }) => message)],
  )

// The numbered rules of RFC 4180, 2.
test.each([
  [
    '1: lines end with CRLF',
    'aaa,bbb\r\nzzz,yyy\r\n',
    [
      ['aaa', 'bbb'],
      ['zzz', 'yyy'],
    ],
  ],
  [
    '2: the last one may have none',
    'aaa,bbb\r\nzzz,yyy',
    [
      ['aaa', 'bbb'],
      ['zzz', 'yyy'],
    ],
  ],
  ['4: spaces are part of a cell', 'a , b', [['a ', ' b']]],
  ['5: quotes around a cell', '"aaa","bbb",ccc', [['aaa', 'bbb', 'ccc']]],
  [
    '6: CRLF, quotes and commas inside quotes',
    '"aaa","b\r\nb,b","ccc"\r\nz',
    [['aaa', 'b\r\nb,b', 'ccc'], ['z']],
  ],
  ['7: a quote is written twice', '"a""b","""",""', [['a"b', '"', '']]],
  ['LF alone ends lines, too', 'a\nb\n', [['a'], ['b']]],
  [
    'empty cells',
    ',\r\n,,',
    [
      ['', ''],
      ['', '', ''],
    ],
  ],
  ['empty lines are none', '\r\n\na\r\n\r\n', [['a']]],
  ['a byte order mark is no text', '\ufeffa,b', [['a', 'b']]],
])('RFC 4180 %s', (_rule, text, expected) => {
  expect(cellsOf(text)).toEqual(expected)
})

test.each([
  ['a quote inside', 'a"b\nc', [[1, expect.stringMatching(/quote/)], ['c']]],
  ['text after a closing quote', '"a"b\nc', [[1, expect.stringMatching(/closing quote/)], ['c']]],
  ['CR alone', 'a\rb\nc', [[1, expect.stringMatching(/carriage return/)], ['c']]],
  ['a quote that is never closed', 'a\n"b\nc', [['a'], [2, expect.stringMatching(/never closed/)]]],
])('a CSV row with %s is told by its line, and the others go on', (_fault, text, expected) => {
  expect(cellsOf(text)).toEqual(expected)
})

test('after a quote without an end the file goes on as soon as the row is too long', () => {
  const text = `"never\n${'x,\n'.repeat(MOST_ROW_BYTES)}`
  const [first, ...others] = csv(text, 4096)
  expect(first).toMatchObject({ line: 1, ok: false })
  expect(others.at(-1)).toMatchObject({ ok: true, content: ['x', ''], line: MOST_ROW_BYTES + 1 })
})

test('lines are counted inside quotes as well', () => {
  expect(csv('a\n"b\n\nb"\nc').map(({ line }) => line)).toEqual([1, 2, 5])
})

test('a CSV cell that is not UTF-8 spoils its row alone', () => {
  const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff, 0xfe]), Buffer.from('\nb')])
  expect(csv(bytes)).toMatchObject([{ ok: true }, { ok: false, line: 2 }, { ok: true }])
})

const spelled = (cell: string) => `"${cell.replaceAll('"', '""')}"`

test('whatever is written by RFC 4180 is read back, however it is cut into pieces', () => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 12 })
  const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 40 }), fc.boolean(), (given, piece, isCrlf) => {
      const text = given
        .map((row) => row.map(spelled).join(',') + (isCrlf ? '\r\n' : '\n'))
        .join('')
      const read = csv(text, piece)
      expect(read.map((record) => record.ok && record.content)).toEqual(given)
      expect(read.at(-1)?.end ?? 0).toBe(Buffer.byteLength(text))
    }),
  )
})

test('no bytes at all break the readers, and what they say of a file does not depend on its pieces', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((given) =>
    // Mostly what matters.
    given.map((byte) =>
      byte < 200 ? ([0x22, 0x2c, 0x0a, 0x0d, 0x61, 0x7b][byte % 6] ?? 0) : byte,
    ),
  )
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 50 }), (given, piece) => {
      for (const create of [createCsvReader, createNdjsonReader] as const) {
        const whole = readAll<unknown>(create(), given, 1000)
        expect(readAll<unknown>(create(), given, piece)).toEqual(whole)
      }
    }),
    { numRuns: 500 },
  )
})

const rows = (format: 'csv' | 'ndjson', text: string | Uint8Array) =>
  readAll(createRowReader(format), Buffer.from(text), 5)

test('NDJSON is an object a line, with any line end, and empty lines between', () => {
  const read = rows(
    'ndjson',
    '\ufeff{"name":"a"}\r\n\n  \n{"name":"b","ids":{"particle":"AABBCCDDEEFF001122334455"}}',
  )
  expect(read).toMatchObject([
    { line: 1, ok: true, content: { name: 'a' } },
    { line: 4, ok: true, content: { name: 'b', particle: 'aabbccddeeff001122334455' } },
  ])
})

test('a row that is too long is refused, wherever it is cut', () => {
  const long = JSON.stringify({ name: 'a', tag: 'x'.repeat(MOST_ROW_BYTES) })
  const read = rows('ndjson', `${long}\n{"name":"b"}`)
  expect(read).toMatchObject([
    { line: 1, ok: false },
    { line: 2, ok: true },
  ])
})

test.each([
  ['no JSON', 'nope', ''],
  ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), ''],
  ['no object', '[]', ''],
  ['nothing', 'null', ''],
  ['no name', '{}', ''],
  ['an empty name', '{"name":""}', '/name'],
  ['a name that is too long', JSON.stringify({ name: 'x'.repeat(256) }), '/name'],
  ['a control character in the name', '{"name":"a\\u0007"}', '/name'],
  ['half a character', '{"name":"\\ud800"}', ''],
  ['__proto__', '{"name":"a","__proto__":{}}', ''],
  ['an unknown member', '{"name":"a","owner":"x"}', '/owner'],
  ['an unknown id', '{"name":"a","ids":{"x":"y"}}', '/ids/x'],
  ['a wrong Particle id', '{"name":"a","ids":{"particle":"12"}}', '/ids/particle'],
  ['a number for a text', '{"name":7}', '/name'],
  ['a text for a boolean', '{"name":"a","gateway":"true"}', '/gateway'],
  ['an empty secret', '{"name":"a","secret":""}', '/secret'],
  ['a secret that is too long', JSON.stringify({ name: 'a', secret: 'x'.repeat(257) }), '/secret'],
  ['a box key with a typing error', '{"name":"a","secret":"K-ABCD-EFGH-JKMN-PQRS"}', '/secret'],
  ['a time that is none', '{"name":"a","expiresAt":"tomorrow"}', '/expiresAt'],
])('a row with %s is refused at its place, and none of it is repeated', (_fault, text, path) => {
  const [row] = rows('ndjson', text)
  expect(row).toMatchObject({ ok: false, line: 1, faults: [{ path }] })
  expect(JSON.stringify(row)).not.toMatch(/PQRS|x{20}/)
})

test('a CSV row says what its columns say; an empty cell says nothing', () => {
  const read = rows(
    'csv',
    'name, tag ,gateway,ids.particle,secret\nlamp,,TRUE,,"k,1"\nhub,t,0,aabbccddeeff001122334455,\n',
  )
  expect(read.map((row) => row.ok && row.content)).toEqual([
    { line: 2, name: 'lamp', gateway: true, secret: 'k,1' },
    { line: 3, name: 'hub', tag: 't', gateway: false, particle: 'aabbccddeeff001122334455' },
  ])
})

test.each([
  ['a column that is none', 'name,colour\na,b', /column 2/],
  ['a column twice', 'name,tag,tag\na,b,c', /twice/],
  ['no name', 'tag\na', /"name"/],
  ['a quote where none may be', 'na"me\na', /quote/],
])('a header with %s is one fault, and no row of that file is read', (_fault, text, message) => {
  const read = rows('csv', text)
  expect(read).toMatchObject([
    { line: 1, ok: false, faults: [{ message: expect.stringMatching(message) }] },
  ])
})

test.each([
  ['a word that is no boolean', 'name,gateway\na,perhaps', '/gateway'],
  ['a cell too many', 'name\na,b', ''],
  ['a cell too few', 'name,tag\na', ''],
])('a CSV row with %s is refused', (_fault, text, path) => {
  expect(rows('csv', text)).toMatchObject([{ line: 2, ok: false, faults: [{ path }] }])
})
