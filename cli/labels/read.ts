import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createCsvReader } from '../../shared/imports/csv.ts'
import { createNdjsonReader } from '../../shared/imports/ndjson.ts'
import type { FileRecord } from '../../shared/imports/reader.ts'
import { WrongUsage } from '../command.ts'

/** The members and columns in which a key may stand, the first that is there counts. */
const KEYS = ['boxKey', 'secret', 'claimCode'] as const

/** What is printed for a row, and on which line it stands. */
export type PrintedRow = { readonly line: number; readonly name: string; readonly secret: string }

/** A row of a file: a label, or on which line there is none, and why. */
export type LabelRow =
  | PrintedRow
  | { readonly line: number; readonly missing: 'name' | 'key' | 'row' }

const labelOf = (line: number, memberNamed: (name: string) => unknown): LabelRow => {
  const name = memberNamed('name')
  if (typeof name !== 'string' || name === '') return { line, missing: 'name' }
  const secret = KEYS.map(memberNamed).find((key) => typeof key === 'string' && key !== '')
  return typeof secret === 'string' ? { line, name, secret } : { line, missing: 'key' }
}

const memberOf = (content: unknown) => {
  const isObject = typeof content === 'object' && content !== null && !Array.isArray(content)
  const members = new Map<string, unknown>(isObject ? Object.entries(content) : [])
  return (name: string) => members.get(name)
}

/** Reads what an import has written (`--out`), or a file that one would read. */
const ndjsonLabels = () => {
  const reader = createNdjsonReader()
  const labelIn = (record: FileRecord<unknown>): LabelRow =>
    record.ok
      ? labelOf(record.line, memberOf(record.content))
      : { line: record.line, missing: 'row' }
  return {
    feed: (piece: Uint8Array) => reader.feed(piece).map(labelIn),
    end: () => reader.end().map(labelIn),
  }
}

const csvLabels = () => {
  const reader = createCsvReader()
  let header: readonly string[] | undefined
  const labelIn = (record: FileRecord<readonly string[]>): LabelRow[] => {
    if (!record.ok) return [{ line: record.line, missing: 'row' }]
    if (header === undefined) {
      header = record.content.map((word) => word.trim())
      return []
    }
    const columns = header
    return [labelOf(record.line, (name) => record.content[columns.indexOf(name)])]
  }
  return {
    feed: (piece: Uint8Array) => reader.feed(piece).flatMap(labelIn),
    end: () => reader.end().flatMap(labelIn),
  }
}

/** The labels of a file, row by row. `onRead` hears how many bytes have been read, and of how many. `WrongUsage` where it cannot be read. */
export async function* labelsIn(
  file: string,
  onRead: (bytes: number, size: number) => void,
): AsyncGenerator<LabelRow> {
  const reader = file.toLowerCase().endsWith('.csv') ? csvLabels() : ndjsonLabels()
  try {
    const { size } = await stat(file)
    let bytes = 0
    for await (const piece of createReadStream(file)) {
      yield* reader.feed(piece as Buffer)
      bytes += (piece as Buffer).length
      onRead(Math.min(bytes, size), size)
    }
  } catch (error) {
    throw new WrongUsage(`FILE cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  yield* reader.end()
}
