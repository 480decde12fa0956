import { make } from '../../widget/dom.ts'
import { choices } from '../parts/controls.ts'
import { createNames } from '../parts/names.ts'
import { failureView, skeleton } from '../parts/said.ts'
import type { Room } from '../room.ts'
import type { Attempt, CloudEvent, FleetDevice, HistoryLine, Page } from '../shapes.ts'
import type { Words } from '../words.ts'
import { detailOf, kindOf } from './happened.ts'

type Kind = keyof Words['device']['lines']
type Filter = keyof Words['device']['filters']

/** Something that happened, wherever it was read. The same thing has the same key. */
type Line = {
  readonly key: string
  readonly at: string
  readonly kind: Kind
  readonly detail: readonly (Node | string)[]
}

const FILTERS: Readonly<Record<Filter, readonly Kind[] | undefined>> = {
  all: undefined,
  hands: ['claimed', 'released', 'refused', 'waiting', 'window'],
  connection: ['connected', 'disconnected'],
  events: ['event', 'keyValue', 'acknowledged', 'dropped', 'other'],
}
const MOST = 1000

/** Newest first; of what happened at once, in the order of their keys. */
const byTime = (one: Line, other: Line): number =>
  other.at.localeCompare(one.at) || other.key.localeCompare(one.key)

/** A device's story: who had it, who tried, when it was there, what it said. It grows as things happen. */
export const createStory = (room: Room, id: () => string) => {
  const { api, words, format, signal } = room
  const { device: said } = words
  const lines = new Map<string, Line>()
  const list = make('ol', { class: 'story' })
  const place = make('div', { class: 'awaited' }, skeleton(room, 6))
  const names = createNames(room)
  let filter: Filter = 'all'

  const reasonOf = ({ reason = '', detail, nextStep }: Attempt) => {
    const [title, next] = words.reasons[reason] ?? [detail ?? reason, nextStep]
    return [
      make('span', { class: 'why' }, title, ' ', make('code', {}, reason)),
      ...(next === undefined ? [] : [make('span', { class: 'next' }, `${said.next}: ${next}`)]),
    ]
  }

  const ofAttempt = (attempt: Attempt): Line => ({
    key: attempt.id,
    at: attempt.at,
    kind: attempt.state,
    detail: [
      ...(attempt.state === 'refused' ? reasonOf(attempt) : []),
      make(
        'span',
        { class: 'who' },
        `${said.by} `,
        names.person(attempt.user),
        `, ${said.asked} `,
        make('q', {}, attempt.asked),
        `, ${said.via} ${attempt.via}`,
      ),
    ],
  })

  const ofHistory = ({ at, type, epoch = 0, by = '', via = '', home }: HistoryLine): Line => ({
    key: `${type}:${epoch}`,
    at,
    kind: type === 'claimed' ? 'claimed' : 'released',
    detail: [
      make(
        'span',
        { class: 'who' },
        `${said.epochOf(epoch)}, ${said.by} `,
        by === id() ? said.itself : names.person(by),
        ...(home === undefined ? [] : [type === 'claimed' ? ' → ' : ' ← ', names.home(home)]),
        `, ${said.via} ${via}`,
      ),
    ],
  })

  const ofEvent = (event: CloudEvent): Line => ({
    key: event.id,
    at: event.time,
    kind: kindOf(event),
    detail: [make('span', { class: 'said' }, detailOf(event))],
  })

  const row = ({ at, kind, detail }: Line): HTMLElement =>
    make(
      'li',
      { class: kind },
      make('div', { class: 'when' }, format.exact(at)),
      make('div', { class: 'what' }, make('strong', {}, said.lines[kind]), ...detail),
    )

  const drawn = new Map<string, HTMLElement>()
  const rowFor = (line: Line): HTMLElement => {
    const present = drawn.get(line.key) ?? row(line)
    drawn.set(line.key, present)
    return present
  }

  const draw = (): void => {
    const wanted = FILTERS[filter]
    const shown = [...lines.values()]
      .filter(({ kind }) => wanted === undefined || wanted.includes(kind))
      .sort(byTime)
      .slice(0, MOST)
    list.replaceChildren(...shown.map(rowFor))
    place.replaceChildren(
      shown.length === 0 ? make('p', { class: 'quiet-text' }, said.empty) : list,
    )
  }

  /** Takes what is new, and draws only then. */
  const take = (more: readonly Line[]): void => {
    const fresh = more.filter(({ key }) => !lines.has(key))
    for (const line of fresh) lines.set(line.key, line)
    if (fresh.length > 0) draw()
  }

  const path = (what: string) => `/devices/${encodeURIComponent(id())}/${what}`
  const hands = ({ items }: Page<HistoryLine>): Line[] =>
    items.filter(({ type }) => type === 'claimed' || type === 'released').map(ofHistory)
  // A claim that came true stands in the history, and one that waited and came true does too.
  const misses = ({ items }: Page<Attempt>): Line[] => {
    const settled = new Set(
      items.flatMap(({ id: one, state }) => (state === 'claimed' ? [one] : [])),
    )
    return items
      .filter(({ id: one, state }) => state !== 'claimed' && !settled.has(one))
      .map(ofAttempt)
  }
  // Its changes of hands are told by the history already, with who did it.
  const isNews = (event: CloudEvent): boolean =>
    kindOf(event) !== 'claimed' && kindOf(event) !== 'released'

  const tries = async (): Promise<void> => {
    const answer = await api.get<Page<Attempt>>(path('attempts'))
    if (answer.ok && !signal.aborted) take(misses(answer.body))
  }

  const history = async (): Promise<void> => {
    const answer = await api.get<Page<HistoryLine>>(path('history'))
    if (answer.ok && !signal.aborted) take(hands(answer.body))
  }

  const load = async (): Promise<void> => {
    const [past, attempts, events] = await Promise.all([
      api.get<Page<HistoryLine>>(path('history')),
      api.get<Page<Attempt>>(path('attempts')),
      api.get<Page<CloudEvent>>(`${path('events')}?limit=500`),
    ])
    if (signal.aborted) return
    const failed = [past, attempts, events].find((answer) => !answer.ok)
    if (failed !== undefined && !failed.ok) {
      place.replaceChildren(failureView(room, failed.failure, () => void load()))
      return
    }
    take([
      ...(past.ok ? hands(past.body) : []),
      ...(attempts.ok ? misses(attempts.body) : []),
      ...(events.ok ? events.body.items.filter(isNews).map(ofEvent) : []),
    ])
    draw()
  }

  /** Its open window is a line of the story as long as it is open, and afterwards too. */
  const window = ({ window: open }: FleetDevice): void => {
    if (open === undefined) return
    const key = `window:${open.expiresAt}`
    const opened = lines.get(key)?.at ?? new Date().toISOString()
    const secret = open.secret ? said.secretWindow : said.openWindow
    take([
      {
        key,
        at: opened,
        kind: 'window',
        detail: [
          make('span', { class: 'who' }, `${secret}, ${said.until} `, format.exact(open.expiresAt)),
        ],
      },
    ])
  }

  const add = (event: CloudEvent): void => {
    if (isNews(event)) take([ofEvent(event)])
    else void history()
  }

  const element = make(
    'div',
    {},
    choices<Filter>(
      'filter',
      said.show,
      (Object.keys(FILTERS) as Filter[]).map((value) => ({ value, text: said.filters[value] })),
      filter,
      (chosen) => {
        filter = chosen
        draw()
      },
    ),
    place,
  )
  return { element, load: () => void load(), tries, add, window }
}
