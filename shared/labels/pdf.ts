import type { Mark } from './draw.ts'
import type { Page } from './pages.ts'

const POINTS_PER_MM = 72 / 25.4

const number = (value: number): string => String(Math.round(value * 10_000) / 10_000)

/** Whether the fonts that every reader has can show a letter: WinAnsiEncoding, its Latin-1 part (ISO 32000-1, D.2). */
const isShown = (letter: string) => /^[\x20-\x7e\xa0-\xff]$/.test(letter)

/** Whether a text can be shown as it is. */
export const isPrintable = (text: string): boolean => Array.from(text).every(isShown)

/** A text as a hexadecimal string (7.3.4.3); what the font does not have is a question mark. */
const hexOf = (text: string): string =>
  Array.from(text, (letter) =>
    (isShown(letter) ? letter : '?').charCodeAt(0).toString(16).padStart(2, '0'),
  ).join('')

const spell = (mark: Mark): string => {
  switch (mark.kind) {
    case 'shape': {
      const rects = mark.rects.map(({ x, y, width, height }) =>
        [x, y, width, height].map(number).join(' '),
      )
      return `${rects.map((rect) => `${rect} re`).join('\n')}\nf\n`
    }
    case 'text': {
      const { x, y, size, text, isBold } = mark
      // The page is turned over, so that y goes down; letters are turned back.
      return `BT /${isBold ? 'B' : 'R'} ${number(size)} Tf 1 0 0 -1 ${number(x)} ${number(y)} Tm <${hexOf(text)}> Tj ET\n`
    }
  }
}

const contentOf = ({ height, marks }: Page): string => {
  const scale = number(POINTS_PER_MM)
  return `${scale} 0 0 -${scale} 0 ${number(height * POINTS_PER_MM)} cm\n${marks.map(spell).join('')}`
}

const font = (name: string) =>
  `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`

/** The objects before the pages, and the first number after them. */
const [CATALOG, PAGES, REGULAR, BOLD, FIRST] = [1, 2, 3, 4, 5]
const RESOURCES = `<< /Font << /R ${REGULAR} 0 R /B ${BOLD} 0 R >> >>`

type Bytes = Uint8Array<ArrayBuffer>

/** Packs a stream of a page as zlib does (RFC 1950). */
export type Pack = (bytes: Bytes) => Bytes | Promise<Bytes>

const ENCODER = new TextEncoder()

const joined = (parts: readonly (string | Bytes)[]): Bytes => {
  const pieces = parts.map((part) => (typeof part === 'string' ? ENCODER.encode(part) : part))
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}

/** Four bytes above 127 say that this is no text (7.5.2). */
const HEAD = ['%PDF-1.4\n%', Uint8Array.of(0xe2, 0xe3, 0xcf, 0xd3), '\n']

/** Pages as PDF 1.4 (ISO 32000-1), piece by piece: codes as vectors, text in fonts that every reader has. The same pages are the same bytes. */
export async function* pdfOf(pages: AsyncIterable<Page>, pack: Pack): AsyncGenerator<Bytes> {
  const offsets = new Map<number, number>()
  const kids: number[] = []
  let offset = 0

  const counted = (...parts: readonly (string | Bytes)[]): Bytes => {
    const piece = joined(parts)
    offset += piece.length
    return piece
  }
  const object = (id: number, ...parts: readonly (string | Bytes)[]): Bytes => {
    offsets.set(id, offset)
    return counted(`${id} 0 obj\n`, ...parts, '\nendobj\n')
  }

  yield counted(...HEAD)
  yield object(CATALOG, `<< /Type /Catalog /Pages ${PAGES} 0 R >>`)
  yield object(REGULAR, font('Courier'))
  yield object(BOLD, font('Courier-Bold'))
  let next = FIRST
  for await (const page of pages) {
    const [id, content] = [next, next + 1]
    next += 2
    kids.push(id)
    const box = `[0 0 ${number(page.width * POINTS_PER_MM)} ${number(page.height * POINTS_PER_MM)}]`
    yield object(
      id,
      `<< /Type /Page /Parent ${PAGES} 0 R /MediaBox ${box} /Resources ${RESOURCES} /Contents ${content} 0 R >>`,
    )
    const packed = await pack(ENCODER.encode(contentOf(page)))
    yield object(
      content,
      `<< /Length ${packed.length} /Filter /FlateDecode >>\nstream\n`,
      packed,
      '\nendstream',
    )
  }
  const list = kids.map((id) => `${id} 0 R`).join(' ')
  yield object(PAGES, `<< /Type /Pages /Count ${kids.length} /Kids [${list}] >>`)
  const start = offset
  const rows = Array.from({ length: next - 1 }, (_, place) => {
    const at = String(offsets.get(place + 1) ?? 0).padStart(10, '0')
    return `${at} 00000 n \n`
  })
  yield joined([
    `xref\n0 ${next}\n0000000000 65535 f \n${rows.join('')}trailer\n<< /Size ${next} /Root ${CATALOG} 0 R >>\nstartxref\n${start}\n%%EOF\n`,
  ])
}
