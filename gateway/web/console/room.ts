import type { Api } from './api.ts'
import type { Format } from './format.ts'
import { hrefOf, type PageName, type Route } from './route.ts'
import type { Project } from './shapes.ts'
import type { Words } from './words.ts'

/** What every view is made of. */
export type Room = {
  readonly api: Api
  readonly words: Words
  readonly format: Format
  readonly route: Route
  /** The project that is looked at, as the address says it; absent: the maker's own. */
  readonly project: string | undefined
  readonly projects: readonly Project[]
  /** Where people scan what is printed. */
  readonly publicUrl: string
  /** Ends when the view is left. */
  readonly signal: AbortSignal
  /** Shows another address. `isQuiet`: it takes the place of this one, and nothing is drawn. */
  readonly go: (href: string, isQuiet?: boolean) => void
  /** Draws this address again. */
  readonly again: () => void
  /** Says what was done, to eyes and to screen readers. */
  readonly tell: (text: string) => void
  /** Says what the page is about, once that is known. */
  readonly named: (title: string) => void
}

/** What a page shows: it is drawn at once, and fills itself. */
export type View = (room: Room) => readonly HTMLElement[]

/** An address in the project that is looked at. */
export const hrefIn = (
  { project }: Pick<Room, 'project'>,
  page: PageName,
  id?: string,
  query: Readonly<Record<string, string | undefined>> = {},
): string => hrefOf(page, id, { project, ...query })

/** The project that is looked at. */
export const presentProject = ({ project, projects }: Pick<Room, 'project' | 'projects'>) =>
  project === undefined
    ? projects[0]
    : projects.find(({ id, name, number }) => [id, name, String(number)].includes(project))

/** The project whose claim page the codes of its devices lead to; absent: the default one, which is not named there. */
export const projectOnLabels = (room: Pick<Room, 'project' | 'projects'>): string | undefined => {
  const name = presentProject(room)?.name
  return name === 'default' ? undefined : name
}

/** Calls again and again while the view is shown and somebody could see it. */
export const every = (ms: number, { signal }: Pick<Room, 'signal'>, work: () => void): void => {
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') work()
  }, ms)
  signal.addEventListener('abort', () => clearInterval(timer))
}
