import { inflateSync } from 'node:zlib'
import { decodeQR } from 'qr/decode.js'

type Rect = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
/** A filled shape, in the units and the directions of its file. */
export type Shape = readonly Rect[]

/** Everything that is filled as one path in an SVG of ours: rectangles written as M h v h z. */
export const shapesOfSvg = (svg: string): Shape[] =>
  [...svg.matchAll(/<path d="([^"]*)"\/>/g)].map(([, path = '']) =>
    [...path.matchAll(/M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-[\d.]+z/g)].map((found) => {
      const [x = 0, y = 0, width = 0, height = 0] = found.slice(1).map(Number)
      return { x, y, width, height }
    }),
  )

/** The pages of a PDF, found by its cross-reference table as a reader finds them; each the text of its content stream. */
export const pagesOfPdf = (pdf: Buffer): { box: number[]; content: string }[] => {
  const text = pdf.toString('latin1')
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)?.[1])
  const table = /^xref\n0 (\d+)\n/.exec(text.slice(start))
  if (table === null) throw new Error('startxref does not lead to the table')
  const rows = text.slice(start + table[0].length).match(/^\d{10} \d{5} [nf] \n/gm) ?? []
  if (rows.length !== Number(table[1])) throw new Error('the table is not as long as it says')
  const object = (id: number): string => {
    const at = Number(rows[id]?.slice(0, 10))
    if (!text.startsWith(`${id} 0 obj\n`, at)) throw new Error(`object ${id} is not in its place`)
    return text.slice(at, text.indexOf('\nendobj\n', at))
  }
  const root = Number(/\/Root (\d+) 0 R/.exec(text.slice(start))?.[1])
  const pages = object(Number(/\/Pages (\d+) 0 R/.exec(object(root))?.[1]))
  const kids = /\/Kids \[([^\]]*)\]/.exec(pages)?.[1]?.match(/\d+(?= 0 R)/g) ?? []
  if (Number(/\/Count (\d+)/.exec(pages)?.[1]) !== kids.length) throw new Error('a wrong /Count')
  return kids.map((id) => {
    const page = object(Number(id))
    const stream = object(Number(/\/Contents (\d+) 0 R/.exec(page)?.[1]))
    const length = Number(/\/Length (\d+)/.exec(stream)?.[1])
    const from = stream.indexOf('stream\n') + 'stream\n'.length
    const packed = Buffer.from(stream.slice(from, from + length), 'latin1')
    return {
      box: (/\/MediaBox \[([^\]]*)\]/.exec(page)?.[1] ?? '').split(' ').map(Number),
      content: inflateSync(packed).toString('latin1'),
    }
  })
}

/** Everything that is filled on a page of a PDF, before the page is turned over. */
export const shapesOfPage = (content: string): Shape[] =>
  content
    .split('\nf\n')
    .slice(0, -1)
    .map((part) =>
      [...part.matchAll(/^([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re$/gm)].map((found) => {
        const [x = 0, y = 0, width = 0, height = 0] = found.slice(1).map(Number)
        return { x, y, width, height }
      }),
    )

const PIXELS = 400
const MARGIN = 0.15

/** Draws a shape, black on white with a margin, and reads the QR code in the picture. */
export const readShape = (shape: Shape): string => {
  const left = Math.min(...shape.map(({ x }) => x))
  const top = Math.min(...shape.map(({ y }) => y))
  const side = Math.max(...shape.map(({ x, width }) => x + width - left))
  const scale = PIXELS / (side * (1 + 2 * MARGIN))
  const data = new Uint8ClampedArray(PIXELS * PIXELS * 4).fill(255)
  const place = (mm: number) => Math.round((mm + side * MARGIN) * scale)
  for (const { x, y, width, height } of shape)
    for (let row = place(y - top); row < place(y - top + height); row++)
      for (let column = place(x - left); column < place(x - left + width); column++)
        data.fill(0, (row * PIXELS + column) * 4, (row * PIXELS + column) * 4 + 3)
  return decodeQR({ width: PIXELS, height: PIXELS, data })
}

/** The texts of a page of a PDF, in their order. */
export const textsOfPage = (content: string): string[] =>
  [...content.matchAll(/<([0-9a-f]*)> Tj/g)].map(([, hex = '']) =>
    Buffer.from(hex, 'hex').toString('latin1'),
  )
