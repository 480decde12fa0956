import { encode } from 'uqr'

/** In the units of its page, from the upper left corner, y downwards. */
export type Rect = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Light modules around a code: ISO/IEC 18004, 5.3.8. */
const QUIET = 4
/** Bytes of the largest code at error correction level M: ISO/IEC 18004, table 7. */
const MOST_BYTES = 2331

/** Whether there is a code that can say so much. */
export const fitsCode = (content: string): boolean =>
  new TextEncoder().encode(content).length <= MOST_BYTES

/** The dark modules of a QR code in a square box, each row's neighbours as one rectangle; and how large a module is. Only for what `fitsCode`. */
export const codeIn = (content: string, { x, y, width }: Rect) => {
  const { data, size } = encode(content, { ecc: 'M', border: QUIET })
  const module = width / size
  const rects: Rect[] = []
  for (const [row, cells] of data.entries()) {
    let start: number | undefined
    for (let column = 0; column <= size; column++) {
      const isDark = cells[column] === true
      if (isDark) start ??= column
      else if (start !== undefined) {
        rects.push({
          x: x + start * module,
          y: y + row * module,
          width: (column - start) * module,
          height: module,
        })
        start = undefined
      }
    }
  }
  return { rects, module }
}
