import { hearing, make } from '../dom.ts'
import { icon } from '../icons.ts'

/** The button in the field of a secret that shows or hides it. */
export const eye = (input: HTMLInputElement, show: string, hide: string): HTMLElement => {
  const button = make('button', { type: 'button', class: 'eye', part: 'secret-toggle' })
  const dress = () => {
    const isShown = input.type === 'text'
    const name = isShown ? hide : show
    button.replaceChildren(icon(isShown ? 'hidden' : 'shown'))
    button.setAttribute('aria-label', name)
    button.title = name
  }
  dress()
  return hearing(button, {
    click: () => {
      input.type = input.type === 'text' ? 'password' : 'text'
      dress()
    },
  })
}
