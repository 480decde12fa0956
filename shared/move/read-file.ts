import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Kept } from '../store/archive.ts'
import {
  type Counts,
  counted,
  type FileEnd,
  FORMAT,
  type Header,
  isHeader,
  keptIn,
  NONE,
  type PieceEnd,
  sumOf,
} from './format.ts'

/** The file is not what an export has written. Says where, never what stands there. */
export class FileUnfit extends Error {}

const parsed = (line: string, number: number): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // What is no JSON is no object either.
  }
  throw new FileUnfit(`line ${number} is not one of an export`)
}

/** A line as it is read: the header, a whole piece whose sum is right, or the end. */
export type Part =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'piece'; readonly kept: readonly Kept[]; readonly bytes: number }
  | { readonly kind: 'end'; readonly counts: Counts }

const headerIn = (line: Readonly<Record<string, unknown>>): Part => {
  if (!isHeader(line)) throw new FileUnfit('line 1 is not the header of an export')
  if (line.format !== FORMAT)
    throw new FileUnfit(`the file is of form ${String(line.format)}; this program knows ${FORMAT}`)
  return { kind: 'header', header: line as unknown as Header }
}

/**
 * Reads an export and checks every sum on the way. Throws `FileUnfit` at the first thing that is not right: also where the
 * file ends before its end.
 */
export async function* partsOf(path: string): AsyncGenerator<Part> {
  const input = createReadStream(path, 'utf8')
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  let number = 0
  let kept: Kept[] = []
  let body = ''
  let counts = NONE
  let pieces = 0
  let sums = ''
  let isOver = false

  const closePiece = ({ piece, lines: count, sha256 }: PieceEnd): Part => {
    if (piece !== pieces + 1 || count !== kept.length || sumOf(body) !== sha256)
      throw new FileUnfit(`the sum of piece ${pieces + 1} (up to line ${number}) is wrong`)
    pieces = piece
    sums += `${sha256}\n`
    const part: Part = { kind: 'piece', kept, bytes: Buffer.byteLength(body) }
    kept = []
    body = ''
    return part
  }
  const close = (end: FileEnd): Part => {
    const isRight =
      end.pieces === pieces &&
      end.sha256 === sumOf(sums) &&
      kept.length === 0 &&
      JSON.stringify(end.counts) === JSON.stringify(counts)
    if (!isRight) throw new FileUnfit('the file does not have what its last line says')
    isOver = true
    return { kind: 'end', counts }
  }

  try {
    for await (const line of lines) {
      number += 1
      if (isOver) throw new FileUnfit(`line ${number} is behind the end`)
      const content = parsed(line, number)
      if (number === 1) yield headerIn(content)
      else if ('piece' in content) yield closePiece(content as unknown as PieceEnd)
      else if ('end' in content) yield close(content as unknown as FileEnd)
      else {
        const one = keptIn(content)
        if (one === undefined) throw new FileUnfit(`line ${number} is not one of an export`)
        kept.push(one)
        counts = counted(counts, one)
        body += `${line}\n`
      }
    }
  } finally {
    lines.close()
    input.destroy()
  }
  if (!isOver) throw new FileUnfit('the file ends before its end: it was cut off')
}
