import type { Labelled } from '../../../../shared/labels/content.ts'
import { make } from '../../widget/dom.ts'
import { act } from '../parts/controls.ts'
import type { Room } from '../room.ts'
import type { FleetDevice } from '../shapes.ts'
import { keysCard, type Wish } from './keys.ts'
import { makeKeys, type Refused } from './making.ts'
import { progressBar } from './progress.ts'
import { refusedCard } from './refused.ts'
import { sheetCard } from './sheet.ts'
import type { LabelWords } from './words.ts'

const DAY_MS = 86_400_000

/** Labels for devices that have been chosen: keys are made, once, and their labels shown as long as the page is. */
export const deviceLabels = (
  room: Room,
  words: LabelWords,
  chosen: readonly FleetDevice[],
): HTMLElement => {
  const place = make('div', { class: 'column' })

  const show = (labels: readonly Labelled[], refused: readonly Refused[], wish: Wish): void => {
    const again = (): void =>
      void print(
        refused.map(({ device }) => device),
        wish,
        labels,
      )
    place.replaceChildren(
      ...(refused.length === 0 ? [] : [refusedCard(room, words, refused, again)]),
      ...(labels.length === 0 ? [] : [sheetCard(room, words, labels, wish.kind === 'new')]),
    )
    const title = place.querySelector('h2')
    title?.setAttribute('tabindex', '-1')
    title?.focus()
  }

  /** `former`: labels that are there already, beside which the new ones are shown. */
  const print = async (
    devices: readonly FleetDevice[],
    wish: Wish,
    former: readonly Labelled[] = [],
  ): Promise<void> => {
    if (wish.kind === 'none') {
      show(
        devices.map(({ name }) => ({ name })),
        [],
        wish,
      )
      return
    }
    const stopping = new AbortController()
    room.signal.addEventListener('abort', () => stopping.abort())
    const bar = progressBar(words.keys.progress)
    bar.at(0, devices.length)
    place.replaceChildren(
      make(
        'section',
        { class: 'card' },
        bar.element,
        act(words.keys.stop, () => stopping.abort()),
      ),
    )
    place.querySelector('button')?.focus()
    const { labels, refused } = await makeKeys(room, words, devices, {
      expiresAt: new Date(Date.now() + wish.days * DAY_MS).toISOString(),
      signal: stopping.signal,
      onOne: (count) => bar.at(count, devices.length),
    })
    if (room.signal.aborted) return
    room.tell(words.keys.made(labels.length))
    show([...former, ...labels], refused, wish)
  }

  place.append(keysCard(room, words, chosen.length, (wish) => void print(chosen, wish)))
  return place
}
