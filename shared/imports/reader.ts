import type { Fault } from '../check.ts'

/** A record of a file: the line on which it begins (from 1), the offset after it, and its content or what is wrong with it. */
export type FileRecord<T> = { readonly line: number; readonly end: number } & (
  | { readonly ok: true; readonly content: T }
  | { readonly ok: false; readonly faults: readonly Fault[] }
)

/** Takes a file piece by piece and gives the records that are whole; at the end, the last one. */
export type Reader<T> = {
  readonly feed: (piece: Uint8Array) => readonly FileRecord<T>[]
  readonly end: () => readonly FileRecord<T>[]
}

/** Bytes of one row: the longest members, escaped, have room in it. */
export const MOST_ROW_BYTES = 16 * 1024

export const faultOf = (message: string, path = ''): readonly Fault[] => [{ path, message }]

export const TOO_LONG = `the row is longer than ${MOST_ROW_BYTES} bytes`

/** A byte order mark, which spreadsheets write. */
const BOM = Buffer.from([0xef, 0xbb, 0xbf])

/** The first bytes of a file without its byte order mark. `held`: too few yet to tell. */
export const createBomSkip = () => {
  let held: Buffer | undefined = Buffer.alloc(0)
  return (piece: Uint8Array, isLast: boolean): { bytes: Uint8Array; skipped: number } => {
    if (held === undefined) return { bytes: piece, skipped: 0 }
    const bytes = Buffer.concat([held, piece])
    if (bytes.length < BOM.length && !isLast) {
      held = bytes
      return { bytes: new Uint8Array(), skipped: 0 }
    }
    held = undefined
    const has = bytes.subarray(0, BOM.length).equals(BOM)
    return { bytes: has ? bytes.subarray(BOM.length) : bytes, skipped: has ? BOM.length : 0 }
  }
}
