import type { Labelled } from '../../../../shared/labels/content.ts'
import { SMALLEST_MODULE_MM } from '../../../../shared/labels/draw.ts'
import { type Page, type PageOptions, pageAt, pageCount } from '../../../../shared/labels/pages.ts'
import { perPage } from '../../../../shared/labels/sheet.ts'
import { svgTree, type Tag } from '../../../../shared/labels/svg.ts'
import { draw, make } from '../../widget/dom.ts'
import { act } from '../parts/controls.ts'
import type { Room } from '../room.ts'
import type { LabelWords } from './words.ts'

const drawn = ({ tag, attributes, children }: Tag): SVGElement =>
  draw(
    tag,
    attributes,
    ...children.map((child) => (typeof child === 'string' ? new Text(child) : drawn(child))),
  )

/** One page at a time, as it is printed. */
export const previewOf = ({ format }: Pick<Room, 'format'>, { sheet: said }: LabelWords) => {
  const place = make('div', { class: 'paper' })
  const number = make('span', { role: 'status' })
  const small = make('p', { class: 'wrong' })
  let present: { labels: readonly Labelled[]; options: PageOptions } | undefined
  let page = 0

  const turn = (by: number): void => {
    page += by
    show()
    // Who has come to an end can go back at once.
    if (former.disabled) next.focus()
    else if (next.disabled) former.focus()
  }
  const former = act(said.former, () => turn(-1))
  const next = act(said.next, () => turn(1))

  const pageShown = (): Page | undefined =>
    present === undefined ? undefined : pageAt(present.labels, page, present.options)

  const show = (): void => {
    const shown = pageShown()
    if (present === undefined || shown === undefined) {
      place.replaceChildren()
      return
    }
    const { labels, options } = present
    const pages = pageCount(labels.length, options)
    const count = shown.marks.filter(({ kind }) => kind === 'shape').length
    const svg = drawn(svgTree(shown))
    svg.setAttribute('role', 'img')
    const words = [page + 1, pages, count].map((value) => format.number(value))
    svg.setAttribute('aria-label', said.preview(...(words as [string, string, string])))
    place.replaceChildren(svg)
    place.classList.toggle('roll', perPage(options.sheet) === 1)
    number.textContent = said.page(...(words.slice(0, 2) as [string, string]))
    small.textContent = shown.module < SMALLEST_MODULE_MM ? said.small : ''
    former.disabled = page === 0
    next.disabled = page === pages - 1
  }

  /** Shows the first page of these; `undefined`: nothing, until the layout is right again. */
  const put = (labels: readonly Labelled[], options: PageOptions | undefined): void => {
    present = options && { labels, options }
    page = 0
    show()
  }

  const element = make(
    'div',
    { class: 'preview' },
    place,
    small,
    make('div', { class: 'acts' }, former, next, number),
  )
  return { element, put, pageShown, pageNumber: () => page + 1 }
}
