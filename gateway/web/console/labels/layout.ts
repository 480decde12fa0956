import { CONTENTS } from '../../../../shared/labels/content.ts'
import type { PageOptions } from '../../../../shared/labels/pages.ts'
import { perPage, rollOf, SHEETS, type Sheet } from '../../../../shared/labels/sheet.ts'
import { hearing, make } from '../../widget/dom.ts'
import { choices, field } from '../parts/controls.ts'
import { projectOnLabels, type Room } from '../room.ts'
import type { LabelWords } from './words.ts'

const ROLL = 'roll'
/** The sheet that a command takes, too, if nothing is said. */
const USUAL = 'L7160'

const select = (
  id: string,
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
) => {
  const input = make(
    'select',
    { id },
    ...options.map(([value, text]) => make('option', { value, selected: value === chosen }, text)),
  )
  const element = make(
    'div',
    { class: 'field' },
    make('label', { for: id }, label),
    make('div', { class: 'box' }, input),
  )
  return { element, input }
}

const numeric = (id: string, label: string, value: string) => {
  const made = field({ id, label, value, maxlength: '6' })
  made.input.setAttribute('inputmode', 'decimal')
  return made
}

const said = ({ input }: ReturnType<typeof numeric>): string => input.value.trim().replace(',', '.')

/** How labels are to be printed. `read`: `undefined` where a field is wrong, and says so. */
export const layoutForm = (room: Room, { sheet: words }: LabelWords, onChange: () => void) => {
  const { format, publicUrl } = room
  const project = projectOnLabels(room)
  let word = 'link'
  const mm = (value: number) => format.number(value)
  const sheets = [...SHEETS].map(([name, sheet]) => {
    const { width, height } = sheet.label
    return [name, words.a4(name, perPage(sheet), mm(width), mm(height))] as const
  })
  const kind = select('sheet', words.sheet, [...sheets, [ROLL, words.roll]], USUAL)
  const start = numeric('start', words.start, '1')
  const width = numeric('width', words.width, '50')
  const height = numeric('height', words.height, '30')
  const size = make('div', { class: 'pair' }, width.element, height.element)

  /** The measures are wrong together, or one of them is. */
  const roll = (): Sheet | undefined => {
    const found = rollOf(`${said(width)}x${said(height)}`)
    for (const side of [width, height]) {
      const isGood = found !== undefined || rollOf(`${said(side)}x${said(side)}`) !== undefined
      side.fault(isGood ? undefined : words.wrongSize)
    }
    return found
  }

  const skipped = (sheet: Sheet): number | undefined => {
    const [given, most] = [Number(said(start)), perPage(sheet)]
    const isGood = Number.isInteger(given) && given >= 1 && given <= most
    start.fault(isGood ? undefined : words.wrongStart(most))
    return isGood ? given - 1 : undefined
  }

  const read = (): PageOptions | undefined => {
    const content = CONTENTS.get(word)
    const sheet = kind.input.value === ROLL ? roll() : SHEETS.get(kind.input.value)
    if (sheet === undefined || content === undefined) return undefined
    const free = kind.input.value === ROLL ? 0 : skipped(sheet)
    if (free === undefined) return undefined
    return { sheet, content, skipped: free, url: publicUrl, project }
  }

  const draw = (): void => {
    const isRoll = kind.input.value === ROLL
    size.hidden = !isRoll
    start.element.hidden = isRoll
  }

  const contents = choices(
    'content',
    words.content,
    [
      { value: 'link', text: words.link },
      { value: 'thingsboard', text: words.thingsboard },
    ],
    word,
    (chosen) => {
      word = chosen
      onChange()
    },
  )
  const element = make(
    'div',
    { class: 'layout' },
    kind.element,
    start.element,
    size,
    make(
      'div',
      { class: 'field' },
      make('span', { class: 'legend', 'aria-hidden': 'true' }, words.content),
      contents,
    ),
  )
  hearing(element, {
    input: (event) => {
      // Radios are told of by themselves.
      if (event.target instanceof HTMLInputElement && event.target.type === 'radio') return
      draw()
      onChange()
    },
  })
  draw()
  return { element, read }
}
