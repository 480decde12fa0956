import { make } from '../../widget/dom.ts'
import { type Answer, withQuery } from '../api.ts'
import { card, columns } from '../parts/card.ts'
import { act, badge, code, link } from '../parts/controls.ts'
import { confirmed } from '../parts/dialog.ts'
import { personText } from '../parts/names.ts'
import { awaited, failureView } from '../parts/said.ts'
import { facts } from '../parts/table.ts'
import { hrefIn, type Room, type View } from '../room.ts'
import type { PersonStory } from '../shapes.ts'

const openView = ({ words, format }: Room, { open }: PersonStory): HTMLElement => {
  const { account: said } = words
  const row = (name: string, ends: readonly string[]) => {
    const [first] = ends
    const text = make('span', {}, said.count(ends.length))
    if (first !== undefined) text.append(`, ${said.ends} `, format.ago(first))
    return [name, text] as const
  }
  return facts([
    row(said.links, open.links),
    row(said.codes, open.codes),
    row(said.tokens, open.provisioningTokens),
  ])
}

const homesView = (room: Room, { homes, home: own }: PersonStory): HTMLElement =>
  make(
    'ul',
    { class: 'plain-list' },
    ...homes.map(({ id, name }) =>
      make(
        'li',
        {},
        link(hrefIn(room, 'homes', id), name),
        id === own ? badge(room.words.account.lives, 'plain') : undefined,
      ),
    ),
  )

const actsOf = (room: Room, person: PersonStory): HTMLElement => {
  const { api, words } = room
  const { account: said } = words
  const trouble = make('div', { class: 'place' })
  const who = personText(person)
  const path = (what: string) =>
    withQuery(`/users/${encodeURIComponent(person.id)}/${what}`, { project: room.project })
  const settle = (answer: Answer<unknown>, done: string): void => {
    if (room.signal.aborted) return
    trouble.replaceChildren(...(answer.ok ? [] : [failureView(room, answer.failure)]))
    if (!answer.ok) return
    room.tell(done)
    room.again()
  }
  const setClaiming = async (claimDevices: boolean): Promise<void> => {
    const question = {
      title: said.withholdTitle(who),
      text: said.withholdText,
      action: said.withhold,
    }
    if (!claimDevices && !(await confirmed(room, question))) return
    const answer = await api.put(path('grants'), { claimDevices })
    settle(answer, claimDevices ? said.done.allowed : said.done.withheld)
  }
  const signOut = async (): Promise<void> => {
    const question = { title: said.signOutTitle(who), text: said.signOutText, action: said.signOut }
    if (await confirmed(room, question))
      settle(await api.remove(path('sessions')), said.done.signedOut)
  }
  return make(
    'div',
    {},
    make(
      'div',
      { class: 'acts' },
      person.claimDevices
        ? act(said.withhold, () => void setClaiming(false), 'quiet risky')
        : act(said.allow, () => void setClaiming(true)),
      act(said.signOut, () => void signOut(), 'quiet risky'),
    ),
    trouble,
  )
}

/** One account: its homes, what it has open, and what a maker can do about it. */
export const account: View = (room) => {
  const { api, words, format, route } = room
  const { account: said, accounts } = words
  const id = 'id' in route ? route.id : ''
  const title = make('h1', { tabindex: '-1', class: 'device-name' }, '\u00a0')
  const path = withQuery(`/users/${encodeURIComponent(id)}`, { project: room.project })
  return [
    make('p', { class: 'back' }, link(hrefIn(room, 'accounts'), said.back)),
    make('div', { class: 'head' }, title),
    awaited(
      room,
      8,
      () => api.get<PersonStory>(path),
      (person) => {
        title.textContent = personText(person)
        room.named(personText(person))
        return [
          columns(
            [
              card(
                'facts',
                said.facts,
                facts([
                  [accounts.role, accounts.roles[person.role]],
                  [
                    accounts.mayClaim,
                    badge(
                      person.claimDevices ? words.yes : words.no,
                      person.claimDevices ? 'good' : 'bad',
                    ),
                  ],
                  [accounts.verified, person.verified ? words.yes : words.no],
                  [accounts.created, format.exact(person.createdAt)],
                  [words.device.id, code(person.id)],
                ]),
              ),
              card('homes', said.homes, homesView(room, person)),
            ],
            [
              card('acts', words.acts.title, actsOf(room, person)),
              card(
                'open',
                said.open,
                make('p', { class: 'quiet-text' }, said.openText),
                openView(room, person),
              ),
            ],
          ),
        ]
      },
    ),
  ]
}
