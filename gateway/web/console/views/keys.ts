import { make } from '../../widget/dom.ts'
import { withQuery } from '../api.ts'
import { act, code, field } from '../parts/controls.ts'
import { askForm, confirmed } from '../parts/dialog.ts'
import { awaited, failureView } from '../parts/said.ts'
import { showOnce } from '../parts/secret.ts'
import { type Column, tableOf } from '../parts/table.ts'
import { presentProject, type Room, type View } from '../room.ts'
import type { KnownKey, Page } from '../shapes.ts'

/** What keys may be granted: CONTRACT 6, MODE and Particle. */
const KEY_GRANTS = ['send-commands', 'send-events', 'write-kv', 'byou']
const CLIENT_GRANTS = ['customers:create', 'customers:act', 'product']
const FIRST_PROJECT = 'default'

type Kind = {
  readonly id: string
  readonly path: string
  readonly title: string
  readonly make: string
  readonly grants: readonly string[]
  readonly preset: readonly string[]
  readonly show: (made: Readonly<Record<string, string>>) => void
}

const grantsField = (legend: string, grants: readonly string[], preset: readonly string[]) => {
  const inputs = grants.map((value) => {
    const input = make('input', { type: 'checkbox', value, id: `grant-${value}` })
    input.checked = preset.includes(value)
    return input
  })
  const element = make(
    'fieldset',
    { class: 'grants' },
    make('legend', {}, legend),
    ...inputs.map((input) => make('label', {}, input, code(input.value))),
  )
  const read = () => inputs.filter(({ checked }) => checked).map(({ value }) => value)
  return { element, read }
}

const keysCard = (room: Room, kind: Kind, text?: string): HTMLElement => {
  const { api, words, format } = room
  const { keys: said } = words
  const trouble = make('div', { class: 'place' })
  const place = make('div', {})
  const pathOf = (id?: string) =>
    withQuery(id === undefined ? kind.path : `${kind.path}/${encodeURIComponent(id)}`, {
      project: room.project,
    })

  const remove = async ({ id, name }: KnownKey): Promise<void> => {
    const question = { title: said.removeTitle(name), text: said.removeText, action: said.remove }
    if (!(await confirmed(room, question))) return
    const answer = await api.remove(pathOf(id))
    if (room.signal.aborted) return
    trouble.replaceChildren(...(answer.ok ? [] : [failureView(room, answer.failure)]))
    if (answer.ok) room.tell(said.removed)
    show()
  }

  const columns: readonly Column<KnownKey>[] = [
    { head: said.name, isMain: true, look: 'name', cell: ({ name }) => name },
    {
      head: said.grants,
      cell: ({ grants }) => make('span', { class: 'codes' }, ...grants.map(code)),
    },
    { head: said.created, cell: ({ createdAt }) => format.day(createdAt) },
    {
      head: said.remove,
      look: 'act',
      cell: (key) => {
        const button = act(said.remove, () => void remove(key), 'quiet risky')
        button.setAttribute('aria-label', `${said.remove}: ${key.name}`)
        return button
      },
    },
  ]

  const show = (): void =>
    place.replaceChildren(
      awaited(
        room,
        3,
        () => api.get<Page<KnownKey>>(pathOf()),
        ({ items }) => {
          if (items.length === 0) return [make('p', { class: 'quiet-text' }, said.empty)]
          const table = tableOf(kind.title, columns, ({ id }: KnownKey) => id)
          for (const key of items) table.put(key)
          return [table.element]
        },
      ),
    )

  const makeOne = (): void => {
    const name = field({ id: `${kind.id}-name`, label: said.name, isRequired: true })
    const grants = grantsField(said.grants, kind.grants, kind.preset)
    askForm(room, {
      title: kind.make,
      action: kind.make,
      fields: [name.element, grants.element],
      submit: async () => {
        const wanted = name.input.value.trim()
        name.fault(wanted === '' ? said.nameMissing : undefined)
        if (wanted === '') return false
        const body = {
          name: wanted,
          grants: grants.read(),
          ...(room.project === undefined ? {} : { project: room.project }),
        }
        const answer = await api.post<Readonly<Record<string, string>>>(kind.path, body)
        if (room.signal.aborted) return true
        trouble.replaceChildren(...(answer.ok ? [] : [failureView(room, answer.failure)]))
        if (answer.ok) {
          kind.show(answer.body)
          show()
        }
        return true
      },
    })
  }

  show()
  return make(
    'section',
    { class: 'card', 'aria-labelledby': kind.id },
    make(
      'div',
      { class: 'head' },
      make('h2', { id: kind.id }, kind.title),
      act(kind.make, makeOne),
    ),
    text === undefined ? undefined : make('p', { class: 'quiet-text' }, text),
    trouble,
    place,
  )
}

/** What programs of the maker sign in with: made, seen without what opens anything, removed. */
export const keys: View = (room) => {
  const { words } = room
  const { keys: said } = words
  const isFirst = presentProject(room)?.name === FIRST_PROJECT
  const projectKeys: Kind = {
    id: 'project-keys',
    path: '/project-keys',
    title: said.projectKeys,
    make: said.make,
    grants: KEY_GRANTS,
    preset: KEY_GRANTS.slice(0, 2),
    show: ({ key = '' }) => showOnce(room, said.shown, [{ name: said.key, text: key }]),
  }
  const clients: Kind = {
    id: 'oauth-clients',
    path: '/oauth-clients',
    title: said.clients,
    make: said.makeClient,
    grants: CLIENT_GRANTS,
    preset: CLIENT_GRANTS.slice(0, 1),
    show: ({ id = '', secret = '' }) =>
      showOnce(room, said.shownClient, [
        { name: said.id, text: id },
        { name: said.secret, text: secret },
      ]),
  }
  return [
    make('div', { class: 'head' }, make('h1', { tabindex: '-1' }, words.pages.keys)),
    make('p', { class: 'lead' }, said.lead),
    keysCard(room, projectKeys),
    isFirst
      ? make(
          'section',
          { class: 'card', 'aria-labelledby': 'oauth-clients' },
          make('h2', { id: 'oauth-clients' }, said.clients),
          make('p', { class: 'quiet-text' }, said.noClients),
        )
      : keysCard(room, clients, said.clientsText),
  ]
}
