import { make } from '../../widget/dom.ts'
import { card } from '../parts/card.ts'
import { act } from '../parts/controls.ts'
import { tableOf } from '../parts/table.ts'
import type { Room } from '../room.ts'
import type { Refused } from './making.ts'
import type { LabelWords } from './words.ts'

/** The devices that have no label, and why. `again`: tries them once more. */
export const refusedCard = (
  { format }: Pick<Room, 'format'>,
  { refused: said }: LabelWords,
  refused: readonly Refused[],
  again: () => void,
): HTMLElement => {
  const table = tableOf<Refused>(
    said.title,
    [
      { head: said.device, isMain: true, look: 'name', cell: ({ device }) => device.name },
      { head: said.why, cell: ({ why }) => why },
    ],
    ({ device }) => device.id,
  )
  for (const one of refused) table.put(one)
  return card(
    'refused-title',
    `${said.title}: ${format.number(refused.length)}`,
    make(
      'div',
      { class: 'scroll', tabindex: '0', role: 'group', 'aria-labelledby': 'refused-title' },
      table.element,
    ),
    make('div', { class: 'acts' }, act(said.again, again)),
  )
}
