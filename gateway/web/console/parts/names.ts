import { type Answer, withQuery } from '../api.ts'
import { hrefIn, type Room } from '../room.ts'
import type { PageName } from '../route.ts'
import type { FleetDevice, House, Person } from '../shapes.ts'
import { link } from './controls.ts'

/** What to call an account. */
export const personText = ({ email, phone, name, id }: Person): string =>
  email ?? phone ?? name ?? id

/** Names that one page asks for; what is more is called by the beginning of its id. */
const MOST = 200
const SHORT = 8

/** Links to what is known by its id, with its name as soon as that is there. */
export const createNames = (room: Room) => {
  const { api, project, signal } = room
  const known = new Map<string, Promise<string | undefined>>()

  const ask = async <T>(path: string, nameOf: (body: T) => string): Promise<string | undefined> => {
    const answer: Answer<T> = await api.get<T>(path)
    return answer.ok ? nameOf(answer.body) : undefined
  }

  const named = (page: PageName, id: string, look: () => Promise<string | undefined>) => {
    const element = link(hrefIn(room, page, id), `${id.slice(0, SHORT)}…`)
    if (!known.has(id) && known.size >= MOST) return element
    const name = known.get(id) ?? look()
    known.set(id, name)
    void name.then((text) => {
      if (text !== undefined && !signal.aborted) element.textContent = text
    })
    return element
  }

  const pathOf = (place: string, id: string) =>
    withQuery(`/${place}/${encodeURIComponent(id)}`, { project })
  return {
    person: (id: string) =>
      named('accounts', id, () => ask<Person>(pathOf('users', id), personText)),
    home: (id: string) =>
      named('homes', id, () => ask<House>(pathOf('project-homes', id), ({ name }) => name)),
    device: (id: string) =>
      named('devices', id, () =>
        ask<FleetDevice>(`/fleet/${encodeURIComponent(id)}`, ({ name }) => name),
      ),
  }
}

export type Names = ReturnType<typeof createNames>
