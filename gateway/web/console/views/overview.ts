import { make } from '../../widget/dom.ts'
import { withQuery } from '../api.ts'
import { card, columns } from '../parts/card.ts'
import { barList, rateChart, refusedIn } from '../parts/chart.ts'
import { choices } from '../parts/controls.ts'
import { failureView, skeleton } from '../parts/said.ts'
import { tableOf } from '../parts/table.ts'
import { every, hrefIn, type Room, type View } from '../room.ts'
import type { Counts, Statistics } from '../shapes.ts'
import { tickerView } from './ticker.ts'

type Span = 'minute' | 'hour'

const REFRESH_MS = 5000

const sum = (items: readonly Counts[], of: (one: Counts) => number): number =>
  items.reduce((all, one) => all + of(one), 0)

const tile = (name: string, value: string, look = ''): HTMLElement =>
  make('div', { class: `tile ${look}` }, make('dt', {}, name), make('dd', {}, value))

const tiles = ({ words, format }: Room, { connected, items }: Statistics): HTMLElement => {
  const { overview } = words
  return make(
    'dl',
    { class: 'tiles' },
    tile(overview.connected, format.number(connected), 'connected'),
    tile(overview.claimed, format.number(sum(items, ({ claimed }) => claimed)), 'claimed'),
    tile(overview.refused, format.number(sum(items, refusedIn)), 'refused'),
    tile(overview.released, format.number(sum(items, ({ released }) => released))),
  )
}

const reasonsOf = (items: readonly Counts[]): readonly (readonly [string, number])[] => {
  const sums = new Map<string, number>()
  for (const { refused } of items)
    for (const [reason, count] of Object.entries(refused))
      sums.set(reason, (sums.get(reason) ?? 0) + count)
  return [...sums].sort(([, one], [, other]) => other - one)
}

/** The reason itself, for who looks it up, and what it means. */
const reasonsView = (room: Room, items: readonly Counts[]): HTMLElement => {
  const { overview, reasons } = room.words
  const found = reasonsOf(items)
  if (found.length === 0) return make('p', { class: 'quiet-text' }, overview.noReasons)
  return barList(
    room,
    found.map(([reason, count]) => ({
      name: reasons[reason]?.[0] ?? reason.replaceAll('-', ' '),
      count,
      look: 'refused',
    })),
  )
}

const asTable = (room: Room, items: readonly Counts[], timeOf: (at: string) => string) => {
  const { overview } = room.words
  const { number } = room.format
  const table = tableOf<Counts>(
    overview.rate,
    [
      { head: overview.time, cell: ({ at }) => timeOf(at), isMain: true },
      { head: overview.opened, cell: ({ opened }) => number(opened), look: 'number' },
      { head: overview.redeemed, cell: ({ redeemed }) => number(redeemed), look: 'number' },
      { head: overview.claimed, cell: ({ claimed }) => number(claimed), look: 'number' },
      { head: overview.refused, cell: (one) => number(refusedIn(one)), look: 'number' },
    ],
    ({ at }) => at,
  )
  for (const one of items) if (one.opened + one.redeemed + one.released > 0) table.put(one)
  return table.element
}

/** How claiming goes in a project: counts, charts, and what happens now. */
export const overview: View = (room) => {
  const { api, words, format, signal } = room
  const { overview: said } = words
  let span: Span = room.route.query.get('per') === 'hour' ? 'hour' : 'minute'
  const tilePlace = make('div', { class: 'tile-place' }, skeleton(room, 1))
  const funnel = make('div', {}, skeleton(room, 3))
  const rate = make('div', { class: 'rate-place' }, skeleton(room, 5))
  const reasons = make('div', {}, skeleton(room, 3))
  const details = make('details', {}, make('summary', {}, said.asTable))
  const tablePlace = make('div', {
    class: 'scroll',
    tabindex: '0',
    role: 'region',
    'aria-label': said.rate,
  })
  details.append(tablePlace)
  const timeOf = (at: string) =>
    span === 'minute' ? format.clock(at) : `${format.dayText(at)} ${format.clock(at)}`

  const draw = (seen: Statistics): void => {
    const { items } = seen
    tilePlace.replaceChildren(tiles(room, seen))
    funnel.replaceChildren(
      barList(room, [
        {
          name: said.opened,
          more: said.openedText,
          count: sum(items, (one) => one.opened),
          look: 'opened',
        },
        { name: said.redeemed, count: sum(items, (one) => one.redeemed), look: 'redeemed' },
        { name: said.claimed, count: sum(items, (one) => one.claimed), look: 'claimed' },
      ]),
    )
    rate.replaceChildren(rateChart(room, items, timeOf))
    reasons.replaceChildren(reasonsView(room, items))
    tablePlace.replaceChildren(asTable(room, items, timeOf))
  }

  let hasDrawn = false
  const load = async (): Promise<void> => {
    const asked = span
    const path = withQuery('/statistics', { project: room.project, per: span })
    const answer = await api.get<Statistics>(path)
    if (signal.aborted || asked !== span) return
    if (answer.ok) {
      hasDrawn = true
      draw(answer.body)
    } else if (!hasDrawn) {
      for (const place of [funnel, rate, reasons]) place.replaceChildren()
      tilePlace.replaceChildren(failureView(room, answer.failure, () => void load()))
    }
  }
  void load()
  every(REFRESH_MS, room, () => void load())

  const spans = choices<Span>(
    'span',
    said.span,
    [
      { value: 'minute', text: said.minute },
      { value: 'hour', text: said.hour },
    ],
    span,
    (chosen) => {
      span = chosen
      const per = chosen === 'hour' ? chosen : undefined
      room.go(hrefIn(room, 'overview', undefined, { per }), true)
      void load()
    },
  )
  return [
    make('div', { class: 'head' }, make('h1', { tabindex: '-1' }, words.pages.overview), spans),
    tilePlace,
    columns(
      [
        card(
          'rate',
          said.rate,
          make(
            'p',
            { class: 'legend', 'aria-hidden': 'true' },
            make('span', { class: 'claimed' }, said.claimed),
            make('span', { class: 'refused' }, said.refused),
          ),
          rate,
          details,
        ),
        card('reasons', said.reasons, reasons),
      ],
      [card('funnel', said.funnel, funnel), tickerView(room)],
    ),
  ]
}
