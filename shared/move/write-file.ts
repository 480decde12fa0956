import type { Kept, Reader } from '../store/archive.ts'
import {
  type Counts,
  counted,
  type FileEnd,
  type Header,
  NONE,
  type PieceEnd,
  sumOf,
} from './format.ts'

/** A piece is closed when it has so many characters. */
const LONG = 1_000_000

/** The file of an export, a piece at a time. `done` hears how many things are in it by now. */
export async function* fileOf(
  header: Header,
  reader: Reader,
  done: (counts: Counts) => void,
): AsyncGenerator<string> {
  yield `${JSON.stringify(header)}\n`
  let counts = NONE
  let pieces = 0
  let sums = ''
  let lines: string[] = []
  let length = 0

  const closed = (): string => {
    const body = lines.join('')
    const end: PieceEnd = { piece: ++pieces, lines: lines.length, sha256: sumOf(body) }
    sums += `${end.sha256}\n`
    lines = []
    length = 0
    return `${body}${JSON.stringify(end)}\n`
  }
  const add = (one: Kept): void => {
    const line = `${JSON.stringify(one)}\n`
    lines.push(line)
    length += line.length
    counts = counted(counts, one)
  }

  for await (const piece of reader.all()) {
    for (const one of piece) {
      add(one)
      if (length >= LONG) yield closed()
    }
    if (lines.length > 0) yield closed()
    done(counts)
  }
  const end: FileEnd = { end: true, pieces, counts, sha256: sumOf(sums) }
  yield `${JSON.stringify(end)}\n`
}
