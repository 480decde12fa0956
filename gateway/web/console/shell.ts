import { hearing, make } from '../widget/dom.ts'
import { hrefOf, PAGES, type Route } from './route.ts'
import type { Project } from './shapes.ts'
import type { Words } from './words.ts'

/** The place of that id in `console.html`. */
export const place = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no place ${id}`)
  return found
}

type Shell = {
  readonly words: Words
  readonly route: Route
  /** Who is signed in. */
  readonly email: string | undefined
  /** Absent until they are known: then there is nothing to go to. */
  readonly projects: readonly Project[] | undefined
  readonly project: string | undefined
  readonly onProject: (project: string | undefined) => void
  readonly onSignOut: () => void
}

const showPages = ({ words, route, project, projects }: Shell): void => {
  const nav = place('pages')
  nav.hidden = projects === undefined
  nav.setAttribute('aria-label', words.navigation)
  const present = 'in' in route ? route.in : route.page
  nav.replaceChildren(
    make(
      'div',
      {},
      ...PAGES.map((page) =>
        make(
          'a',
          {
            href: hrefOf(page, undefined, { project }),
            'aria-current': page === present && 'page',
          },
          words.pages[page],
        ),
      ),
    ),
  )
  // On a narrow screen they stand in a row that may be longer than it: the present one is in sight.
  const here = nav.querySelector<HTMLElement>('[aria-current]')
  if (here !== null) nav.scrollLeft = here.offsetLeft - (nav.clientWidth - here.clientWidth) / 2
}

const showProject = ({ words, projects, project, onProject }: Shell): void => {
  const [own] = projects ?? []
  place('project').replaceChildren()
  if (projects === undefined || projects.length < 2 || own === undefined) return
  const present =
    projects.find(({ id, name, number }) => [id, name, String(number)].includes(project ?? '')) ??
    own
  const select = make(
    'select',
    { 'aria-label': words.project },
    ...projects.map(({ id, name }) =>
      make('option', { value: id, selected: id === present.id }, name),
    ),
  )
  hearing(select, {
    change: () => {
      const chosen = projects.find(({ id }) => id === select.value)
      onProject(chosen === undefined || chosen.id === own.id ? undefined : chosen.name)
    },
  })
  place('project').replaceChildren(select)
}

const showAccount = ({ words, email, onSignOut }: Shell): void => {
  place('account').replaceChildren()
  if (email === undefined) return
  const out = make(
    'button',
    { type: 'button', class: 'link', title: words.signOutText },
    words.signOut,
  )
  place('account').replaceChildren(
    make('span', { class: 'who', title: email }, email),
    hearing(out, { click: onSignOut }),
  )
}

/** What stands around every page. */
export const showShell = (shell: Shell): void => {
  const { words } = shell
  document.documentElement.lang = words.lang
  place('skip').textContent = words.skip
  place('language').textContent = words.other.name
  place('language').lang = words.other.lang
  showPages(shell)
  showProject(shell)
  showAccount(shell)
}
