import { hearing, make } from '../../widget/dom.ts'
import { card } from '../parts/card.ts'
import { choices, field } from '../parts/controls.ts'
import { confirmed } from '../parts/dialog.ts'
import type { Room } from '../room.ts'
import type { LabelWords } from './words.ts'

/** What is to stand on labels: a new key, good for so many days, or none. */
export type Wish = { readonly kind: 'new'; readonly days: number } | { readonly kind: 'none' }

const MOST_DAYS = 3650

/** Asks whether devices get new keys. What a new key does to the old one is said before, and asked once. */
export const keysCard = (
  room: Room,
  { keys: said, sheet }: LabelWords,
  count: number,
  onWish: (wish: Wish) => void,
): HTMLElement => {
  let kind: Wish['kind'] = 'new'
  const text = make('p', { class: 'lead' })
  const days = field({ id: 'days', label: said.days, value: '365', isRequired: true })
  days.input.setAttribute('inputmode', 'numeric')
  const send = make('button', { type: 'submit', class: 'main' })

  const draw = (): void => {
    text.textContent = kind === 'new' ? said.newText : said.noneText
    days.element.hidden = kind === 'none'
    send.textContent = kind === 'new' ? said.make : said.makeNone
  }

  const wish = async (): Promise<void> => {
    if (kind === 'none') return onWish({ kind })
    const given = Number(days.input.value)
    const isGood = Number.isInteger(given) && given >= 1 && given <= MOST_DAYS
    days.fault(isGood ? undefined : sheet.wrongDays)
    if (!isGood) return days.input.focus()
    const question = { title: said.askTitle(count), text: said.askText, action: said.ask }
    if (await confirmed(room, question)) onWish({ kind, days: given })
  }

  draw()
  const kinds = choices<Wish['kind']>(
    'keys',
    said.title,
    [
      { value: 'new', text: said.new },
      { value: 'none', text: said.none },
    ],
    kind,
    (chosen) => {
      kind = chosen
      draw()
    },
  )
  const form = make(
    'form',
    { novalidate: true },
    kinds,
    text,
    days.element,
    make('div', { class: 'acts' }, send),
  )
  hearing(form, {
    submit: (event) => {
      event.preventDefault()
      void wish()
    },
  })
  return card('keys-title', said.title, form)
}
