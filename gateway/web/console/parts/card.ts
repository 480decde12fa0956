import { make } from '../../widget/dom.ts'

/** A part of a page, with its title. */
export const card = (
  id: string,
  title: string,
  ...content: readonly (Node | undefined)[]
): HTMLElement =>
  make('section', { class: 'card', 'aria-labelledby': id }, make('h2', { id }, title), ...content)

/** Two columns, each as high as what stands in it; one below the other where the page is narrow. */
export const columns = (
  first: readonly HTMLElement[],
  second: readonly HTMLElement[],
): HTMLElement =>
  make(
    'div',
    { class: 'columns' },
    make('div', { class: 'column' }, ...first),
    make('div', { class: 'column' }, ...second),
  )
