import { make } from '../../widget/dom.ts'
import { hear } from '../live.ts'
import { badge, link } from '../parts/controls.ts'
import { createNames, type Names } from '../parts/names.ts'
import { hrefIn, type Room } from '../room.ts'
import type { CloudEvent } from '../shapes.ts'
import { detailOf, kindOf } from './happened.ts'

const MOST = 50

/** The word that says whether the page hears what happens now. */
export const liveBadge = ({ words }: Pick<Room, 'words'>) => {
  const element = badge(words.live.connecting, 'plain')
  element.classList.add('live')
  const tell = (isOpen: boolean): void => {
    element.textContent = isOpen ? words.live.open : words.live.connecting
    element.classList.toggle('good', isOpen)
    element.classList.toggle('plain', !isOpen)
  }
  return { element, tell }
}

/** Where an event has the name of its device in it, that need not be said twice, nor asked for. */
const lineOf = (room: Room, names: Names, event: CloudEvent): HTMLElement => {
  const kind = kindOf(event)
  const { subject } = event
  const { name } = event.data
  const isNamed = typeof name === 'string' && subject !== undefined
  const detail = isNamed ? '' : detailOf(event)
  const about = isNamed
    ? link(hrefIn(room, 'devices', subject), name)
    : subject && names.device(subject)
  return make(
    'li',
    { class: kind },
    make('time', { datetime: event.time }, room.format.clock(event.time)),
    make('strong', {}, room.words.device.lines[kind]),
    about,
    detail === '' ? undefined : make('span', { class: 'detail' }, detail),
  )
}

/** What happens in the project from now on, the newest first. */
export const tickerView = (room: Room): HTMLElement => {
  const { words, signal } = room
  const quiet = make('p', { class: 'quiet-text' }, words.overview.quiet)
  const list = make('ol', { class: 'ticker' })
  const live = liveBadge(room)
  const names = createNames(room)
  void hear(room.api, {
    project: room.project,
    signal,
    onState: (state) => live.tell(state === 'open'),
    onEvent: (event) => {
      quiet.remove()
      list.prepend(lineOf(room, names, event))
      while (list.children.length > MOST) list.lastElementChild?.remove()
    },
  })
  return make(
    'section',
    { class: 'card ticker-card', 'aria-labelledby': 'ticker' },
    make(
      'div',
      { class: 'head' },
      make('h2', { id: 'ticker' }, words.overview.ticker),
      live.element,
    ),
    quiet,
    list,
  )
}
