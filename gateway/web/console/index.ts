import { keepLanguage, languagesOf } from '../page/language.ts'
import { createSession } from '../page/session.ts'
import { signInView } from '../page/sign-in.ts'
import { pageWordsIn } from '../page/words.ts'
import { hearing, make } from '../widget/dom.ts'
import type { Notice } from '../widget/notice.ts'
import { createApi } from './api.ts'
import { createFormat } from './format.ts'
import { watchIdle } from './idle.ts'
import { act } from './parts/controls.ts'
import { openDialog } from './parts/dialog.ts'
import { failureView } from './parts/said.ts'
import type { Room } from './room.ts'
import { hrefOf, type Route, routeOf } from './route.ts'
import type { Page, Project } from './shapes.ts'
import { place, showShell } from './shell.ts'
import { VIEWS } from './views/index.ts'
import type { Saying, Words } from './words.ts'
import { de } from './words-de.ts'
import { en } from './words-en.ts'

const WARN_AFTER_MS = 15 * 60_000
const END_AFTER_MS = 60_000
const TOLD_MS = 5000
const FORGOTTEN = '/latchkey/reset-password'

const LANGUAGES: readonly Words[] = [en, de]
const wordsIn = (tags: readonly string[]): Words =>
  tags
    .map((tag) => LANGUAGES.find(({ lang }) => lang === tag.toLowerCase().split('-')[0]))
    .find((words) => words !== undefined) ?? en

const session = createSession(sessionStorage, undefined)
const api = createApi({ token: () => session.account()?.token, onOver: () => end(words.over) })
const draft = { email: '', isNew: false }
let words = wordsIn(languagesOf(new URLSearchParams(location.search)))
let projects: readonly Project[] | undefined
let publicUrl = location.origin
/** What is shown: ended by what is shown next. */
let shown = new AbortController()

const route = (): Route => routeOf(new URL(location.href))

const tell = (text: string): void => {
  const told = place('told')
  told.textContent = text
  setTimeout(() => {
    if (told.textContent === text) told.textContent = ''
  }, TOLD_MS)
}

const named = (title: string): void => {
  document.title = `${title} · Latchkey`
}

/** Takes the place of what was shown. */
const begin = (): AbortSignal => {
  shown.abort()
  shown = new AbortController()
  const project = route().query.get('project') ?? undefined
  showShell({
    ...{ words, projects, project, route: route() },
    email: session.account()?.email,
    onProject: (chosen) => {
      const { page, ...rest } = route()
      const list = 'in' in rest ? rest.in : page === 'unknown' ? 'overview' : page
      go(hrefOf(list as Parameters<typeof hrefOf>[0], undefined, { project: chosen }))
    },
    onSignOut: () => {
      void session.signOut()
      leave()
    },
  })
  return shown.signal
}

const showSignIn = (notice?: Notice): void => {
  begin()
  const pageWords = pageWordsIn([words.lang])
  named(pageWords.signIn)
  const card = make(
    'div',
    { class: 'card sign-in' },
    ...signInView({
      words: { ...pageWords, signInText: words.signInText },
      ...{ session, draft, notice, forgotten: FORGOTTEN },
      subject: undefined,
      maySignUp: false,
      onIn: () => void enter(true),
      again: showSignIn,
    }),
  )
  place('main').replaceChildren(make('h1', { class: 'unseen' }, words.console), card)
  card.querySelector('input')?.focus()
}

const leave = (notice?: Notice): void => {
  idle.stop()
  projects = undefined
  session.forget()
  showSignIn(notice)
}

/** The session is over, and why. */
const end = ([title, text]: Saying): void => {
  if (session.account() !== undefined) leave({ tone: 'bad', title, text })
}

