import type { Fault } from '../check.ts'
import type { DeviceId, ProjectId, UserId } from '../model/ids.ts'

/** The two forms of a file: a JSON object a line, or RFC 4180 with a header. */
export type ImportFormat = 'ndjson' | 'csv'

/** A file that waits in the store to be worked on, in sealed pieces. */
export type Spool = {
  /** Under which tag it lies. */
  readonly project: ProjectId
  readonly id: string
  readonly pieces: number
  readonly bytes: number
}

/** What an import has come to. */
export type Counts = {
  /** Rows that are done, good and bad. */
  readonly rows: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly failed: number
}

/** A file of devices on its way into a project. */
export type Operation = Counts & {
  readonly id: string
  readonly project: ProjectId
  /** Who sent it, and may read what it made. */
  readonly user: UserId
  readonly format: ImportFormat
  /** Whether devices without a box key get one. */
  readonly generates: boolean
  readonly spool: Spool
  readonly state: 'waiting' | 'running' | 'done'
  /** Bytes of the file that are done. */
  readonly read: number
  /** The node that works on it, and until when nobody else does. */
  readonly worker?: string
  readonly until?: number
  readonly createdAt: number
  readonly finishedAt?: number
}

/** The operations of a project that are not done, the oldest first. */
export type OpenImports = { readonly open: readonly string[] }

/** What is wrong with the row that begins on a line. Never a value of it. */
export type RowFaults = { readonly line: number; readonly faults: readonly Fault[] }

/** What became of a good row. */
export type RowOutcome = 'created' | 'updated' | 'unchanged'

/** One good row, as it is kept: its device, and whether a box key was generated for it. */
export type RowResult = {
  readonly line: number
  readonly outcome: RowOutcome
  readonly device: DeviceId
  readonly generated?: true
}

/** Rows of one commit. */
export const ROWS_AT_ONCE = 100
/** Rows of one file. */
export const MOST_ROWS = 100_000
/** Bytes of one file. */
export const MOST_BYTES = 32 * 1024 * 1024
/** Bad rows of an operation that are described; all are counted. */
export const MOST_FAULTS = 1000
/** Operations of a project that are not done. */
export const MOST_OPEN = 3
