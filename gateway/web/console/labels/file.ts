import { hearing, make } from '../../widget/dom.ts'
import { withQuery } from '../api.ts'
import { card } from '../parts/card.ts'
import { failureView } from '../parts/said.ts'
import type { Room } from '../room.ts'
import type { LabelWords } from './words.ts'

/** What is sent, by the end of its name: docs/imports.md. */
const TYPES = new Map([
  ['csv', 'text/csv'],
  ['ndjson', 'application/x-ndjson'],
  ['jsonl', 'application/x-ndjson'],
])
const MOST_BYTES = 32 * 1024 * 1024

const typeOf = ({ name }: File): string | undefined =>
  TYPES.get(name.split('.').at(-1)?.toLowerCase() ?? '')

const newKey = (): string =>
  `console-${Array.from(crypto.getRandomValues(new Uint32Array(4)), (value) => value.toString(36)).join('-')}`

type WrongFile = 'missing' | 'otherKind' | 'tooLarge' | 'empty'

const wrongOf = (file: File | undefined): WrongFile | undefined => {
  if (file === undefined) return 'missing'
  if (typeOf(file) === undefined) return 'otherKind'
  if (file.size === 0) return 'empty'
  return file.size > MOST_BYTES ? 'tooLarge' : undefined
}

const fileField = ({ file: said }: LabelWords) => {
  const input = make('input', {
    ...{ id: 'file', type: 'file', 'aria-describedby': 'file-note', 'aria-required': 'true' },
    accept: [...TYPES.keys()].map((end) => `.${end}`).join(','),
  })
  const note = make('p', { id: 'file-note', class: 'hint' }, said.hint)
  const fault = (wrong: WrongFile | undefined): void => {
    note.textContent = wrong === undefined ? said.hint : said[wrong]
    note.className = wrong === undefined ? 'hint' : 'wrong'
    if (wrong === undefined) input.removeAttribute('aria-invalid')
    else input.setAttribute('aria-invalid', 'true')
  }
  const element = make(
    'div',
    { class: 'field' },
    make('label', { for: 'file' }, said.file),
    make('div', { class: 'box' }, input),
    note,
  )
  return { element, input, fault }
}

/** Asks for a file and sends it. The same file, tried again where the network has failed, is the same import. */
export const fileCard = (
  room: Room,
  words: LabelWords,
  onSent: (operation: string) => void,
): HTMLElement => {
  const { file: said } = words
  const file = fileField(words)
  const keys = make('input', { type: 'checkbox', id: 'box-keys', 'aria-describedby': 'keys-note' })
  keys.checked = true
  const trouble = make('div', { class: 'place' })
  const send = make('button', { type: 'submit', class: 'main' }, said.send)
  let key = newKey()
  let isBusy = false

  const submit = async (): Promise<void> => {
    const [chosen] = file.input.files ?? []
    const wrong = wrongOf(chosen)
    file.fault(wrong)
    const type = chosen && typeOf(chosen)
    if (chosen === undefined || type === undefined || wrong !== undefined) return file.input.focus()
    isBusy = true
    send.setAttribute('aria-disabled', 'true')
    trouble.replaceChildren()
    const boxKeys = keys.checked ? 'generate' : undefined
    const path = withQuery('/devices/import', { project: room.project, boxKeys })
    const answer = await room.api.send<{ id: string }>(path, chosen, type, key)
    isBusy = false
    if (room.signal.aborted) return
    send.removeAttribute('aria-disabled')
    if (answer.ok) return onSent(answer.body.id)
    // What was refused would be refused again; what did not arrive is sent as the same once more.
    if (answer.failure.kind === 'refused') key = newKey()
    trouble.replaceChildren(failureView(room, answer.failure))
  }

  const renew = (): void => {
    key = newKey()
    file.fault(undefined)
  }
  hearing(file.input, { change: renew })
  hearing(keys, { change: renew })
  const form = make(
    'form',
    { novalidate: true },
    make('p', { class: 'lead' }, said.lead),
    file.element,
    make(
      'div',
      { class: 'switch' },
      keys,
      make('label', { for: 'box-keys' }, said.keys),
      make('p', { class: 'hint', id: 'keys-note' }, said.keysText),
    ),
    trouble,
    make('div', { class: 'acts' }, send),
  )
  hearing(form, {
    submit: (event) => {
      event.preventDefault()
      if (!isBusy) void submit()
    },
  })
  return card('file-title', said.title, form)
}
