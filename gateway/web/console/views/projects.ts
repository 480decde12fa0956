import { make } from '../../widget/dom.ts'
import { act, code, field, link } from '../parts/controls.ts'
import { askForm } from '../parts/dialog.ts'
import { failureView } from '../parts/said.ts'
import { tableOf } from '../parts/table.ts'
import type { Room, View } from '../room.ts'
import { hrefOf } from '../route.ts'
import type { Project } from '../shapes.ts'

const FIRST_PROJECT = 'default'

const selectField = (id: string, label: string, options: Readonly<Record<string, string>>) => {
  const select = make(
    'select',
    { id },
    ...Object.entries(options).map(([value, text]) => make('option', { value }, text)),
  )
  const box = make('div', { class: 'box' }, select)
  return {
    select,
    element: make('div', { class: 'field' }, make('label', { for: id }, label), box),
  }
}

const found = (room: Room, trouble: HTMLElement): void => {
  const { projects: said } = room.words
  const name = field({ id: 'project-name', label: said.name, isRequired: true })
  const accounts = selectField('accounts', said.accounts, said.accountKinds)
  const provisioning = selectField('provisioning', said.provisioning, said.provisioningKinds)
  askForm(room, {
    title: said.make,
    action: said.make,
    fields: [name.element, accounts.element, provisioning.element],
    submit: async () => {
      const wanted = name.input.value.trim()
      name.fault(wanted === '' ? said.nameMissing : undefined)
      if (wanted === '') return false
      const answer = await room.api.post<Project>('/projects', {
        name: wanted,
        accounts: accounts.select.value,
        provisioning: provisioning.select.value,
      })
      if (!answer.ok && answer.failure.kind === 'refused' && answer.failure.status === 409) {
        name.fault(said.taken)
        return false
      }
      trouble.replaceChildren(...(answer.ok ? [] : [failureView(room, answer.failure)]))
      if (answer.ok) {
        room.tell(said.made)
        room.go(hrefOf('projects'))
      }
      return true
    },
  })
}

/** The projects that a maker may look into. */
export const projects: View = (room) => {
  const { words, format } = room
  const { projects: said } = words
  const trouble = make('div', { class: 'place' })
  const own = room.projects[0]
  const addressOf = ({ id, name }: Project) =>
    hrefOf('overview', undefined, { project: id === own?.id ? undefined : name })
  const table = tableOf<Project>(
    words.pages.projects,
    [
      {
        head: said.name,
        isMain: true,
        look: 'name',
        cell: (project) => link(addressOf(project), project.name),
      },
      { head: said.number, look: 'number', cell: ({ number }) => code(String(number)) },
      { head: said.accounts, cell: ({ accounts }) => said.accountKinds[accounts] },
      { head: said.provisioning, cell: (one) => said.provisioningKinds[one.provisioning] },
      { head: said.created, cell: ({ createdAt }) => format.day(createdAt) },
    ],
    ({ id }) => id,
  )
  for (const project of room.projects) table.put(project)
  const mayFound = own?.name === FIRST_PROJECT
  return [
    make(
      'div',
      { class: 'head' },
      make('h1', { tabindex: '-1' }, words.pages.projects),
      mayFound ? act(said.make, () => found(room, trouble)) : undefined,
    ),
    make('p', { class: 'lead' }, mayFound ? said.lead : said.only),
    trouble,
    make('div', { class: 'card table-card' }, table.element),
  ]
}