const showRefusal = (): void => {
  begin()
  named(words.refused.title)
  place('main').replaceChildren(
    make(
      'div',
      { class: 'card refusal' },
      make('h1', { tabindex: '-1' }, words.refused.title),
      make('p', {}, words.refused.text(session.account()?.email ?? '')),
      make('p', {}, make('a', { class: 'main button', href: '/claim' }, words.refused.claim)),
    ),
  )
}

/** Draws the page of this address. `isMoved`: the reader goes to its title. */
const show = (isMoved: boolean): void => {
  if (session.account() === undefined) showSignIn()
  if (session.account() === undefined || projects === undefined) return
  const present = route()
  const signal = begin()
  named(
    'in' in present
      ? words.pages[present.in]
      : present.page === 'unknown'
        ? words.unknown.title
        : words.pages[present.page as keyof Words['pages']],
  )
  const room: Room = {
    ...{ api, words, projects, publicUrl, signal, go, tell, named },
    format: createFormat(words),
    route: present,
    project: present.query.get('project') ?? undefined,
    again: () => show(false),
  }
  place('main').replaceChildren(...VIEWS[present.page](room))
  if (!isMoved) return
  scrollTo(0, 0)
  place('main').querySelector('h1')?.focus({ preventScroll: true })
}

const go = (href: string, isQuiet = false): void => {
  if (isQuiet) {
    history.replaceState(null, '', href)
    return
  }
  const { pathname, search } = location
  if (`${pathname}${search}` !== href) history.pushState(null, '', href)
  // A project that has just been founded is one more.
  if (route().page === 'projects') return void enter(true)
  show(true)
}

/** Asks what this account may look into, then shows it. */
const enter = async (isMoved: boolean): Promise<void> => {
  const [answer] = await Promise.all([api.get<Page<Project>>('/projects'), settled])
  if (session.account() === undefined) return
  if (answer.ok) {
    projects = answer.body.items
    idle.start()
    return show(isMoved)
  }
  if (answer.failure.kind === 'refused' && answer.failure.status === 403) return showRefusal()
  begin()
  place('main').replaceChildren(
    make('h1', { class: 'unseen' }, words.console),
    failureView({ words }, answer.failure, () => void enter(isMoved)),
  )
}

const idle = watchIdle({
  warnAfterMs: WARN_AFTER_MS,
  endAfterMs: END_AFTER_MS,
  onWarn: () =>
    openDialog(
      { signal: shown.signal },
      words.idle.title,
      (close) => [
        make('p', {}, words.idle.text),
        make('div', { class: 'buttons' }, act(words.idle.stay, close, 'main')),
      ],
      () => idle.stay(),
    ),
  onEnd: () => end(words.idle.over),
})

/** Whether a click goes to another page of the console, and not to a new tab. */
const targetOf = (event: MouseEvent): string | undefined => {
  const anchor = event.target instanceof Element ? event.target.closest('a') : null
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey
  if (anchor === null || !isPlain || event.altKey || anchor.origin !== location.origin) return
  if (!/^\/console(\/|$)/.test(anchor.pathname) || anchor.id === 'skip') return
  return anchor.pathname + anchor.search
}

document.addEventListener('click', (event) => {
  const target = targetOf(event)
  if (target === undefined) return
  event.preventDefault()
  go(target)
})
hearing(place('skip'), {
  click: (event) => {
    event.preventDefault()
    place('main').focus()
  },
})
globalThis.addEventListener('popstate', () => show(true))
hearing(place('language'), {
  click: () => {
    words = wordsIn([words.other.lang])
    keepLanguage(words.lang)
    if (session.account() !== undefined && projects === undefined) void enter(false)
    else show(false)
  },
})

/** What is printed leads there, so nothing is shown before that is known. */
const settled = fetch('/console.json')
  .then((reply) => reply.json())
  .then((settings: { readonly publicUrl?: string }) => {
    publicUrl = settings.publicUrl ?? publicUrl
  })
  .catch(() => undefined)
if (session.account() === undefined) showSignIn()
else void enter(false)
