import { make } from '../../widget/dom.ts'
import { hear } from '../live.ts'
import { badge, code, link } from '../parts/controls.ts'
import { failureView, skeleton } from '../parts/said.ts'
import { facts } from '../parts/table.ts'
import { every, hrefIn, presentProject, type Room, type View } from '../room.ts'
import { hrefOf } from '../route.ts'
import type { CloudEvent, FleetDevice } from '../shapes.ts'
import { actsView } from './acts.ts'
import { commandsView } from './commands.ts'
import { connectionBadge, ownerText } from './devices.ts'
import { createStory } from './story.ts'
import { liveBadge } from './ticker.ts'

/** A window that opens tells nobody, so the device is looked at again this often, ms. */
const LOOK_MS = 3000

const badges = (room: Room, device: FleetDevice): readonly HTMLElement[] => {
  const { devices: said } = room.words
  const owner = ownerText(device)
  return [
    connectionBadge(room, device),
    badge(owner ?? said.nobody, owner === undefined ? 'plain' : 'good'),
    ...(device.window === undefined ? [] : [badge(said.states.window, 'wait')]),
  ]
}

const factsOf = (room: Room, device: FleetDevice): HTMLElement => {
  const { words, format } = room
  const { device: said, devices } = words
  const { window } = device
  const owner = ownerText(device)
  const windowText = window?.secret ? said.secretWindow : said.openWindow
  return facts([
    [
      devices.owner,
      device.home === undefined
        ? (owner ?? devices.nobody)
        : link(hrefIn(room, 'homes', device.home.id), owner ?? ''),
    ],
    [said.since, device.ownedSince && device.claimed ? format.exact(device.ownedSince) : undefined],
    [devices.epoch, code(format.number(device.epoch))],
    [
      devices.window,
      window &&
        make(
          'span',
          {},
          `${devices.open}, ${windowText}, ${said.until} `,
          format.exact(window.expiresAt),
        ),
    ],
    [said.boxKey, device.boxKey ? said.good : undefined],
    [
      devices.seen,
      device.connected ? words.now : format.ago(device.disconnectedAt ?? device.connectedAt),
    ],
    [said.claiming, device.claimingAllowed === false ? said.forbidden : undefined],
    [said.certificate, device.certificate ? said.registered : undefined],
    [said.kind, device.gateway ? said.gateway : undefined],
    [devices.class, device.deviceClass],
    [said.tag, device.tag],
    [said.project, device.project],
    [said.id, code(device.id)],
    [said.number, code(String(device.number))],
    [said.thingId, code(device.thingId)],
    [said.particle, device.ids?.particle && code(device.ids.particle)],
    [said.created, format.exact(device.createdAt)],
  ])
}

/** One device: its story, live, and what can be done with it. */
export const device: View = (room) => {
  const { api, words, route, signal } = room
  const { device: said } = words
  const id = 'id' in route ? route.id : ''
  const title = make('h1', { tabindex: '-1', class: 'device-name' }, '\u00a0')
  const strip = make('div', { class: 'badges' })
  const factPlace = make('div', {}, skeleton(room, 8))
  const actPlace = make('div', { class: 'act-place' })
  const live = liveBadge(room)
  const rest = make('div', { class: 'device' })
  let seen: FleetDevice | undefined

  const draw = (now: FleetDevice): void => {
    seen = now
    title.textContent = now.name
    room.named(now.name)
    strip.replaceChildren(...badges(room, now))
    factPlace.replaceChildren(factsOf(room, now))
    acts.draw(now)
    story.window(now)
  }

  const look = async (): Promise<void> => {
    const answer = await api.get<FleetDevice>(`/fleet/${encodeURIComponent(id)}`)
    if (signal.aborted) return
    if (answer.ok && !isHere(answer.body)) return move(answer.body)
    if (answer.ok) {
      const isFirst = seen === undefined
      // What did not change is not drawn again: somebody may be reading it.
      if (JSON.stringify(answer.body) !== JSON.stringify(seen)) draw(answer.body)
      if (isFirst) begin(answer.body)
    } else if (
      seen === undefined ||
      (answer.failure.kind === 'refused' && answer.failure.status === 404)
    ) {
      title.textContent = words.pages.devices
      rest.replaceChildren(failureView(room, answer.failure, room.again))
    }
  }

  /** Links on this page lead into the project of the device: so the address says it. */
  const isHere = ({ project }: FleetDevice): boolean =>
    presentProject(room)?.name === project || !room.projects.some(({ name }) => name === project)
  const move = ({ project }: FleetDevice): void => {
    const isOwn = room.projects[0]?.name === project
    room.go(hrefOf('devices', id, { project: isOwn ? undefined : project }), true)
    room.again()
  }

  const begin = ({ project }: FleetDevice): void => {
    story.load()
    void hear(api, {
      project,
      signal,
      onState: (state) => live.tell(state === 'open'),
      onEvent: (event: CloudEvent) => {
        if (event.subject !== seen?.id) return
        story.add(event)
        commands.hear(event)
        void look()
      },
    })
    every(LOOK_MS, room, () => {
      void look()
      void story.tries()
    })
  }

  const ref = () => seen?.id ?? id
  const story = createStory(room, ref)
  const commands = commandsView(room, ref)
  const acts = actsView(room, () => {
    void look()
    story.load()
  })
  actPlace.append(commands.element, acts.element)
  rest.append(
    make(
      'section',
      { class: 'card story-card', 'aria-labelledby': 'story' },
      make('div', { class: 'head' }, make('h2', { id: 'story' }, said.story), live.element),
      story.element,
    ),
    make(
      'div',
      { class: 'side' },
      make(
        'section',
        { class: 'card', 'aria-labelledby': 'facts' },
        make('h2', { id: 'facts' }, said.facts),
        factPlace,
      ),
      actPlace,
    ),
  )
  void look()
  return [
    make('p', { class: 'back' }, link(hrefIn(room, 'devices'), said.back)),
    make('div', { class: 'head' }, title, strip),
    rest,
  ]
}
