import { make } from '../../widget/dom.ts'
import { act } from '../parts/controls.ts'
import { failureView, skeleton } from '../parts/said.ts'
import { type Column, tableOf } from '../parts/table.ts'
import type { Room } from '../room.ts'
import type { Page } from '../shapes.ts'

type Paged<T> = {
  readonly caption: string
  /** Where the page behind `after` is asked for. */
  readonly path: (after: string | undefined) => string
  readonly keyOf: (row: T) => string
  readonly columns: readonly Column<T>[]
  readonly empty: () => HTMLElement
}

/** A table that gets a page more whenever it is asked for one. */
export const pagedTable = <T>(room: Room, paged: Paged<T>): HTMLElement => {
  const table = tableOf(paged.caption, paged.columns, paged.keyOf)
  const foot = make('div', { class: 'foot' })
  const element = make('div', { class: 'card table-card' }, skeleton(room, 6), foot)

  const load = async (after?: string): Promise<void> => {
    element.setAttribute('aria-busy', 'true')
    const answer = await room.api.get<Page<T>>(paged.path(after))
    if (room.signal.aborted) return
    element.removeAttribute('aria-busy')
    if (!answer.ok) {
      foot.replaceChildren(failureView(room, answer.failure, () => void load(after)))
      if (table.size() === 0) element.replaceChildren(foot)
      return
    }
    const { items, next } = answer.body
    for (const row of items) table.put(row)
    const more = next === undefined ? undefined : act(room.words.more, () => void load(next))
    foot.replaceChildren(...(more === undefined ? [] : [more]))
    element.replaceChildren(table.size() === 0 ? paged.empty() : table.element, foot)
  }

  void load()
  return element
}
