import { hearing, make } from '../widget/dom.ts'
import '../widget/index.ts'
import type { Notice } from '../widget/notice.ts'
import { keepLanguage, languagesOf } from './language.ts'
import { resetPath } from './paths.ts'
import { asksForSignUp, createSession } from './session.ts'
import { signInView } from './sign-in.ts'
import { type PageWords, pageWordsIn } from './words.ts'

/** The place of that id in `claim.html`. */
const place = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no place ${id}`)
  return found
}

const query = new URLSearchParams(location.search)
const project = query.get('project') ?? undefined
const session = createSession(sessionStorage, project)
const draft = { email: '', isNew: false }
const element = document.createElement('latchkey-claim')
let maySignUp = false
let words: PageWords = pageWordsIn(languagesOf(query))
const forgotten = resetPath(project)

const showHero = (): void => {
  document.documentElement.lang = words.lang
  document.title = words.title
  place('title').textContent = words.title
  place('lead').textContent = words.lead
  place('steps').replaceChildren(
    ...words.steps.map(([name, text]) =>
      make('li', {}, make('strong', {}, name), make('span', {}, text)),
    ),
  )
  place('language').textContent = words.other.name
  place('language').lang = words.other.lang
}

const showAccount = (): void => {
  const account = session.account()
  const out = hearing(make('button', { type: 'button', class: 'link' }, words.signOut), {
    click: () => {
      void session.signOut()
      element.reset()
      show()
    },
  })
  place('account').replaceChildren(
    ...(account === undefined ? [] : [make('span', { class: 'who' }, account.email), out]),
  )
}

const showSignIn = (notice?: Notice): void => {
  const form = place('sign-in')
  const hadFocus = form.contains(document.activeElement)
  const onIn = () => {
    show()
    element.focus()
  }
  const { subject } = element
  const again = (told?: Notice) => showSignIn(told)
  form.replaceChildren(
    ...signInView({ words, session, subject, draft, maySignUp, forgotten, notice, onIn, again }),
  )
  if (hadFocus || notice !== undefined) form.querySelector('input')?.focus()
}

/** The form to sign in, or the element: the element stays, with what stands in it. */
const show = (notice?: Notice): void => {
  const isIn = session.account() !== undefined
  showHero()
  showAccount()
  element.lang = words.lang
  element.hidden = !isIn
  place('sign-in').hidden = isIn
  if (isIn) place('sign-in').replaceChildren()
  else showSignIn(notice)
}

element.toggleAttribute('read-fragment', true)
element.getToken = async () => session.account()?.token
hearing(element, {
  'latchkey-signed-out': () => {
    session.forget()
    const [title, text] = words.over
    show({ tone: 'bad', title, text })
  },
})
hearing(place('language'), {
  click: () => {
    words = pageWordsIn([words.other.lang])
    keepLanguage(words.lang)
    show()
  },
})
// A label that is opened in this tab, while the form to sign in is shown, is named there.
globalThis.addEventListener('hashchange', () => show())

place('card').append(element)
show()
void asksForSignUp(project).then((may) => {
  maySignUp = may
  if (session.account() === undefined) showSignIn()
})
