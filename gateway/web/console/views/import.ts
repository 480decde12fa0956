import { make } from '../../widget/dom.ts'
import { withLabels } from '../later.ts'
import type { View } from '../room.ts'

/** Devices from a file. */
export const importPage: View = (room) => [
  make('div', { class: 'head' }, make('h1', { tabindex: '-1' }, room.words.pages.import)),
  withLabels(room, ({ importFor }) => importFor(room)),
]
