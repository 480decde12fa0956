import { type Static, Type } from 'typebox'
import { type Checked, checker, isWellFormed } from '../check.ts'
import { isMistyped } from '../claim/box-key-text.ts'
import { createCsvReader } from './csv.ts'
import { createNdjsonReader } from './ndjson.ts'
import { type FileRecord, faultOf } from './reader.ts'
import type { ImportFormat } from './records.ts'

const strict = { additionalProperties: false } as const
const Text = Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })
const Secret = Type.String({ minLength: 1, maxLength: 256 })

const Row = Type.Object(
  {
    name: Text,
    deviceClass: Type.Optional(Text),
    tag: Type.Optional(Text),
    label: Type.Optional(Text),
    gateway: Type.Optional(Type.Boolean()),
    claimingAllowed: Type.Optional(Type.Boolean()),
    ids: Type.Optional(
      Type.Object(
        { particle: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{24}$' })) },
        strict,
      ),
    ),
    claimCode: Type.Optional(Secret),
    secret: Type.Optional(Secret),
    expiresAt: Type.Optional(Type.String({ format: 'date-time' })),
  },
  strict,
)

const check = checker(Row)

/** What a row says of a device. What it does not say stays as it is. */
export type ImportRow = Omit<Static<typeof Row>, 'ids' | 'expiresAt'> & {
  readonly line: number
  readonly particle?: string
  /** Epoch ms: when its box key is over. Absent: never. */
  readonly expiresAt?: number
}

/** Where a row ends in the file, so that others can go on from there; and the row, or what is wrong with it. */
export type ReadRow = FileRecord<ImportRow>

/** What a row says, from an object of a stranger. */
const rowOf = (given: unknown, line: number): Checked<ImportRow> => {
  const checked = check(given)
  if (!checked.ok) return checked
  const { ids, expiresAt, ...row } = checked.value
  if (!isWellFormed(checked.value)) return { ok: false, faults: faultOf('is not well-formed text') }
  if (row.secret !== undefined && isMistyped(row.secret))
    return {
      ok: false,
      faults: faultOf('has a typing error: its check character does not fit', '/secret'),
    }
  return {
    ok: true,
    value: {
      ...row,
      line,
      ...(ids?.particle === undefined ? {} : { particle: ids.particle.toLowerCase() }),
      ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
    },
  }
}

type Column = { readonly path: readonly string[]; readonly isBoolean?: true }

/** The columns of a CSV file, by the words of its header. */
const COLUMNS = new Map<string, Column>([
  ['name', { path: ['name'] }],
  ['deviceClass', { path: ['deviceClass'] }],
  ['tag', { path: ['tag'] }],
  ['label', { path: ['label'] }],
  ['gateway', { path: ['gateway'], isBoolean: true }],
  ['claimingAllowed', { path: ['claimingAllowed'], isBoolean: true }],
  ['ids.particle', { path: ['ids', 'particle'] }],
  ['claimCode', { path: ['claimCode'] }],
  ['secret', { path: ['secret'] }],
  ['expiresAt', { path: ['expiresAt'] }],
])

const BOOLEANS = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
])

/** An empty cell says nothing; a word that is no boolean stays a word, which the check refuses. */
const objectOf = (columns: readonly Column[], cells: readonly string[]): unknown => {
  const ids: Record<string, unknown> = {}
  const row: Record<string, unknown> = {}
  for (const [place, { path, isBoolean }] of columns.entries()) {
    const cell = cells[place]
    if (cell === undefined || cell === '') continue
    const value = isBoolean ? (BOOLEANS.get(cell.toLowerCase()) ?? cell) : cell
    const [name = '', inner] = path
    if (inner === undefined) row[name] = value
    else ids[inner] = value
  }
  return Object.keys(ids).length === 0 ? row : { ...row, ids }
}

/** The columns that a header names, or what is wrong with it. */
const columnsOf = (header: readonly string[]): readonly Column[] | string => {
  const words = header.map((word) => word.trim())
  const columns = words.map((word) => COLUMNS.get(word))
  const unknown = columns.indexOf(undefined)
  if (unknown >= 0) return `column ${unknown + 1} is none of ${[...COLUMNS.keys()].join(', ')}`
  if (new Set(words).size < words.length) return 'a column is named twice'
  if (!words.includes('name')) return 'there is no column "name"'
  return columns.filter((column) => column !== undefined)
}

/** Takes a file piece by piece and gives its rows. `over`: the header is wrong, and nothing after it can be understood. */
export type RowReader = {
  readonly feed: (piece: Uint8Array) => readonly ReadRow[]
  readonly end: () => readonly ReadRow[]
  readonly isOver: () => boolean
}

const wrong = ({ line, end }: FileRecord<unknown>, message: string): ReadRow => ({
  line,
  end,
  ok: false,
  faults: faultOf(message),
})

const checkedRow = ({ line, end }: FileRecord<unknown>, content: unknown): ReadRow => {
  const checked = rowOf(content, line)
  return checked.ok
    ? { line, end, ok: true, content: checked.value }
    : { line, end, ok: false, faults: checked.faults }
}

const ndjsonRows = (): RowReader => {
  const reader = createNdjsonReader()
  const rowsOf = (records: readonly FileRecord<unknown>[]) =>
    records.map((record) => (record.ok ? checkedRow(record, record.content) : record))
  return {
    feed: (piece) => rowsOf(reader.feed(piece)),
    end: () => rowsOf(reader.end()),
    isOver: () => false,
  }
}

const csvRows = (): RowReader => {
  const reader = createCsvReader()
  let columns: readonly Column[] | undefined
  let isOver = false

  /** `undefined`: the header, which is as it should be. */
  const rowIn = (record: FileRecord<readonly string[]>): ReadRow | undefined => {
    if (columns !== undefined) {
      if (!record.ok) return record
      if (record.content.length !== columns.length)
        return wrong(record, `has ${record.content.length} cells, the header ${columns.length}`)
      return checkedRow(record, objectOf(columns, record.content))
    }
    const found = record.ok ? columnsOf(record.content) : undefined
    if (found !== undefined && typeof found !== 'string') {
      columns = found
      return undefined
    }
    isOver = true
    if (found !== undefined) return wrong(record, found)
    return record.ok ? undefined : record
  }

  const rowsOf = (records: readonly FileRecord<readonly string[]>[]): ReadRow[] => {
    const rows: ReadRow[] = []
    for (const record of records) {
      if (isOver) break
      const row = rowIn(record)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  return {
    feed: (piece) => rowsOf(reader.feed(piece)),
    end: () => rowsOf(reader.end()),
    isOver: () => isOver,
  }
}

const READERS: Readonly<Record<ImportFormat, () => RowReader>> = {
  ndjson: ndjsonRows,
  csv: csvRows,
}

/** Reads the rows of a file of that form. */
export const createRowReader = (format: ImportFormat): RowReader => READERS[format]()

/** The rows of a file, in the order of its lines. */
export async function* rowsIn(
  format: ImportFormat,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<ReadRow> {
  const reader = createRowReader(format)
  for await (const piece of pieces) {
    yield* reader.feed(piece)
    if (reader.isOver()) return
  }
  yield* reader.end()
}
