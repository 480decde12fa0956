import { rollOf, SHEETS, type Sheet, SMALLEST_MM } from '../../shared/labels/sheet.ts'
import { WrongUsage } from '../command.ts'

/** The sheet that was asked for. `WrongUsage` where it is none. */
export const sheetOf = (sheet: string | undefined, roll: string | undefined): Sheet => {
  if (sheet !== undefined && roll !== undefined)
    throw new WrongUsage('--sheet and --roll exclude each other')
  const found = roll === undefined ? SHEETS.get((sheet ?? 'L7160').toUpperCase()) : rollOf(roll)
  if (found !== undefined) return found
  throw new WrongUsage(
    roll === undefined
      ? `--sheet is one of ${[...SHEETS.keys()].join(', ')}`
      : `--roll is WIDTHxHEIGHT in mm, each from ${SMALLEST_MM} to 999.99, like 50x30`,
  )
}
