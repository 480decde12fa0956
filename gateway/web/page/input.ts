import { make } from '../widget/dom.ts'
import { eye } from '../widget/view/eye.ts'
import type { PageWords } from './words.ts'

const SHORTEST_PASSWORD = 8

export type InputOptions = {
  readonly name: string
  readonly type: string
  readonly autocomplete: string
  readonly label: string
  readonly value?: string
  readonly hint?: string
  readonly isOptional?: boolean
}

/** A field with its label, its hint, and a place to say what is wrong with it. */
export const inputOf = (options: InputOptions) => {
  const { name, type, autocomplete, label, value = '', hint, isOptional = false } = options
  const input = make('input', {
    id: name,
    name,
    type,
    autocomplete,
    autocapitalize: 'off',
    spellcheck: 'false',
    maxlength: type === 'email' ? '254' : '128',
    'aria-required': isOptional ? undefined : 'true',
    'aria-describedby': `${name}-note`,
  })
  input.value = value
  const note = make('p', { id: `${name}-note`, class: 'hint' }, hint)
  const box = make('div', { class: 'box' }, input)
  const field = make('div', { class: 'field' }, make('label', { for: name }, label), box, note)
  /** Says what is wrong with it; `undefined`: nothing any more. */
  const fault = (text: string | undefined) => {
    note.textContent = text ?? hint ?? ''
    note.className = text === undefined ? 'hint' : 'wrong'
    if (text === undefined) input.removeAttribute('aria-invalid')
    else input.setAttribute('aria-invalid', 'true')
  }
  return { input, box, field, fault }
}

export type Input = ReturnType<typeof inputOf>

/** A field for an e-mail address. */
export const emailInput = (words: PageWords, value: string): Input =>
  inputOf({ name: 'email', type: 'email', autocomplete: 'username', label: words.email, value })

/** A field for a password that can be looked at. `isNew`: it is being chosen. */
export const passwordInput = (words: PageWords, isNew: boolean, label = words.password): Input => {
  const password = inputOf({
    name: 'password',
    type: 'password',
    autocomplete: isNew ? 'new-password' : 'current-password',
    label,
    ...(isNew ? { hint: words.passwordHint } : {}),
  })
  password.box.append(eye(password.input, words.show, words.hide))
  return password
}

/** As the server looks at it. */
const EMAIL = /^[^\s@]+@[^\s@]+$/

/** What is wrong with an e-mail address, blanks at both ends forgiven. `undefined`: nothing. */
export const emailFault = (value: string, words: PageWords): string | undefined => {
  if (value.trim() === '') return words.emailRequired
  return EMAIL.test(value.trim()) ? undefined : words.emailWrong
}

/** What is wrong with a password; the server counts characters, not code units. `undefined`: nothing. */
export const passwordFault = (
  value: string,
  isNew: boolean,
  words: PageWords,
): string | undefined => {
  if (value === '') return words.passwordRequired
  return isNew && [...value].length < SHORTEST_PASSWORD ? words.passwordShort : undefined
}
