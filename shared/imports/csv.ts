import {
  createBomSkip,
  type FileRecord,
  faultOf,
  MOST_ROW_BYTES,
  type Reader,
  TOO_LONG,
} from './reader.ts'

const [LF, CR, QUOTE, COMMA] = [0x0a, 0x0d, 0x22, 0x2c]

/** Where a byte stands: `start` of a cell, in a plain or a quoted one, after a quote inside quotes, or after a CR outside. */
type State = 'start' | 'plain' | 'quoted' | 'after-quote' | 'after-cr'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads RFC 4180: cells between commas, quotes around what holds a comma, a line end or a quote, which is written twice;
 * lines end with CRLF or LF. The header is a record like any other. All that matters is ASCII, so bytes are looked at.
 */
export const createCsvReader = (): Reader<readonly string[]> => {
  const skipBom = createBomSkip()
  const row = Buffer.alloc(MOST_ROW_BYTES)
  let length = 0
  let cells: number[] = []
  let state: State = 'start'
  let fault: string | undefined
  let hasQuotes = false
  let [line, startLine, offset] = [1, 1, 0]

  const keep = (byte: number): void => {
    if (length < row.length) row[length++] = byte
    else tooLong()
  }

  /** What has no end may be a quote that was never closed: the next line is a row again. */
  const tooLong = (): void => {
    fault = TOO_LONG
    state = 'plain'
  }

  const texts = (): readonly string[] | undefined => {
    try {
      return cells.map((stop, place) => decoder.decode(row.subarray(cells[place - 1] ?? 0, stop)))
    } catch {
      return undefined
    }
  }

  /** `undefined`: an empty line. */
  const record = (): FileRecord<readonly string[]> | undefined => {
    const place = { line: startLine, end: offset }
    const isEmpty = cells.length === 0 && length === 0 && !hasQuotes && fault === undefined
    if (cells.length < MOST_ROW_BYTES) cells.push(length)
    const content = fault === undefined ? texts() : undefined
    const said = fault ?? 'is not UTF-8'
    cells = []
    hasQuotes = false
    ;[length, state, fault, startLine] = [0, 'start', undefined, line]
    if (isEmpty) return undefined
    return content === undefined
      ? { ...place, ok: false, faults: faultOf(said) }
      : { ...place, ok: true, content }
  }

  const endCell = (): void => {
    state = 'start'
    if (cells.length < MOST_ROW_BYTES) cells.push(length)
    else tooLong()
  }

  /** Whether the byte ends the record. */
  const step = (byte: number): boolean => {
    if (byte === LF) line += 1
    if (state === 'quoted') {
      if (byte === QUOTE) state = 'after-quote'
      else keep(byte)
      return false
    }
    if (byte === LF) return true
    if (state === 'after-cr') fault ??= 'a carriage return stands where no line ends'
    if (byte === COMMA) endCell()
    else if (byte === QUOTE && state === 'start') {
      state = 'quoted'
      hasQuotes = true
    } else if (byte === QUOTE && state === 'after-quote') {
      keep(byte)
      state = 'quoted'
    } else if (byte === CR) state = 'after-cr'
    else if (state === 'after-quote') fault ??= 'something stands after a closing quote'
    else if (byte === QUOTE) fault ??= 'a quote stands inside a cell that has none around it'
    else {
      state = 'plain'
      keep(byte)
    }
    return false
  }

  const read = (given: Uint8Array, isLast: boolean): FileRecord<readonly string[]>[] => {
    const { bytes, skipped } = skipBom(given, isLast)
    offset += skipped
    const records: FileRecord<readonly string[]>[] = []
    for (const byte of bytes) {
      offset += 1
      if (!step(byte)) continue
      const whole = record()
      if (whole !== undefined) records.push(whole)
    }
    return records
  }

  return {
    feed: (piece) => read(piece, false),
    end: () => {
      const records = read(new Uint8Array(), true)
      if (state === 'quoted') fault ??= 'a quote is never closed'
      const last = record()
      return last === undefined ? records : [...records, last]
    },
  }
}
