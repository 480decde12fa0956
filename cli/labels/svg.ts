import { LETTER_WIDTH, type Mark } from './draw.ts'
import type { Page } from './pages.ts'

const number = (mm: number): string => String(Math.round(mm * 10_000) / 10_000)

const ESCAPES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
])
const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => ESCAPES.get(letter) ?? '')

const spell = (mark: Mark): string => {
  switch (mark.kind) {
    case 'shape': {
      const path = mark.rects
        .map(({ x, y, width, height }) => {
          const [across, down] = [number(width), number(height)]
          return `M${number(x)} ${number(y)}h${across}v${down}h-${across}z`
        })
        .join('')
      return `<path d="${path}"/>`
    }
    case 'text': {
      const { x, y, size, text, isBold } = mark
      const width = number(Array.from(text).length * size * LETTER_WIDTH)
      const weight = isBold ? ' font-weight="bold"' : ''
      return `<text x="${number(x)}" y="${number(y)}" font-size="${number(size)}"${weight} textLength="${width}" xml:space="preserve">${escaped(text)}</text>`
    }
  }
}

/** A page as SVG 1.1, to be printed at its own size. */
export const svgOf = ({ width, height, marks }: Page): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${number(width)}mm" height="${number(height)}mm" viewBox="0 0 ${number(width)} ${number(height)}" font-family="Courier, monospace">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...marks.map(spell),
    '</svg>\n',
  ].join('\n')
