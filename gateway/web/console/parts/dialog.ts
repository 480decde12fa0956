import { hearing, make } from '../../widget/dom.ts'
import type { Room } from '../room.ts'
import { act } from './controls.ts'

type Needs = Pick<Room, 'words' | 'signal'>

let count = 0

/** A dialog over the page: the keyboard stays in it, Escape closes it, and whoever opened it has the focus again. */
export const openDialog = (
  { signal }: Pick<Room, 'signal'>,
  title: string,
  children: (close: () => void) => readonly Node[],
  onClose: () => void = () => undefined,
): HTMLDialogElement => {
  count += 1
  const id = `dialog-${count}`
  const dialog = make('dialog', { 'aria-labelledby': id })
  let isOver = false
  // At once, and not only with the event: what can be read only now is gone from the page then.
  const over = () => {
    if (isOver) return
    isOver = true
    dialog.remove()
    signal.removeEventListener('abort', close)
    onClose()
  }
  const close = () => {
    dialog.close()
    over()
  }
  dialog.append(make('h2', { id, class: 'dialog-title' }, title), ...children(close))
  hearing(dialog, { close: over })
  signal.addEventListener('abort', close)
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}

type Question = { readonly title: string; readonly text: string; readonly action: string }

/** Asks once before something that cannot be taken back, and says what follows. `false`: better not. */
export const confirmed = (room: Needs, { title, text, action }: Question): Promise<boolean> =>
  new Promise((resolve) => {
    let isSure = false
    const dialog = openDialog(
      room,
      title,
      (close) => {
        const sure = () => {
          isSure = true
          close()
        }
        return [
          make('p', {}, text),
          make(
            'div',
            { class: 'buttons' },
            act(room.words.cancel, close),
            act(action, sure, 'danger'),
          ),
        ]
      },
      () => resolve(isSure),
    )
    // Nothing happens to who presses Enter without reading.
    dialog.querySelector('button')?.focus()
  })

type Asked = {
  readonly title: string
  readonly text?: string
  readonly action: string
  readonly fields: readonly HTMLElement[]
  /** Does it. `true`: it is done, and the dialog closes. Else the fields say what is wrong. */
  readonly submit: () => Promise<boolean>
}

/** A form in a dialog. */
export const askForm = (room: Needs, { title, text, action, fields, submit }: Asked): void => {
  const dialog = openDialog(room, title, (close) => {
    const send = make('button', { type: 'submit', class: 'main' }, action)
    let isBusy = false
    const form = hearing(
      make(
        'form',
        { novalidate: true },
        ...(text === undefined ? [] : [make('p', {}, text)]),
        ...fields,
        make('div', { class: 'buttons' }, act(room.words.cancel, close), send),
      ),
      {
        submit: (event) => {
          event.preventDefault()
          if (isBusy) return
          isBusy = true
          void submit().then((isDone) => {
            isBusy = false
            if (isDone) close()
            else form.querySelector<HTMLElement>('[aria-invalid]')?.focus()
          })
        },
      },
    )
    return [form]
  })
  dialog.querySelector<HTMLElement>('input, textarea')?.focus()
}
