import { deflateSync } from 'node:zlib'
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
  Buffer.from(
    Array.from(text, (letter) => (isShown(letter) ? letter : '?')).join(''),
    'latin1',
  ).toString('hex')

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

/** Pages as PDF 1.4 (ISO 32000-1), piece by piece: codes as vectors, text in fonts that every reader has. The same pages are the same bytes. */
export async function* pdfOf(pages: AsyncIterable<Page>): AsyncGenerator<Uint8Array> {
  const offsets = new Map<number, number>()
  const kids: number[] = []
  let offset = 0

  const counted = (piece: Buffer): Buffer => {
    offset += piece.length
    return piece
  }
  const object = (id: number, ...parts: readonly (string | Buffer)[]): Buffer => {
    offsets.set(id, offset)
    const bytes = [`${id} 0 obj\n`, ...parts, '\nendobj\n'].map((part) => Buffer.from(part))
    return counted(Buffer.concat(bytes))
  }

  // Four bytes above 127 say that this is no text (7.5.2).
  yield counted(Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1'))
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
    const packed = deflateSync(contentOf(page), { level: 9 })
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
  yield Buffer.from(
    `xref\n0 ${next}\n0000000000 65535 f \n${rows.join('')}trailer\n<< /Size ${next} /Root ${CATALOG} 0 R >>\nstartxref\n${start}\n%%EOF\n`,
  )
}
