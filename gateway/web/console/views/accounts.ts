import { hearing, make } from '../../widget/dom.ts'
import { withQuery } from '../api.ts'
import { act, badge, field, link } from '../parts/controls.ts'
import { personText } from '../parts/names.ts'
import { emptyView } from '../parts/said.ts'
import { hrefIn, type Room, type View } from '../room.ts'
import type { Person } from '../shapes.ts'
import { pagedTable } from './paged.ts'

const listOf = (room: Room, email: string | undefined): HTMLElement => {
  const { words, format } = room
  const { accounts: said } = words
  return pagedTable<Person>(room, {
    caption: words.pages.accounts,
    path: (after) => withQuery('/users', { project: room.project, email, after }),
    keyOf: ({ id }) => id,
    empty: () => emptyView(email === undefined ? said.empty : said.nothing),
    columns: [
      {
        head: said.email,
        isMain: true,
        look: 'name',
        cell: (person) => link(hrefIn(room, 'accounts', person.id), personText(person)),
      },
      { head: said.role, cell: ({ role }) => said.roles[role] },
      {
        head: said.mayClaim,
        cell: ({ claimDevices }) =>
          badge(claimDevices ? words.yes : words.no, claimDevices ? 'good' : 'bad'),
      },
      { head: said.created, cell: ({ createdAt }) => format.day(createdAt) },
    ],
  })
}

/** The accounts of a project. */
export const accounts: View = (room) => {
  const { words, route } = room
  const { accounts: said } = words
  const wanted = route.query.get('email') ?? undefined
  const email = field({
    id: 'email',
    type: 'search',
    label: said.search,
    hint: said.searchHint,
    value: wanted ?? '',
  })
  const find = (text: string | undefined) =>
    room.go(hrefIn(room, 'accounts', undefined, { email: text }))
  const form = hearing(
    make(
      'form',
      { class: 'filters', role: 'search', 'aria-label': said.search, novalidate: true },
      email.element,
      make('button', { type: 'submit', class: 'main' }, said.find),
      wanted === undefined ? undefined : act(said.everybody, () => find(undefined)),
    ),
    {
      submit: (event) => {
        event.preventDefault()
        find(email.input.value.trim())
      },
    },
  )
  return [
    make('div', { class: 'head' }, make('h1', { tabindex: '-1' }, words.pages.accounts)),
    form,
    listOf(room, wanted),
  ]
}
