import type { Input } from '../page/input.ts'
import type { PageWords } from '../page/words.ts'
import { hearing, make } from '../widget/dom.ts'
import { noticeView } from '../widget/view/notice.ts'

/** A field, and what is wrong with what stands in it (`undefined`: nothing). */
export type Field = { readonly input: Input; readonly fault: (value: string) => string | undefined }

/** Something that can be done. `act` answers `'unreachable'` where nobody answered: then the form stays. */
export type Action = {
  readonly label: string
  readonly act: () => Promise<'unreachable' | undefined>
}

export type FormOptions = {
  readonly words: PageWords
  readonly fields: readonly Field[]
  /** The first is the one that the Enter key means; only it needs the fields. */
  readonly actions: readonly [Action, ...Action[]]
}

/** A form with its buttons. While one of them works, none can be pressed. */
export const formView = ({ words, fields, actions }: FormOptions): HTMLFormElement => {
  const place = make('div', { class: 'place' })
  const buttons = actions.map(({ label }, index) =>
    index === 0
      ? make('button', { type: 'submit', class: 'main' }, label)
      : make('button', { type: 'button', class: 'quiet wide' }, label),
  )

  const areAsleep = (yes: boolean) => {
    for (const button of buttons)
      if (yes) button.setAttribute('aria-disabled', 'true')
      else button.removeAttribute('aria-disabled')
  }

  const press = async ({ label, act }: Action, button: HTMLElement) => {
    if (button.getAttribute('aria-disabled') !== null) return
    areAsleep(true)
    place.replaceChildren()
    button.replaceChildren(make('span', { class: 'spinner', 'aria-hidden': 'true' }), words.sending)
    const failure = await act()
    button.replaceChildren(label)
    areAsleep(false)
    if (failure === undefined) return
    const [title, text] = words.unreachable
    place.replaceChildren(noticeView({ tone: 'bad', title, text }, () => undefined))
  }

  const submit = async () => {
    const faults = fields.map(({ input, fault }) => ({ input, text: fault(input.input.value) }))
    for (const { input, text } of faults) input.fault(text)
    const first = faults.find(({ text }) => text !== undefined)
    if (first !== undefined) return first.input.input.focus()
    const [button] = buttons
    if (button !== undefined) await press(actions[0], button)
  }

  for (const [index, button] of buttons.entries()) {
    const action = actions[index]
    if (index > 0 && action !== undefined)
      hearing(button, { click: () => void press(action, button) })
  }
  const boxes = fields.map(({ input }) => input.field)
  return hearing(make('form', { novalidate: true }, ...boxes, place, ...buttons), {
    submit: (event) => {
      event.preventDefault()
      void submit()
    },
  })
}
