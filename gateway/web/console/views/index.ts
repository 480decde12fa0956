import { make } from '../../widget/dom.ts'
import { link } from '../parts/controls.ts'
import { hrefIn, type View } from '../room.ts'
import type { Route } from '../route.ts'
import { account } from './account.ts'
import { accounts } from './accounts.ts'
import { device } from './device.ts'
import { devices } from './devices.ts'
import { home } from './home.ts'
import { homes } from './homes.ts'
import { importPage } from './import.ts'
import { keys } from './keys.ts'
import { overview } from './overview.ts'
import { policy } from './policy.ts'
import { projects } from './projects.ts'

const unknown: View = (room) => [
  make('div', { class: 'head' }, make('h1', { tabindex: '-1' }, room.words.unknown.title)),
  make('p', { class: 'lead' }, room.words.unknown.text),
  make('p', {}, link(hrefIn(room, 'overview'), room.words.unknown.back)),
]

/** One row for each page. */
export const VIEWS: Readonly<Record<Route['page'], View>> = {
  ...{ overview, devices, accounts, homes, policy, keys, projects },
  ...{ device, account, home, unknown, import: importPage },
}
