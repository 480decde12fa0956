import { make } from '../../widget/dom.ts'

/** A column: its head, and what stands in it. `isMain`: it names the row. */
export type Column<T> = {
  readonly head: string
  /** `undefined`: there is nothing to tell. */
  readonly cell: (row: T) => Node | string | undefined
  readonly isMain?: boolean
  readonly look?: string
}

/** What in a row the keyboard gets to. */
const REACHED = 'a, button, input'

/** Not shown where the rows are cards. */
const NOTHING = '–'

// Roles are said, because a narrow screen shows the rows as cards, and browsers then forget that it is a table.
const cellOf = <T>({ head, cell, isMain, look }: Column<T>, row: T): HTMLElement => {
  const content = cell(row)
  return make(
    isMain ? 'th' : 'td',
    {
      role: isMain ? 'rowheader' : 'cell',
      scope: isMain && 'row',
      class: content === undefined ? 'void' : look,
      'data-head': head,
    },
    content ?? NOTHING,
  )
}

/** A table of rows that may become more, and that may change. */
export const tableOf = <T>(
  caption: string,
  columns: readonly Column<T>[],
  keyOf: (row: T) => string,
) => {
  const rows = new Map<string, HTMLElement>()
  const body = make('tbody', { role: 'rowgroup' })
  const element = make(
    'table',
    { role: 'table' },
    make('caption', { class: 'unseen' }, caption),
    make(
      'thead',
      { role: 'rowgroup' },
      make(
        'tr',
        { role: 'row' },
        ...columns.map(({ head, look }) =>
          make('th', { role: 'columnheader', scope: 'col', class: look }, head),
        ),
      ),
    ),
    body,
  )

  /** Draws a row, in place of the one that it was; the keyboard stays where it was in it. */
  const put = (row: T): void => {
    const former = rows.get(keyOf(row))
    const reached = [...(former?.querySelectorAll(REACHED) ?? [])]
    const place = reached.indexOf(document.activeElement as Element)
    const drawn = make('tr', { role: 'row' }, ...columns.map((column) => cellOf(column, row)))
    rows.set(keyOf(row), drawn)
    if (former === undefined) {
      body.append(drawn)
      return
    }
    former.replaceWith(drawn)
    if (place >= 0) drawn.querySelectorAll<HTMLElement>(REACHED)[place]?.focus()
  }

  return { element, put, has: (key: string) => rows.has(key), size: () => rows.size }
}

/** Names and what they stand for. What is `undefined` is left out. */
export const facts = (
  rows: readonly (readonly [string, Node | string | undefined])[],
): HTMLElement =>
  make(
    'dl',
    { class: 'facts' },
    ...rows.flatMap(([name, value]) =>
      value === undefined
        ? []
        : [make('div', { class: 'fact' }, make('dt', {}, name), make('dd', {}, value))],
    ),
  )
