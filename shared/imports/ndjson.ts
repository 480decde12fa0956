import { parseJson } from '../check.ts'
import {
  createBomSkip,
  type FileRecord,
  faultOf,
  MOST_ROW_BYTES,
  type Reader,
  TOO_LONG,
} from './reader.ts'

const LF = 0x0a
const BLANK = /^[\s]*$/

/** Reads a JSON value a line (LF or CRLF); empty lines count as lines and are nothing else. */
export const createNdjsonReader = (): Reader<unknown> => {
  const skipBom = createBomSkip()
  let held: Buffer = Buffer.alloc(0)
  let isTooLong = false
  let line = 1
  let offset = 0

  const recordOf = (bytes: Buffer): FileRecord<unknown> | undefined => {
    const place = { line, end: offset }
    if (isTooLong || bytes.length > MOST_ROW_BYTES)
      return { ...place, ok: false, faults: faultOf(TOO_LONG) }
    if (BLANK.test(bytes.toString('latin1'))) return undefined
    const content = parseJson(bytes)
    return content === undefined
      ? { ...place, ok: false, faults: faultOf('is not JSON in UTF-8') }
      : { ...place, ok: true, content }
  }

  const take = (rest: Uint8Array): FileRecord<unknown> | undefined => {
    const record = recordOf(Buffer.concat([held, rest]))
    held = Buffer.alloc(0)
    isTooLong = false
    line += 1
    return record
  }

  const read = (given: Uint8Array, isLast: boolean): FileRecord<unknown>[] => {
    const { bytes, skipped } = skipBom(given, isLast)
    offset += skipped
    const records: FileRecord<unknown>[] = []
    let start = 0
    for (let stop = bytes.indexOf(LF); stop >= 0; stop = bytes.indexOf(LF, start)) {
      offset += held.length + stop + 1 - start
      const record = take(bytes.subarray(start, stop))
      if (record !== undefined) records.push(record)
      start = stop + 1
    }
    const rest = bytes.subarray(start)
    if (held.length + rest.length > MOST_ROW_BYTES) {
      // Of a row that is too long only its length is kept.
      isTooLong = true
      offset += held.length + rest.length
      held = Buffer.alloc(0)
    } else held = Buffer.concat([held, rest])
    return records
  }

  return {
    feed: (piece) => read(piece, false),
    end: () => {
      const records = read(new Uint8Array(), true)
      if (held.length === 0 && !isTooLong) return records
      offset += held.length
      const last = take(new Uint8Array())
      return last === undefined ? records : [...records, last]
    },
  }
}
