import { fitsCode } from '../../../../shared/labels/code.ts'
import type { Labelled } from '../../../../shared/labels/content.ts'
import { type Page, type PageOptions, pageAt, pageCount } from '../../../../shared/labels/pages.ts'
import { isPrintable, pdfOf } from '../../../../shared/labels/pdf.ts'
import { svgOf } from '../../../../shared/labels/svg.ts'
import { make } from '../../widget/dom.ts'
import { card } from '../parts/card.ts'
import { act } from '../parts/controls.ts'
import type { Room } from '../room.ts'
import { save } from './download.ts'
import { layoutForm } from './layout.ts'
import { pack } from './pack.ts'
import { previewOf } from './preview.ts'
import { progressBar } from './progress.ts'
import type { LabelWords } from './words.ts'

/** A task of its own, so that the page goes on living between two pages of labels. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

async function* drawnOneByOne(
  labels: readonly Labelled[],
  options: PageOptions,
  onPage: (page: number, pages: number) => void,
): AsyncGenerator<Page> {
  const pages = pageCount(labels.length, options)
  for (let page = 0; page < pages; page++) {
    yield pageAt(labels, page, options)
    onPage(page + 1, pages)
    await turn()
  }
}

/** Labels as they will be on paper, and as files. They are gone with the page; `isOnce`: there is no other way to have them. */
export const sheetCard = (
  room: Room,
  words: LabelWords,
  labels: readonly Labelled[],
  isOnce: boolean,
): HTMLElement => {
  const { sheet: said } = words
  const place = make('div', { class: 'place' })
  const preview = previewOf(room, words)
  const note = make('p', { class: 'hint' })
  let fitting: readonly Labelled[] = []
  let options: PageOptions | undefined
  let isBusy = false

  const draw = (): void => {
    const present = layout.read()
    options = present
    fitting =
      present === undefined ? [] : labels.filter((one) => fitsCode(present.content(one, present)))
    const left = labels.length - fitting.length
    note.textContent = options !== undefined && left > 0 ? said.tooLong(left) : ''
    preview.put(fitting, fitting.length === 0 ? undefined : options)
    for (const button of [pdf, svg]) button.disabled = fitting.length === 0
  }

  const savePdf = async (): Promise<void> => {
    if (options === undefined || isBusy) return
    isBusy = true
    const bar = progressBar(said.drawing)
    place.replaceChildren(bar.element)
    const parts: BlobPart[] = []
    for await (const part of pdfOf(drawnOneByOne(fitting, options, bar.at), pack)) {
      if (room.signal.aborted) return
      parts.push(part)
    }
    isBusy = false
    place.replaceChildren()
    save('labels.pdf', new Blob(parts, { type: 'application/pdf' }), room.signal)
  }

  const saveSvg = (): void => {
    const page = preview.pageShown()
    if (page === undefined) return
    const content = new Blob([svgOf(page)], { type: 'image/svg+xml' })
    save(`labels-${preview.pageNumber()}.svg`, content, room.signal)
  }

  const pdf = act(said.pdf, () => void savePdf(), 'main')
  const svg = act(said.svg, saveSvg)
  const layout = layoutForm(room, words, draw)
  draw()
  const hasOtherLetters = labels.some(({ name }) => !isPrintable(name))
  return card(
    'labels-title',
    `${said.title}: ${room.format.number(labels.length)}`,
    isOnce ? make('p', { class: 'once' }, said.once) : undefined,
    layout.element,
    note,
    make('div', { class: 'acts' }, pdf, svg),
    place,
    make('p', { class: 'hint' }, `${said.print}${hasOtherLetters ? ` ${said.letters}` : ''}`),
    preview.element,
  )
}
