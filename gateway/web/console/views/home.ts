import { make } from '../../widget/dom.ts'
import { withQuery } from '../api.ts'
import { card, columns } from '../parts/card.ts'
import { badge, link } from '../parts/controls.ts'
import { awaited } from '../parts/said.ts'
import { hrefIn, type Room, type View } from '../room.ts'
import type { HouseStory } from '../shapes.ts'

const listOr = (items: readonly HTMLElement[], empty: string): HTMLElement =>
  items.length === 0
    ? make('p', { class: 'quiet-text' }, empty)
    : make('ul', { class: 'plain-list' }, ...items)

const membersOf = (room: Room, { members }: HouseStory): HTMLElement =>
  listOr(
    members.map(({ user, email, name, role, joinedAt }) =>
      make(
        'li',
        {},
        link(hrefIn(room, 'accounts', user), email ?? name ?? user),
        badge(role === 'owner' ? room.words.homes.owner : room.words.homes.member, 'plain'),
        room.format.day(joinedAt),
      ),
    ),
    room.words.homes.noMembers,
  )

const devicesOf = (room: Room, { devices }: HouseStory): HTMLElement =>
  listOr(
    devices.map(({ id, name, epoch }) =>
      make(
        'li',
        {},
        link(hrefIn(room, 'devices', id), name),
        badge(room.words.device.epochOf(epoch), 'plain'),
      ),
    ),
    room.words.homes.noDevices,
  )

/** One home: who is in it, and what it owns. */
export const home: View = (room) => {
  const { api, words, route } = room
  const { homes: said } = words
  const id = 'id' in route ? route.id : ''
  const title = make('h1', { tabindex: '-1', class: 'device-name' }, '\u00a0')
  const path = withQuery(`/project-homes/${encodeURIComponent(id)}`, { project: room.project })
  return [
    make('p', { class: 'back' }, link(hrefIn(room, 'homes'), said.back)),
    make('div', { class: 'head' }, title),
    awaited(
      room,
      6,
      () => api.get<HouseStory>(path),
      (house) => {
        title.textContent = house.name
        room.named(house.name)
        return [
          columns(
            [card('devices', said.devices, devicesOf(room, house))],
            [card('members', said.members, membersOf(room, house))],
          ),
        ]
      },
    ),
  ]
}
