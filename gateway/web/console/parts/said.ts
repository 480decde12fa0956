import { make } from '../../widget/dom.ts'
import { icon } from '../../widget/icons.ts'
import { type Answer, type Failure, sayingOf } from '../api.ts'
import type { Room } from '../room.ts'
import type { Saying } from '../words.ts'
import { act } from './controls.ts'

/** There is nothing, and what can be done about that. */
export const emptyView = ([title, text]: Saying): HTMLElement =>
  make('div', { class: 'empty' }, make('strong', {}, title), make('p', {}, text))

/** It did not work. */
export const failureView = (
  { words }: Pick<Room, 'words'>,
  failure: Failure,
  again?: () => void,
): HTMLElement => {
  const [title, text] = sayingOf(failure, words)
  return make(
    'div',
    { class: 'notice bad' },
    icon('bad'),
    make('div', { role: 'alert' }, make('strong', {}, title), make('p', {}, text)),
    again === undefined ? undefined : act(words.failure.again, again),
  )
}

/** Bars where lines will be, as high as they will be, so that nothing jumps. */
export const skeleton = ({ words }: Pick<Room, 'words'>, lines: number): HTMLElement =>
  make(
    'div',
    { class: 'skeleton' },
    make('span', { class: 'unseen' }, words.loading),
    ...Array.from({ length: lines }, () => make('div', { class: 'bone', 'aria-hidden': 'true' })),
  )

/** A place that shows what is asked for as soon as it is there, or why it is not. */
export const awaited = <T>(
  room: Pick<Room, 'words' | 'signal'>,
  lines: number,
  ask: () => Promise<Answer<T>>,
  draw: (body: T) => readonly Node[],
): HTMLElement => {
  const place = make('div', { class: 'awaited' })
  const load = async (): Promise<void> => {
    place.setAttribute('aria-busy', 'true')
    place.replaceChildren(skeleton(room, lines))
    const answer = await ask()
    if (room.signal.aborted) return
    place.removeAttribute('aria-busy')
    place.replaceChildren(
      ...(answer.ok ? draw(answer.body) : [failureView(room, answer.failure, () => void load())]),
    )
  }
  void load()
  return place
}
