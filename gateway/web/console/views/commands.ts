import { hearing, make } from '../../widget/dom.ts'
import { badge, field } from '../parts/controls.ts'
import { failureView } from '../parts/said.ts'
import { every, type Room } from '../room.ts'
import type { CloudEvent, Command, CommandState } from '../shapes.ts'

const LOOK_MS = 1000
const MOST = 20
const TONES = {
  queued: 'wait',
  sent: 'wait',
  acknowledged: 'good',
  expired: 'bad',
  dropped: 'bad',
} as const satisfies Record<CommandState, 'good' | 'wait' | 'bad'>

const isOpen = (state: CommandState): boolean => state === 'queued' || state === 'sent'

/** A form for one command, and what becomes of those that were sent. */
export const commandsView = (room: Room, id: () => string) => {
  const { api, words, format, signal } = room
  const { command: said } = words
  const action = field({ id: 'action', label: said.action, isRequired: true })
  const parameters = field({
    id: 'parameters',
    label: said.parameters,
    rows: '3',
    maxlength: '16384',
  })
  const trouble = make('div', { class: 'place' })
  const list = make('ol', { class: 'commands', 'aria-live': 'polite' })
  const sent = new Map<string, Command>()
  const rows = new Map<string, HTMLElement>()

  const draw = (command: Command): void => {
    const { id: key, state, action: name, createdAt, result } = command
    const row = make(
      'li',
      {},
      make('strong', {}, name),
      badge(said.states[state], TONES[state]),
      format.ago(createdAt),
      result === undefined
        ? undefined
        : make('code', { class: 'result' }, `${said.answer}: ${JSON.stringify(result)}`),
    )
    const former = rows.get(key)
    rows.set(key, row)
    if (former === undefined) list.prepend(row)
    else former.replaceWith(row)
    while (list.children.length > MOST) list.lastElementChild?.remove()
  }

  const path = (command?: string) =>
    `/devices/${encodeURIComponent(id())}/commands${command === undefined ? '' : `/${command}`}`

  const look = async (command: string): Promise<void> => {
    const answer = await api.get<Command>(path(command))
    if (!answer.ok || signal.aborted) return
    const former = sent.get(command)
    sent.set(command, answer.body)
    if (former?.state !== answer.body.state) draw(answer.body)
  }

  const read = (): { readonly given: unknown } | undefined => {
    const text = parameters.input.value.trim()
    try {
      return { given: text === '' ? undefined : JSON.parse(text) }
    } catch {
      return undefined
    }
  }

  const send = async (): Promise<void> => {
    const name = action.input.value.trim()
    const given = read()
    action.fault(name === '' ? said.actionMissing : undefined)
    parameters.fault(given === undefined ? said.notJson : undefined)
    if (name === '') return action.input.focus()
    if (given === undefined) return parameters.input.focus()
    trouble.replaceChildren()
    const body = {
      action: name,
      ...(given.given === undefined ? {} : { parameters: given.given }),
    }
    const answer = await api.post<{ id: string }>(path(), body)
    if (signal.aborted) return
    if (!answer.ok) return trouble.replaceChildren(failureView(room, answer.failure))
    await look(answer.body.id)
  }

  const lookAtOpen = (): void => {
    for (const { id: command, state } of sent.values()) if (isOpen(state)) void look(command)
  }
  every(LOOK_MS, room, lookAtOpen)

  const form = hearing(
    make(
      'form',
      { novalidate: true },
      action.element,
      parameters.element,
      trouble,
      make('button', { type: 'submit', class: 'main' }, said.send),
    ),
    {
      submit: (event) => {
        event.preventDefault()
        void send()
      },
    },
  )
  const element = make(
    'section',
    { class: 'card', 'aria-labelledby': 'command' },
    make('h2', { id: 'command' }, said.title),
    form,
    list,
  )
  /** An event may be about one of them. */
  const hear = ({ type }: CloudEvent): void => {
    if (type.startsWith('latchkey.command.')) lookAtOpen()
  }
  return { element, hear }
}
