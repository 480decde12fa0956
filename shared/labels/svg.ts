import type { Rect } from './code.ts'
import { LETTER_WIDTH, type Mark } from './draw.ts'
import type { Page } from './pages.ts'

/** An element of SVG, before it is text in a file or part of a document. */
export type Tag = {
  readonly tag: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly (Tag | string)[]
}

const number = (mm: number): string => String(Math.round(mm * 10_000) / 10_000)

/** Rectangles as one path. */
export const pathOf = (rects: readonly Rect[]): string =>
  rects
    .map(({ x, y, width, height }) => {
      const [across, down] = [number(width), number(height)]
      return `M${number(x)} ${number(y)}h${across}v${down}h-${across}z`
    })
    .join('')

const tagOf = (mark: Mark): Tag => {
  switch (mark.kind) {
    case 'shape':
      return { tag: 'path', attributes: { d: pathOf(mark.rects) }, children: [] }
    case 'text': {
      const { x, y, size, text, isBold } = mark
      const attributes = {
        x: number(x),
        y: number(y),
        'font-size': number(size),
        ...(isBold ? { 'font-weight': 'bold' } : {}),
        textLength: number(Array.from(text).length * size * LETTER_WIDTH),
        'xml:space': 'preserve',
      }
      return { tag: 'text', attributes, children: [text] }
    }
  }
}

/** A page as SVG 1.1, to be printed at its own size. */
export const svgTree = ({ width, height, marks }: Page): Tag => ({
  tag: 'svg',
  attributes: {
    xmlns: 'http://www.w3.org/2000/svg',
    width: `${number(width)}mm`,
    height: `${number(height)}mm`,
    viewBox: `0 0 ${number(width)} ${number(height)}`,
    'font-family': 'Courier, monospace',
  },
  children: [
    { tag: 'rect', attributes: { width: '100%', height: '100%', fill: '#fff' }, children: [] },
    ...marks.map(tagOf),
  ],
})

const ESCAPES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
])
const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => ESCAPES.get(letter) ?? '')

const spell = ({ tag, attributes, children }: Tag): string => {
  const said = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`)
  const within = children.map((child) =>
    typeof child === 'string' ? escaped(child) : `\n${spell(child)}`,
  )
  return children.length === 0
    ? `<${tag}${said.join('')}/>`
    : `<${tag}${said.join('')}>${within.join('')}</${tag}>`
}

/** The text of a file with that page. */
export const svgOf = (page: Page): string => `${spell(svgTree(page))}\n`
