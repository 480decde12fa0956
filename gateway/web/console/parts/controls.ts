import { hearing, make } from '../../widget/dom.ts'

/** A link inside the console. */
export const link = (href: string, ...text: readonly (Node | string)[]): HTMLElement =>
  make('a', { href }, ...text)

/** A button that does something at once or asks first. */
export const act = (text: string, work: () => void, look = 'quiet'): HTMLButtonElement =>
  hearing(make('button', { type: 'button', class: look }, text), { click: work })

/** A coloured word. The word says it all; the colour only helps. */
export const badge = (text: string, tone: 'good' | 'wait' | 'bad' | 'plain'): HTMLElement =>
  make('span', { class: `badge ${tone}` }, text)

/** A name or id as it is, to the letter. */
export const code = (text: string): HTMLElement => make('code', {}, text)

type FieldOptions = {
  readonly id: string
  readonly label: string
  readonly hint?: string
  readonly value?: string
  readonly type?: string
  readonly maxlength?: string
  readonly rows?: string
  readonly isRequired?: boolean
}

/** A field with its label, its hint and what is wrong with it. */
export const field = (options: FieldOptions) => {
  const { id, label, hint = '', value = '', type = 'text', maxlength = '255', rows } = options
  const common = {
    id,
    name: id,
    maxlength,
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    'aria-describedby': `${id}-note`,
    'aria-required': options.isRequired && 'true',
  }
  const input =
    rows === undefined ? make('input', { ...common, type }) : make('textarea', { ...common, rows })
  input.value = value
  const note = make('p', { id: `${id}-note`, class: 'hint' }, hint)
  const element = make(
    'div',
    { class: 'field' },
    make('label', { for: id }, label),
    make('div', { class: 'box' }, input),
    note,
  )
  /** Says what is wrong; `undefined`: nothing any more. */
  const fault = (text: string | undefined): void => {
    note.textContent = text ?? hint
    note.className = text === undefined ? 'hint' : 'wrong'
    if (text === undefined) input.removeAttribute('aria-invalid')
    else input.setAttribute('aria-invalid', 'true')
  }
  return { element, input, fault }
}

type Choice<T extends string> = { readonly value: T; readonly text: string }

/** One of a few, all of them seen at once. */
export const choices = <T extends string>(
  name: string,
  legend: string,
  options: readonly Choice<T>[],
  chosen: T,
  onChange: (value: T) => void,
): HTMLElement =>
  make(
    'fieldset',
    { class: 'choices' },
    make('legend', { class: 'unseen' }, legend),
    ...options.map(({ value, text }) => {
      const input = make('input', { type: 'radio', name, value, checked: value === chosen })
      return make(
        'label',
        {},
        hearing(input, { change: () => onChange(value) }),
        make('span', {}, text),
      )
    }),
  )
