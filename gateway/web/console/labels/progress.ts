import { make } from '../../widget/dom.ts'

/** A bar that says how far something is. */
export const progressBar = (name: string) => {
  const bar = make('progress', { 'aria-label': name })
  const text = make('span', { 'aria-hidden': 'true' })
  const element = make('div', { class: 'progress' }, make('strong', {}, name), bar, text)
  const at = (done: number, all: number): void => {
    bar.max = Math.max(1, all)
    bar.value = done
    text.textContent = `${Math.floor((100 * done) / Math.max(1, all))} %`
  }
  return { element, at }
}
