import { hearing, make } from '../../widget/dom.ts'
import { withQuery } from '../api.ts'
import { withLabels } from '../later.ts'
import { hear } from '../live.ts'
import { act, badge, choices, code, field, link } from '../parts/controls.ts'
import { emptyView, failureView, skeleton } from '../parts/said.ts'
import { type Column, tableOf } from '../parts/table.ts'
import { hrefIn, type Room, type View } from '../room.ts'
import type { FleetDevice, Page } from '../shapes.ts'
import { type Choice, createChoice } from './chosen.ts'

const STATES = ['all', 'claimed', 'unclaimed', 'window', 'connected'] as const
type State = (typeof STATES)[number]

const AT_ONCE = 50
/** While a state is looked for, so many pages are asked for before a person is asked whether to go on. */
const MOST_LOOKS = 200
/** How long somebody may stop typing before it is looked for, ms. */
const PAUSE_MS = 200

/** Who has it, as its maker knows him. */
export const ownerText = ({ home, owner }: FleetDevice): string | undefined =>
  home?.email ?? home?.name ?? owner

/** Whether it is there. */
export const connectionBadge = ({ words }: Pick<Room, 'words'>, { connected }: FleetDevice) =>
  badge(connected ? words.devices.connected : words.devices.away, connected ? 'good' : 'plain')

const columnsOf = (room: Room, choice: Choice): readonly Column<FleetDevice>[] => {
  const { words, format } = room
  const { devices: said } = words
  return [
    { head: said.choose, look: 'choose', cell: choice.boxOf },
    {
      head: said.name,
      isMain: true,
      look: 'name',
      cell: ({ id, name }) => link(hrefIn(room, 'devices', id), name),
    },
    { head: said.class, cell: ({ deviceClass }) => deviceClass },
    {
      head: said.owner,
      look: 'name',
      cell: (device) => {
        const owner = ownerText(device)
        if (owner === undefined || device.home === undefined) return owner ?? said.nobody
        return link(hrefIn(room, 'homes', device.home.id), owner)
      },
    },
    { head: said.connection, cell: (device) => connectionBadge(room, device) },
    {
      head: said.window,
      cell: ({ window }) => window && badge(said.open, 'wait'),
    },
    { head: said.epoch, look: 'number', cell: ({ epoch }) => code(format.number(epoch)) },
    {
      head: said.seen,
      cell: ({ connected, connectedAt, disconnectedAt }) =>
        connected ? words.now : format.ago(disconnectedAt ?? connectedAt),
    },
  ]
}

/** One way through the list: what is looked for, and what has been found so far. */
const createList = (
  room: Room,
  choice: Choice,
  search: string,
  state: State,
  isOver: () => boolean,
) => {
  const { api, words } = room
  const { devices: said } = words
  const table = tableOf(words.pages.devices, columnsOf(room, choice), ({ id }: FleetDevice) => id)
  const status = make('p', { class: 'status', role: 'status' })
  const foot = make('div', { class: 'foot' })
  const element = make('div', { class: 'card table-card' }, skeleton(room, 8), foot)

  const show = (next: string | undefined, isFar: boolean): void => {
    choice.draw()
    status.textContent = said.shown(table.size())
    if (table.size() > 0) element.replaceChildren(table.element, foot)
    else if (next === undefined)
      element.replaceChildren(
        emptyView(search === '' && state === 'all' ? said.empty : said.nothing),
      )
    const word = isFar ? said.further : words.more
    const more = next === undefined ? undefined : act(word, () => void load(next))
    foot.replaceChildren(...(more === undefined ? [] : [more]))
  }

  const load = async (from?: string): Promise<void> => {
    element.setAttribute('aria-busy', 'true')
    const wanted = table.size() + AT_ONCE
    let after = from
    let isFar = false
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const answer = await api.get<Page<FleetDevice>>(
        withQuery('/fleet', {
          ...{ project: room.project, search, after },
          state: state === 'all' ? undefined : state,
          limit: String(wanted - table.size()),
        }),
      )
      if (isOver()) return
      if (!answer.ok) {
        element.removeAttribute('aria-busy')
        foot.replaceChildren(failureView(room, answer.failure, () => void load(after)))
        if (table.size() === 0) element.replaceChildren(foot)
        return
      }
      for (const device of answer.body.items) table.put(device)
      after = answer.body.next
      if (after === undefined || table.size() >= wanted) break
      isFar = true
      status.textContent = said.looking
    }
    element.removeAttribute('aria-busy')
    show(after, isFar && table.size() < wanted)
  }

  /** Draws a device again, if it is in the list. */
  const refresh = async (id: string): Promise<void> => {
    if (!table.has(id)) return
    const answer = await api.get<FleetDevice>(`/fleet/${encodeURIComponent(id)}`)
    if (answer.ok && !isOver()) table.put(answer.body)
  }

  choice.begin()
  void load()
  return { element, status, refresh }
}

