import { createHash } from 'node:crypto'
import type { Kept } from '../store/archive.ts'

/** The form of the file. Another form has another number. */
export const FORMAT = 1

/** The first line of a file. `schema`: the form of the records in it. `key`: which instance key they need. */
export type Header = {
  readonly latchkey: 'export'
  readonly format: number
  readonly id: string
  readonly at: number
  readonly schema: number
  readonly key: string
  /** Whether everything is of one moment. */
  readonly isSnapshot: boolean
}

export type Counts = Readonly<Record<Kept['kind'], number>>

export const NONE: Counts = { entry: 0, member: 0, log: 0, item: 0 }

/** Behind the lines of a piece: how many they are, and SHA-256 (base64url) over them, with their line feeds. */
export type PieceEnd = { readonly piece: number; readonly lines: number; readonly sha256: string }

/** The last line: how much there is in all, and SHA-256 over the sums of all pieces. */
export type FileEnd = {
  readonly end: true
  readonly pieces: number
  readonly counts: Counts
  readonly sha256: string
}

export const sumOf = (text: string): string => createHash('sha256').update(text).digest('base64url')

export const counted = (counts: Counts, { kind }: Kept): Counts => ({
  ...counts,
  [kind]: counts[kind] + 1,
})

const text = (value: unknown): value is string => typeof value === 'string'
const time = (value: unknown) => value === undefined || Number.isFinite(value)

type Shape = (line: Readonly<Record<string, unknown>>) => boolean

/** One row for each kind of line. */
const SHAPES: Readonly<Record<Kept['kind'], Shape>> = {
  entry: ({ key, value, expiresAt }) => text(key) && text(value) && time(expiresAt),
  member: ({ index, member }) => text(index) && text(member),
  log: ({ log, expiresAt }) => text(log) && time(expiresAt),
  item: ({ log, place, item }) => text(log) && text(place) && text(item),
}

/** What is kept, in a line. `undefined`: it is none. */
export const keptIn = (line: Readonly<Record<string, unknown>>): Kept | undefined => {
  const { kind } = line
  if (!text(kind) || !Object.hasOwn(SHAPES, kind)) return undefined
  return SHAPES[kind as Kept['kind']](line) ? (line as Kept) : undefined
}

export const isHeader = (line: Readonly<Record<string, unknown>>): boolean =>
  line.latchkey === 'export' &&
  [line.id, line.key].every(text) &&
  [line.format, line.schema, line.at].every(Number.isSafeInteger)
