import { make } from '../../widget/dom.ts'
import { act } from '../parts/controls.ts'
import { hrefIn, type Room } from '../room.ts'
import { fileCard } from './file.ts'
import { operationCard } from './operation.ts'
import { resultsView } from './results.ts'
import type { LabelWords } from './words.ts'

/** A file is sent, worked on, and told of. Its address has the operation in it, so that it can be left and come back to. */
export const importing = (room: Room, words: LabelWords): HTMLElement => {
  const place = make('div', { class: 'column' })

  const watch = (operation: string): void => {
    const path = `/operations/${encodeURIComponent(operation)}`
    const results = make('div', { class: 'column' })
    const another = act(words.file.another, () => room.go(hrefIn(room, 'import')))
    const progress = operationCard(room, words, path, () => {
      results.replaceChildren(
        resultsView(room, words, path),
        make('div', { class: 'acts' }, another),
      )
    })
    place.replaceChildren(progress, results)
  }

  const operation = room.route.query.get('operation')
  if (operation !== null) watch(operation)
  else
    place.append(
      fileCard(room, words, (made) => {
        room.go(hrefIn(room, 'import', undefined, { operation: made }), true)
        watch(made)
      }),
    )
  return place
}