/** All devices of a project, however many: found by any of their names, filtered by state. */
export const devices: View = (room) => {
  const { words, route, signal } = room
  const { devices: said } = words
  let state = STATES.find((one) => one === route.query.get('state')) ?? 'all'
  let round = 0
  let present: ReturnType<typeof createList> | undefined
  const place = make('div', { class: 'list' })
  const statusPlace = make('div', { class: 'status-place' })
  const search = field({
    id: 'search',
    type: 'search',
    label: said.search,
    hint: said.searchHint,
    value: route.query.get('search') ?? '',
  })

  const list = make('div', { class: 'column' })
  const labels = make('div', { class: 'column', hidden: true })
  let printing = new AbortController()
  signal.addEventListener('abort', () => printing.abort())

  /** Takes the place of the list until one goes back. Whatever it shows is gone then. */
  const print = (chosen: readonly FleetDevice[]): void => {
    printing = new AbortController()
    const title = make('h1', { tabindex: '-1' }, said.labelsTitle(chosen.length))
    const back = act(said.back, () => {
      printing.abort()
      labels.replaceChildren()
      labels.hidden = true
      list.hidden = false
      choice.focus()
    })
    labels.append(
      make('div', { class: 'head' }, title, back),
      withLabels({ ...room, signal: printing.signal }, (part) =>
        part.labelsFor({ ...room, signal: printing.signal }, chosen),
      ),
    )
    list.hidden = true
    labels.hidden = false
    title.focus()
  }
  const choice = createChoice(room, print)

  const look = (): void => {
    round += 1
    const mine = round
    const text = search.input.value.trim()
    present = createList(room, choice, text, state, () => signal.aborted || mine !== round)
    place.replaceChildren(present.element)
    statusPlace.replaceChildren(present.status)
    const query = { search: text, state: state === 'all' ? undefined : state }
    room.go(hrefIn(room, 'devices', undefined, query), true)
  }

  let timer: ReturnType<typeof setTimeout> | undefined
  hearing(search.input, {
    input: () => {
      clearTimeout(timer)
      timer = setTimeout(look, PAUSE_MS)
    },
  })
  signal.addEventListener('abort', () => clearTimeout(timer))
  void hear(room.api, {
    project: room.project,
    signal,
    onState: () => undefined,
    onEvent: ({ subject }) => {
      if (subject !== undefined) void present?.refresh(subject)
    },
  })
  look()
  const states = choices<State>(
    'state',
    said.state,
    STATES.map((value) => ({ value, text: said.states[value] })),
    state,
    (chosen) => {
      state = chosen
      look()
    },
  )
  list.append(
    make(
      'div',
      { class: 'head' },
      make('h1', { tabindex: '-1' }, words.pages.devices),
      statusPlace,
    ),
    make(
      'form',
      { class: 'filters', role: 'search', 'aria-label': said.search },
      search.element,
      states,
    ),
    choice.element,
    place,
  )
  return [list, labels]
}
