import { make } from '../../widget/dom.ts'
import { withQuery } from '../api.ts'
import { code, link } from '../parts/controls.ts'
import { emptyView } from '../parts/said.ts'
import { hrefIn, type View } from '../room.ts'
import type { House } from '../shapes.ts'
import { pagedTable } from './paged.ts'

/** The homes of a project: what owns devices. */
export const homes: View = (room) => {
  const { words, format } = room
  const { homes: said } = words
  return [
    make('div', { class: 'head' }, make('h1', { tabindex: '-1' }, words.pages.homes)),
    pagedTable<House>(room, {
      caption: words.pages.homes,
      path: (after) => withQuery('/project-homes', { project: room.project, after }),
      keyOf: ({ id }) => id,
      empty: () => emptyView(said.empty),
      columns: [
        {
          head: said.name,
          isMain: true,
          look: 'name',
          cell: ({ id, name }) => link(hrefIn(room, 'homes', id), name),
        },
        { head: said.kind, cell: ({ personal }) => (personal ? said.personal : said.shared) },
        { head: said.number, look: 'number', cell: ({ number }) => code(String(number)) },
        { head: said.created, cell: ({ createdAt }) => format.day(createdAt) },
      ],
    }),
  ]
}
