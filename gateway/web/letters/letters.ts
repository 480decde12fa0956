import { keepLanguage, languagesOf } from '../page/language.ts'
import { pageWordsIn } from '../page/words.ts'
import { hearing, make } from '../widget/dom.ts'
import { letterWordsIn } from './languages.ts'
import { KINDS, look } from './server.ts'
import type { Step } from './steps.ts'
import { projectOf, takeToken } from './token.ts'
import { doneView, failedView, forgottenView, openView, type Room } from './views.ts'

/** The place of that id in `letters.html`. */
const place = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no place ${id}`)
  return found
}

const query = new URLSearchParams(location.search)
const kind = KINDS.find((name) => location.pathname.includes(name)) ?? 'verify-email'
const draft = { email: '', name: '' }
// In memory alone: a page that is loaded anew needs its letter again.
let token = takeToken()
let page = pageWordsIn(languagesOf(query))
let step: Step = { kind: 'looking' }

const viewOf = (room: Room): readonly HTMLElement[] => {
  switch (step.kind) {
    case 'looking':
      return [make('p', { class: 'intro' }, room.words.looking)]
    case 'forgotten':
      return forgottenView(room)
    case 'open':
      return openView(room, step.letter)
    case 'done':
      return doneView(room, step)
    case 'failed':
      return failedView(room, step.failure)
  }
}

const isAboutForgotten = () =>
  step.kind === 'forgotten' || (step.kind === 'done' && step.of === 'forgotten')

const show = (): void => {
  const words = letterWordsIn(page.lang)
  const { heading, lead } = words.asking[isAboutForgotten() ? 'forgotten' : kind]
  document.documentElement.lang = page.lang
  document.title = heading
  place('title').textContent = heading
  place('lead').textContent = lead
  place('language').textContent = page.other.name
  place('language').lang = page.other.lang
  const project = query.get('project') ?? (token === undefined ? undefined : projectOf(token))
  const mayAskAnew = kind === 'reset-password'
  place('view').replaceChildren(
    ...viewOf({ page, words, draft, project, mayAskAnew, go, look: begin }),
  )
}

/** Shows another step. The heading gets the keyboard, so that a screen reader says it. */
const go = (next: Step): void => {
  step = next
  show()
  place('view').querySelector('h2')?.focus()
}

const begin = (): void => {
  if (token === undefined) {
    // Who has forgotten his password comes here without a letter.
    step =
      kind === 'reset-password' ? { kind: 'forgotten' } : { kind: 'failed', failure: 'no-token' }
    show()
    return
  }
  const asked = token
  step = { kind: 'looking' }
  show()
  void look(kind, asked).then((looked) => {
    // Another link was opened meanwhile.
    if (asked !== token) return
    step =
      'failure' in looked
        ? { kind: 'failed', failure: looked.failure }
        : { kind: 'open', letter: looked }
    show()
  })
}

hearing(place('language'), {
  click: () => {
    page = pageWordsIn([page.other.lang])
    keepLanguage(page.lang)
    show()
  },
})
// A link of another letter, opened in this tab.
globalThis.addEventListener('hashchange', () => {
  token = takeToken() ?? token
  begin()
})

begin()
