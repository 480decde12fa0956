/** Where labels stand on a page, all in mm from its upper left corner. */
export type Sheet = {
  readonly page: { readonly width: number; readonly height: number }
  readonly label: { readonly width: number; readonly height: number }
  readonly columns: number
  readonly rows: number
  /** Of the first label. */
  readonly left: number
  readonly top: number
  /** From the edge of one label to the same edge of the next. */
  readonly across: number
  readonly down: number
}

const A4 = { width: 210, height: 297 }

/**
 * Common sheets, by the number of their first maker; others sell the same measures. The outer margins follow: what is left of
 * 210 x 297 mm, in halves.
 */
export const SHEETS = new Map<string, Sheet>([
  [
    'L4731',
    {
      page: A4,
      label: { width: 25.4, height: 10 },
      columns: 7,
      rows: 27,
      left: 8.48,
      top: 13.5,
      across: 27.94,
      down: 10,
    },
  ],
  [
    'L7651',
    {
      page: A4,
      label: { width: 38.1, height: 21.2 },
      columns: 5,
      rows: 13,
      left: 4.75,
      top: 10.7,
      across: 40.6,
      down: 21.2,
    },
  ],
  [
    'L7159',
    {
      page: A4,
      label: { width: 63.5, height: 33.9 },
      columns: 3,
      rows: 8,
      left: 7.21,
      top: 12.9,
      across: 66.04,
      down: 33.9,
    },
  ],
  [
    'L7160',
    {
      page: A4,
      label: { width: 63.5, height: 38.1 },
      columns: 3,
      rows: 7,
      left: 7.21,
      top: 15.15,
      across: 66.04,
      down: 38.1,
    },
  ],
])

const ROLL = /^(\d{1,3}(?:\.\d{1,2})?)x(\d{1,3}(?:\.\d{1,2})?)$/
/** Of a label on a roll, mm. */
export const SMALLEST_MM = 8

/** A roll: one label a page. `undefined`: those are no measures. */
export const rollOf = (measures: string): Sheet | undefined => {
  const [, width = 0, height = 0] = (ROLL.exec(measures) ?? []).map(Number)
  if (width < SMALLEST_MM || height < SMALLEST_MM) return undefined
  const label = { width, height }
  return { page: label, label, columns: 1, rows: 1, left: 0, top: 0, across: width, down: height }
}

/** Labels of a whole page. */
export const perPage = ({ columns, rows }: Sheet): number => columns * rows

/** The upper left corner of a label, by its place on the page, row by row. */
export const cornerOf = ({ left, top, columns, across, down }: Sheet, place: number) => ({
  x: left + (place % columns) * across,
  y: top + Math.floor(place / columns) * down,
})
