import { codeIn, type Rect } from './code.ts'
import type { Labelled } from './content.ts'

/** What stands on a page, in mm from its upper left corner, y downwards. */
export type Mark =
  | { readonly kind: 'shape'; readonly rects: readonly Rect[] }
  | {
      readonly kind: 'text'
      readonly x: number
      readonly y: number
      readonly size: number
      readonly text: string
      readonly isBold: boolean
    }

/** A monospaced letter is so wide, as a part of its size (Courier: 600 of 1000). */
export const LETTER_WIDTH = 0.6
const LINE_HEIGHT = 1.2
/** How far letters reach above their base line, as a part of their size. */
const ASCENT = 0.75
const LARGEST_MM = 4
/** About 6.5 points. */
const READABLE_MM = 2.3

/** Smaller modules than this are hard to print and to read, mm. */
export const SMALLEST_MODULE_MM = 0.25

/** A text in lines of at most so many letters, broken where it has a blank or a dash, and only else within a word. */
export const broken = (text: string, most: number): readonly string[] => {
  const lines: string[] = []
  let line: string[] = []
  for (const word of text.split(/(?<=[-_. /])/)) {
    const letters = Array.from(word)
    if (line.length > 0 && line.length + letters.length > most) {
      lines.push(line.join(''))
      line = []
    }
    for (; letters.length > most; letters.splice(0, most))
      lines.push(letters.slice(0, most).join(''))
    line.push(...letters)
  }
  return line.length === 0 ? lines : [...lines, line.join('')]
}

type Line = { readonly text: string; readonly isBold: boolean }
type Setting = { readonly size: number; readonly lines: readonly Line[] }

/** Name and key in a box: in as few lines as can be read well, else as large as can be. */
const settingIn = ({ name, secret = '' }: Labelled, { width, height }: Rect): Setting => {
  let best: Setting = { size: 0, lines: [] }
  const longest = Math.max(Array.from(name).length, Array.from(secret).length)
  for (let most = longest; most > 0; most--) {
    const lines = [
      ...broken(name, most).map((text) => ({ text, isBold: false })),
      ...broken(secret, most).map((text) => ({ text, isBold: true })),
    ]
    const letters = Math.max(...lines.map(({ text }) => Array.from(text).length))
    const size = Math.min(
      LARGEST_MM,
      width / (letters * LETTER_WIDTH),
      height / (lines.length * LINE_HEIGHT),
    )
    if (best.size >= READABLE_MM && lines.length > best.lines.length) break
    if (size > best.size) best = { size, lines }
  }
  return best
}

/** Where code and text go: beside each other on a wide label, else the text under the code. */
const boxesIn = ({ x, y, width, height }: Rect): { code: Rect; text: Rect } => {
  const margin = Math.min(1.5, Math.min(width, height) * 0.05)
  const [innerWidth, innerHeight] = [width - 2 * margin, height - 2 * margin]
  if (width >= 1.4 * height) {
    const side = Math.min(innerHeight, innerWidth * 0.6)
    const code = { x: x + margin, y: y + (height - side) / 2, width: side, height: side }
    const left = code.x + side
    return {
      code,
      text: { x: left, y: y + margin, width: x + width - margin - left, height: innerHeight },
    }
  }
  const side = Math.min(innerWidth, innerHeight * 0.75)
  const code = { x: x + (width - side) / 2, y: y + margin, width: side, height: side }
  const top = code.y + side
  return {
    code,
    text: { x: x + margin, y: top, width: innerWidth, height: y + height - margin - top },
  }
}

/** The marks of one label, and the size of a module of its code, mm. */
export const drawLabel = (labelled: Labelled, content: string, box: Rect) => {
  const boxes = boxesIn(box)
  const { rects, module } = codeIn(content, boxes.code)
  const { size, lines } = settingIn(labelled, boxes.text)
  const top = boxes.text.y + (boxes.text.height - lines.length * size * LINE_HEIGHT) / 2
  const isUnder = boxes.text.y > boxes.code.y + boxes.code.height / 2
  const marks: Mark[] = [
    { kind: 'shape', rects },
    ...lines.map(({ text, isBold }, line): Mark => {
      const free = boxes.text.width - Array.from(text).length * size * LETTER_WIDTH
      return {
        kind: 'text',
        x: boxes.text.x + (isUnder ? free / 2 : 0),
        y: top + line * size * LINE_HEIGHT + size * ASCENT,
        ...{ size, text, isBold },
      }
    }),
  ]
  return { marks, module }
}
